"""The first dashboard: are logs judged, how fast, by which bundle, and is anything lost?"""

from dashboards.board import board, row
from dashboards.panels import Query, at_least, lines, no_limit, stat, table, up_to
from dashboards.promql import (
    RECORDS,
    REQUESTS,
    answered,
    flagged,
    or_zero,
    quantile,
    rate,
    recorded,
    series,
    share,
    total,
)

LATENCY = "logtriage_http_request_duration_seconds"
JUDGED_ROUTES = ('route=~"classify|older_.+"',)


def forwarded(metric):
    """The part of a counter of records or bytes that must reach the SIEM, in a second."""
    return rate(metric, 'forward="true"')


def kept_back(metric):
    """The share that need not reach the SIEM."""
    return f"1 - {share(forwarded(metric), rate(metric))}"


def now():
    """What one look must tell."""
    ready = f"min by (pod) ({series('logtriage_ready')}) == 1"
    return row(
        "Now",
        4,
        (
            3,
            stat(
                "Records judged",
                "Records judged in a second, by all pods of the choice.",
                "LogtriageNothingJudged",
                "cps",
                at_least(0.001),
                Query(total(RECORDS)),
            ),
        ),
        (
            3,
            stat(
                "Pods ready",
                "Pods that are ready, and pods that are scraped. A pod is ready where each of its "
                "conditions holds.",
                "LogtriagePodDown",
                "none",
                at_least(1),
                Query(or_zero(f"count({ready})"), "ready"),
                Query(f"count({series('logtriage_build_info')})", "scraped"),
            ),
        ),
        (
            3,
            stat(
                "Latency, p99",
                "99 of 100 requests for verdicts were answered within this time. Promised: 250 ms.",
                "LogtriageLatencyBurnFast",
                "s",
                up_to(0.25, 1),
                Query(quantile(0.99, LATENCY, where=JUDGED_ROUTES)),
            ),
        ),
        (
            3,
            stat(
                "Errors",
                "Share of the requests that were answered with 5xx. Promised: at most 0.1 % in a month.",
                "LogtriageAvailabilityBurnFast",
                "percentunit",
                up_to(0.001, 0.01),
                Query(share(answered("5.."), REQUESTS)),
                decimals=2,
            ),
        ),
        (
            3,
            stat(
                "Turned away",
                "Share of the requests that were answered with 429 because more came than can be "
                "judged. Nothing of them was accepted; senders come back with them.",
                "LogtriageOverloaded",
                "percentunit",
                up_to(0.01, 0.05),
                Query(share(answered("429"), REQUESTS)),
                decimals=2,
            ),
        ),
        (
            3,
            stat(
                "Forwarded unjudged",
                "Share of the records that were forwarded without a full judgement: past the deadline, "
                "or nothing could judge them.",
                "LogtriageFailOpen",
                "percentunit",
                up_to(0.001, 0.01),
                Query(share(flagged("fail_open|timeout"), RECORDS)),
                decimals=2,
            ),
        ),
        (
            3,
            stat(
                "Judged degraded",
                "Share of the records that were judged without a model that failed, or by the built-in "
                "bundle in place of a refused one.",
                "LogtriageDegraded",
                "percentunit",
                up_to(0.001, 0.01),
                Query(share(flagged("degraded"), RECORDS)),
                decimals=2,
            ),
        ),
        (
            3,
            stat(
                "Bundles that serve",
                "Different bundles that the pods serve now. More than one is normal for a minute or two "
                "of a swap.",
                "LogtriageDigestsDiffer",
                "none",
                ("red", (1, "green"), (2, "yellow")),
                Query(f"count(count by (digest) ({series('logtriage_model_info')}))"),
            ),
        ),
    )


def verdicts():
    """What is said of the records."""
    return row(
        "Verdicts",
        8,
        (
            8,
            lines(
                "Records by category",
                "Records judged in a second, by category.",
                "LogtriageNothingJudged",
                "cps",
                no_limit(),
                Query(total(RECORDS, "category"), "{{category}}"),
                stacked=True,
            ),
        ),
        (
            8,
            lines(
                "Kept from the SIEM",
                "Share of the records, and of the bytes of their messages, that need not reach the SIEM. "
                "The bytes are what its bill is made of. A sudden zero: everything is forwarded.",
                "LogtriageFailOpen",
                "percentunit",
                at_least(0.05),
                Query(kept_back("logtriage_records_total"), "of the records"),
                Query(kept_back("logtriage_record_bytes_total"), "of the bytes"),
                most=1,
            ),
        ),
        (
            8,
            lines(
                "Bytes in and on",
                "Bytes of messages that came in a second, and those of them that must reach the SIEM.",
                "LogtriageFailOpen",
                "Bps",
                no_limit(),
                Query(total(rate("logtriage_record_bytes_total")), "came"),
                Query(total(forwarded("logtriage_record_bytes_total")), "to be forwarded"),
            ),
        ),
        (
            12,
            lines(
                "What decided",
                "Verdicts in a second by what decided the category: the floor of a rule, that of a "
                "severity, the vote of the ensemble, or no vote at all.",
                "LogtriageDegraded",
                "cps",
                no_limit(),
                Query(total(rate("logtriage_verdict_reason_total"), "reason"), "{{reason}}"),
                stacked=True,
            ),
        ),
        (
            12,
            lines(
                "What else is true of the records",
                "Share of the records that carry each flag. low_confidence and compliance are ordinary; "
                "degraded, timeout and fail_open are not; truncated ones were longer than the limit.",
                "LogtriageFailOpen",
                "percentunit",
                up_to(0.01),
                Query(
                    f"{total(flagged('.+'), 'flag')} / ignoring (flag) group_left {total(RECORDS)}",
                    "{{flag}}",
                ),
            ),
        ),
    )


def requests():
    """How the answers are, against what is promised."""
    return row(
        "Requests",
        8,
        (
            8,
            lines(
                "Requests by status",
                "Requests for verdicts in a second, by status. 429 is overload, 503 the end of a pod, "
                "499 a client that went away.",
                "LogtriageAvailabilityBurnFast",
                "reqps",
                no_limit(),
                Query(total(REQUESTS, "code"), "{{code}}"),
                stacked=True,
            ),
        ),
        (
            8,
            lines(
                "Latency",
                "From the head of a request to the head of its answer. Promised: 99 % within 250 ms.",
                "LogtriageLatencyBurnFast",
                "s",
                up_to(0.25),
                *[
                    Query(quantile(q, LATENCY, where=JUDGED_ROUTES), f"p{round(q * 100)}")
                    for q in (0.5, 0.9, 0.99)
                ],
            ),
        ),
        (
            8,
            lines(
                "Burn of the budgets",
                "Errors and slow requests of the last hour, as multiples of what is allowed: at 1 the "
                "month's budget is just used up, at 14.4 it is gone in two days.",
                "LogtriageAvailabilityBurnSlow",
                "none",
                up_to(6, 14.4),
                Query(
                    f"{recorded('namespace_job:logtriage_request_errors:ratio_rate1h')} / 0.001",
                    "availability",
                ),
                Query(
                    f"{recorded('namespace_job:logtriage_slow_requests:ratio_rate1h')} / 0.01",
                    "latency",
                ),
            ),
        ),
    )


def losses():
    """Whatever was not judged, or not in full."""
    return row(
        "Is anything lost?",
        8,
        (
            8,
            lines(
                "Turned away, by reason",
                "Requests in a second that were refused before anything of them was accepted. They are "
                "lost only where a sender does not come back.",
                "LogtriageOverloaded",
                "reqps",
                no_limit(),
                Query(total(rate("logtriage_overload_total"), "reason"), "{{reason}}"),
            ),
        ),
        (
            8,
            lines(
                "Not judged in full",
                "Records in a second that were forwarded because of the deadline (timeout) or because "
                "nothing could judge them (fail_open), or judged on their first part (truncated).",
                "LogtriageFailOpen",
                "cps",
                no_limit(),
                Query(
                    total(flagged("timeout|fail_open|truncated"), "flag"),
                    "{{flag}}",
                ),
            ),
        ),
        (
            8,
            lines(
                "Unreadable records, and clients that went away",
                "Records in a second that could not be read, by reason: each is an error entry in its "
                "answer, marked to be forwarded. And requests whose client did not wait for the answer.",
                "LogtriageNothingJudged",
                "cps",
                no_limit(),
                Query(total(rate("logtriage_records_rejected_total"), "reason"), "{{reason}}"),
                Query(or_zero(total(answered("499"))), "requests given up"),
            ),
        ),
    )


def saturation():
    """How near the limits are."""
    return row(
        "Saturation",
        8,
        (
            8,
            lines(
                "Age of the queue",
                "How long the oldest request in the queue has been there. The queue is meant to hold a "
                "second of work.",
                "LogtriageQueueOld",
                "s",
                up_to(1),
                Query(f"max by (pod) ({series('logtriage_queue_oldest_age_seconds')})", "{{pod}}"),
            ),
        ),
        (
            8,
            lines(
                "Processor, share of the limit",
                "Processor time as a share of the control group's quota. A pod without a quota is not "
                "shown; Capacity has its cores.",
                "LogtriageThrottled",
                "percentunit",
                up_to(0.9),
                Query(
                    f"{total(rate('process_cpu_seconds_total'), 'pod')} / on (pod) "
                    f"(max by (pod) ({series('logtriage_cpu_limit_cores')}) > 0)",
                    "{{pod}}",
                ),
            ),
        ),
        (
            8,
            lines(
                "Memory, share of the limit",
                "Resident memory as a share of the control group's limit. At the limit the kernel ends "
                "the process. A pod without a limit is not shown.",
                "LogtriageMemoryNearLimit",
                "percentunit",
                up_to(0.9),
                Query(
                    f"max by (pod) ({series('process_resident_memory_bytes')}) / on (pod) "
                    f"(max by (pod) ({series('logtriage_memory_limit_bytes')}) > 0)",
                    "{{pod}}",
                ),
            ),
        ),
    )


def state():
    """What serves, and what is wrong."""
    alerts = 'ALERTS{namespace="$namespace", alertname=~"Logtriage.+", alertstate="firing"}'
    return row(
        "What serves where, and which alarms hold",
        7,
        (
            12,
            table(
                "Bundles by pod",
                "The bundle that each pod serves.",
                "LogtriageDigestsDiffer",
                no_limit(),
                Query(series("logtriage_model_info"), instant=True, table=True),
                {"pod": "Pod", "name": "Bundle", "version": "Version", "digest": "Digest"},
            ),
        ),
        (
            12,
            table(
                "Alarms",
                "Alerts that fire in the namespace. Each has a page of the same name among the runbooks.",
                "LogtriageUnavailable",
                no_limit(),
                Query(alerts, instant=True, table=True),
                {"alertname": "Alert", "severity": "Severity", "job": "Release", "pod": "Pod"},
            ),
        ),
    )


def made():
    """The dashboard."""
    return board(
        "overview",
        "logtriage: overview",
        "Whether logs are judged, how fast, by which bundle, and whether anything is lost.",
        [now(), verdicts(), requests(), losses(), saturation(), state()],
    )
