"""The second dashboard: which bundles serve, what became of others, and whether they still fit."""

from dashboards.board import board, row
from dashboards.panels import Query, lines, no_limit, stat, table, up_to
from dashboards.promql import RECORDS, mean, or_zero, quantile, rate, series, total

SWAPS = "logtriage_model_swaps_total"
LAST_SWAP = "logtriage_model_last_swap_timestamp_seconds"
INFERENCE = "logtriage_inference_duration_seconds"
ENOUGH = ("yellow", (1000, "green"))
"""Under a thousand records an index of ten shares says little."""


def now():
    """The state of the bundles."""
    return row(
        "Now",
        4,
        (
            3,
            stat(
                "Bundles that serve",
                "Different bundles that the pods serve now.",
                "LogtriageDigestsDiffer",
                "none",
                ("red", (1, "green"), (2, "yellow")),
                Query(f"count(count by (digest) ({series('logtriage_model_info')}))"),
            ),
        ),
        (
            3,
            stat(
                "Pods on the stand-in",
                "Pods that serve the built-in bundle because the one that they should serve was refused. "
                "They forward every record.",
                "LogtriageStandIn",
                "none",
                up_to(1),
                Query(total(series("logtriage_stand_in"))),
            ),
        ),
        (
            3,
            stat(
                "Members left out",
                "Models that fail and are left out now, over all pods. The others judge alone.",
                "LogtriageDegraded",
                "none",
                up_to(1),
                Query(total(series("logtriage_member_degraded"))),
            ),
        ),
        (
            3,
            stat(
                "Refusals",
                "Bundles and changes that were refused since the pods started.",
                "LogtriageModelRefused",
                "none",
                ("green", (1, "yellow")),
                Query(or_zero(total(series("logtriage_model_rejections_total")))),
            ),
        ),
        (
            3,
            stat(
                "Oldest candidate",
                "How long a candidate has been looked at without being promoted or refused.",
                "LogtriageCandidateStuck",
                "s",
                up_to(60, 600),
                Query(f"max({series('logtriage_model_candidate_age_seconds')})"),
            ),
        ),
        (
            3,
            stat(
                "Pods pinned",
                "Pods that somebody rolled back by hand. They take nothing new until the source has "
                "another bundle or the pin is released.",
                "LogtriagePinned",
                "none",
                ("green", (1, "yellow")),
                Query(total(series("logtriage_model_pinned"))),
            ),
        ),
        (
            3,
            stat(
                "Since the last swap",
                "Time since a bundle was promoted or rolled back to.",
                "LogtriageCandidateStuck",
                "s",
                no_limit(),
                Query(f"time() - max({series(LAST_SWAP)} > 0)"),
                none="no swap yet",
            ),
        ),
        (
            3,
            stat(
                "Largest drift",
                "The largest population stability index of categories or scores. Below 0.1 what comes is "
                "like the training data, above 0.25 it is not.",
                "LogtriageDrift",
                "none",
                up_to(0.1, 0.25),
                Query(f"max({series('logtriage_drift_psi')})"),
                decimals=2,
            ),
        ),
    )


def versions():
    """Which pods serve what."""
    return row(
        "Versions across the pods",
        8,
        (
            12,
            lines(
                "Pods by version",
                "How many pods serve each version. A swap is a step from one colour to the next.",
                "LogtriageDigestsDiffer",
                "none",
                no_limit(),
                Query(
                    f"count by (name, version) ({series('logtriage_model_info')})",
                    "{{name}} {{version}}",
                ),
                stacked=True,
                steps=True,
            ),
        ),
        (
            12,
            table(
                "Bundles by pod",
                "The bundle that each pod serves now.",
                "LogtriageDigestsDiffer",
                no_limit(),
                Query(series("logtriage_model_info"), instant=True, table=True),
                {"pod": "Pod", "name": "Bundle", "version": "Version", "digest": "Digest"},
            ),
        ),
    )


def changes():
    """What became of what was offered."""
    return row(
        "Swaps and refusals",
        8,
        (
            8,
            lines(
                "Swaps, by result",
                "Bundles and changes of the site since the pods started, by what became of them. Counted "
                "and not rated, because they are few.",
                "LogtriageModelRefused",
                "none",
                no_limit(),
                Query(total(series(SWAPS), "result"), "{{result}}"),
                steps=True,
            ),
        ),
        (
            8,
            lines(
                "Refusals, by code",
                "Refusals since the pods started, by the code of their reason. The runbook says what each "
                "code asks for.",
                "LogtriageModelRefused",
                "none",
                no_limit(),
                Query(total(series("logtriage_model_rejections_total"), "code"), "{{code}}"),
                steps=True,
            ),
        ),
        (
            4,
            lines(
                "Time to load and prove",
                "Of the last swap, by pod. The budget is 250 ms; the old bundle serves meanwhile.",
                "LogtriageCandidateStuck",
                "s",
                up_to(0.25),
                Query(f"max by (pod) ({series('logtriage_model_load_seconds')})", "{{pod}}"),
                steps=True,
            ),
        ),
        (
            4,
            lines(
                "Age of the candidate",
                "How long a candidate has been looked at, by pod.",
                "LogtriageCandidateStuck",
                "s",
                up_to(600),
                Query(
                    f"max by (pod) ({series('logtriage_model_candidate_age_seconds')})", "{{pod}}"
                ),
            ),
        ),
    )


def drift():
    """Whether what comes is still what the bundle knows."""
    return row(
        "Drift from the training data",
        8,
        (
            6,
            lines(
                "Population stability",
                "The index of categories and of scores against the bundle's baseline, the largest of the "
                "pods. Below 0.1 alike, above 0.25 not.",
                "LogtriageDrift",
                "none",
                up_to(0.1, 0.25),
                Query(f"max by (signal) ({series('logtriage_drift_psi')})", "{{signal}}"),
            ),
        ),
        (
            6,
            lines(
                "Unknown tokens",
                "Share of the tokens that the vocabulary does not know, by pod. A new product writes "
                "words that the bundle has never seen.",
                "LogtriageDrift",
                "percentunit",
                up_to(0.5),
                Query(f"max by (pod) ({series('logtriage_drift_unknown_token_rate')})", "{{pod}}"),
                most=1,
            ),
        ),
        (
            6,
            lines(
                "Abstentions",
                "Share of the records on which a member gave no vote, the largest of the pods. The anomaly "
                "detector abstains on most; the classifier should not.",
                "LogtriageDrift",
                "percentunit",
                no_limit(),
                Query(
                    f"max by (member) ({series('logtriage_drift_abstention_rate')})",
                    "{{member}}",
                ),
                most=1,
            ),
        ),
        (
            6,
            lines(
                "Records in the window",
                "How many records the drift is measured on, by pod. Few records make a restless index.",
                "LogtriageDrift",
                "short",
                ENOUGH,
                Query(f"max by (pod) ({series('logtriage_drift_records')})", "{{pod}}"),
            ),
        ),
    )


def members():
    """How the models do."""
    degraded = rate("logtriage_verdict_flags_total", 'flag="degraded"')
    return row(
        "Members",
        8,
        (
            6,
            lines(
                "Members left out",
                "Pods on which a model fails and is left out, by member. It is tried again after 1 s, then "
                "after twice as long, up to a minute.",
                "LogtriageDegraded",
                "none",
                up_to(1),
                Query(total(series("logtriage_member_degraded"), "member"), "{{member}}"),
                steps=True,
            ),
        ),
        (
            6,
            lines(
                "Failed runs",
                "Runs of a model in a second that failed, by member. The log says why.",
                "LogtriageDegraded",
                "ops",
                up_to(0.001),
                Query(total(rate("logtriage_inference_errors_total"), "member"), "{{member}}"),
            ),
        ),
        (
            6,
            lines(
                "Records judged degraded",
                "Share of each pod's records that were judged without one of its members, or by a "
                "stand-in.",
                "LogtriageDegraded",
                "percentunit",
                up_to(0.01),
                Query(f"{total(degraded, 'pod')} / {total(RECORDS, 'pod')}", "{{pod}}"),
                most=1,
            ),
        ),
        (
            6,
            lines(
                "Size of the models",
                "Bytes of each member's graph, the largest of the pods.",
                "LogtriageMemoryNearLimit",
                "bytes",
                no_limit(),
                Query(f"max by (member) ({series('logtriage_model_size_bytes')})", "{{member}}"),
                steps=True,
            ),
        ),
        (
            8,
            lines(
                "Time of a run, mean",
                "Mean time of a run of a model over its batch, by member and engine.",
                "LogtriageLatencyBurnFast",
                "s",
                no_limit(),
                Query(mean(INFERENCE, "member", "engine"), "{{member}}, {{engine}}"),
            ),
        ),
        (
            8,
            lines(
                "Time of a run, p99",
                "99 of 100 runs of a model took at most this long, by member and engine.",
                "LogtriageLatencyBurnFast",
                "s",
                up_to(0.25),
                Query(quantile(0.99, INFERENCE, "member", "engine"), "{{member}}, {{engine}}"),
            ),
        ),
        (
            8,
            lines(
                "Feedback",
                "What people said of verdicts, in an hour: the category that was judged, then the one "
                "that is right. Critical or suspicious on the right of another is a miss.",
                "LogtriageDrift",
                "none",
                no_limit(),
                Query(
                    f"{total(rate('logtriage_feedback_total'), 'judged', 'correct')} * 3600",
                    "{{judged}}, should be {{correct}}",
                ),
                Query(
                    f"{total(rate('logtriage_feedback_rejected_total'), 'reason')} * 3600",
                    "refused: {{reason}}",
                ),
            ),
        ),
    )


def made():
    """The dashboard."""
    return board(
        "models",
        "logtriage: models",
        "Which bundles serve, what became of those that were offered, and whether they still fit.",
        [now(), versions(), changes(), drift(), members()],
    )
