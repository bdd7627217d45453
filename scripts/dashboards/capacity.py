"""The third dashboard: how much the pods do, what holds them back, and how much more would fit."""

from dashboards.board import board, row
from dashboards.panels import Query, at_least, lines, no_limit, stat, up_to
from dashboards.promql import RECORDS, mean, quantile, rate, series, share, total

CPU = rate("process_cpu_seconds_total")
MEMORY = series("process_resident_memory_bytes")
STAGE = "logtriage_stage_duration_seconds"
WAIT = "logtriage_queue_wait_seconds"
HIT = rate("logtriage_vote_cache_total", 'result="hit"')
LOOK = rate("logtriage_vote_cache_total")


def limit(metric):
    """A limit of the control group by pod, where there is one."""
    return f"(max by (pod) ({series(metric)}) > 0)"


def now():
    """The tightest places."""
    records_per_core = f"{total(RECORDS)} / {total(CPU)}"
    return row(
        "Now",
        4,
        (
            4,
            stat(
                "Records a CPU second",
                "Records judged for each second of processor time, over all pods. Built to release, the "
                "service makes 100,000 and more of lines that it has never seen.",
                "LogtriageThrottled",
                "short",
                at_least(1000),
                Query(records_per_core),
            ),
        ),
        (
            4,
            stat(
                "Busiest pod",
                "The largest share of its quota of processor time that a pod uses.",
                "LogtriageThrottled",
                "percentunit",
                up_to(0.7, 0.9),
                Query(f"max({total(CPU, 'pod')} / on (pod) {limit('logtriage_cpu_limit_cores')})"),
                none="no quota",
            ),
        ),
        (
            4,
            stat(
                "Fullest pod",
                "The largest share of its memory limit that a pod holds.",
                "LogtriageMemoryNearLimit",
                "percentunit",
                up_to(0.7, 0.9),
                Query(
                    f"max(max by (pod) ({MEMORY}) / on (pod) {limit('logtriage_memory_limit_bytes')})"
                ),
                none="no limit",
            ),
        ),
        (
            4,
            stat(
                "Wait in the queue, p99",
                "99 of 100 requests were begun within this time of their admission.",
                "LogtriageQueueOld",
                "s",
                up_to(0.25, 1),
                Query(quantile(0.99, WAIT)),
            ),
        ),
        (
            4,
            stat(
                "Votes remembered",
                "Share of the models' votes that came out of the cache. Streams that repeat themselves "
                "have most of them there.",
                "LogtriageThrottled",
                "percentunit",
                no_limit(),
                Query(share(HIT, LOOK)),
            ),
        ),
        (
            4,
            stat(
                "Records a batch",
                "Mean number of records in a batch. Few under load: requests come one by one, and "
                "batch.max_delay gives them time to join.",
                "LogtriageQueueOld",
                "none",
                no_limit(),
                Query(mean("logtriage_batch_records")),
                decimals=1,
            ),
        ),
    )


def throughput():
    """What the pods do."""
    return row(
        "Throughput",
        8,
        (
            8,
            lines(
                "Records by pod",
                "Records judged in a second, by pod. A pod far below the others is held back by its "
                "node, or gets fewer requests.",
                "LogtriageNothingJudged",
                "cps",
                no_limit(),
                Query(total(RECORDS, "pod"), "{{pod}}"),
            ),
        ),
        (
            8,
            lines(
                "Records a CPU second, by pod",
                "Records judged for each second of processor time: the throughput of a core.",
                "LogtriageThrottled",
                "short",
                no_limit(),
                Query(f"{total(RECORDS, 'pod')} / {total(CPU, 'pod')}", "{{pod}}"),
            ),
        ),
        (
            8,
            lines(
                "Bytes by pod",
                "Bytes of messages judged in a second, by pod.",
                "LogtriageNothingJudged",
                "Bps",
                no_limit(),
                Query(total(rate("logtriage_record_bytes_total"), "pod"), "{{pod}}"),
            ),
        ),
    )


def limits():
    """Processor and memory against what the pods may have."""
    return row(
        "Processor and memory",
        8,
        (
            8,
            lines(
                "Cores in use",
                "Processor seconds in a second, by pod, and the smallest quota of a pod, in cores.",
                "LogtriageThrottled",
                "none",
                no_limit(),
                Query(total(CPU, "pod"), "{{pod}}"),
                Query(f"min({series('logtriage_cpu_limit_cores')} > 0)", "quota"),
            ),
        ),
        (
            8,
            lines(
                "Throttled",
                "Seconds in a second that threads stood still because the quota was spent, by pod.",
                "LogtriageThrottled",
                "s",
                up_to(0.25),
                Query(total(rate("logtriage_cpu_throttled_seconds_total"), "pod"), "{{pod}}"),
            ),
        ),
        (
            8,
            lines(
                "Memory",
                "Resident bytes by pod, and the smallest memory limit of a pod.",
                "LogtriageMemoryNearLimit",
                "bytes",
                no_limit(),
                Query(f"max by (pod) ({MEMORY})", "{{pod}}"),
                Query(f"min({series('logtriage_memory_limit_bytes')} > 0)", "limit"),
            ),
        ),
        (
            8,
            lines(
                "Periods cut short",
                "Periods of the quota in a second that ended with threads standing still, by pod. With "
                "the usual period of 100 ms there are ten in a second.",
                "LogtriageThrottled",
                "none",
                up_to(5),
                Query(total(rate("logtriage_cpu_throttled_periods_total"), "pod"), "{{pod}}"),
            ),
        ),
        (
            8,
            lines(
                "Open files",
                "Files and connections that are open, as a share of what the process may open, by pod.",
                "LogtriageUnavailable",
                "percentunit",
                up_to(0.8),
                Query(
                    f"max by (pod) ({series('process_open_fds')}) / "
                    f"max by (pod) ({series('process_max_fds')})",
                    "{{pod}}",
                ),
                most=1,
            ),
        ),
        (
            8,
            lines(
                "Spans dropped",
                "Spans of traces in a second that did not reach the collector. Nothing else suffers from "
                "that.",
                "LogtriageUnavailable",
                "cps",
                up_to(1),
                Query(total(rate("logtriage_trace_spans_dropped_total"), "pod"), "{{pod}}"),
            ),
        ),
    )


def queue():
    """What waits."""
    return row(
        "Queue",
        8,
        (
            6,
            lines(
                "Records that wait",
                "As batch.queue_records counts them, by pod. Without a setting the bound is what the "
                "workers judge in a second.",
                "LogtriageQueueOld",
                "short",
                no_limit(),
                Query(f"max by (pod) ({series('logtriage_queue_records')})", "{{pod}}"),
            ),
        ),
        (
            6,
            lines(
                "Bytes that wait",
                "As batch.queue_bytes counts them, by pod.",
                "LogtriageMemoryNearLimit",
                "bytes",
                no_limit(),
                Query(f"max by (pod) ({series('logtriage_queue_bytes')})", "{{pod}}"),
            ),
        ),
        (
            6,
            lines(
                "Wait in the queue",
                "From a request's admission to its first batch.",
                "LogtriageQueueOld",
                "s",
                up_to(1),
                *[Query(quantile(q, WAIT), f"p{round(q * 100)}") for q in (0.5, 0.9, 0.99)],
            ),
        ),
        (
            6,
            lines(
                "Turned away, by pod",
                "Requests in a second that a pod refused before anything of them was accepted.",
                "LogtriageOverloaded",
                "reqps",
                no_limit(),
                Query(total(rate("logtriage_overload_total"), "pod"), "{{pod}}"),
            ),
        ),
    )


def batches():
    """How the work is cut."""
    return row(
        "Batches and cache",
        8,
        (
            6,
            lines(
                "Records in a batch",
                "The more, the less a record costs; batch.max_records is the bound.",
                "LogtriageQueueOld",
                "none",
                no_limit(),
                *[
                    Query(quantile(q, "logtriage_batch_records"), f"p{round(q * 100)}")
                    for q in (0.5, 0.9)
                ],
                Query(mean("logtriage_batch_records"), "mean"),
            ),
        ),
        (
            6,
            lines(
                "Batches, by why they were released",
                "size: full. complete: nobody else was on the way. delay: the oldest had waited long "
                "enough. direct: a part of a large request. deadline: rules alone. drain: at the end.",
                "LogtriageQueueOld",
                "ops",
                no_limit(),
                Query(total(rate("logtriage_batch_released_total"), "reason"), "{{reason}}"),
                stacked=True,
            ),
        ),
        (
            6,
            lines(
                "Votes remembered",
                "Share of the looks into the cache that found a vote, by member.",
                "LogtriageThrottled",
                "percentunit",
                no_limit(),
                Query(f"{total(HIT, 'member')} / {total(LOOK, 'member')}", "{{member}}"),
                most=1,
            ),
        ),
        (
            6,
            lines(
                "Inputs in the cache",
                "Inputs whose vote is remembered, by member, the most of a pod. cache.entries is the "
                "bound; a swap empties it.",
                "LogtriageMemoryNearLimit",
                "short",
                no_limit(),
                Query(f"max by (member) ({series('logtriage_vote_cache_entries')})", "{{member}}"),
            ),
        ),
    )


def stages():
    """Where the time goes."""
    return row(
        "Stages",
        8,
        (
            12,
            lines(
                "Time spent in each stage",
                "Seconds in a second, over all pods, but for read and queue, in which requests only wait. "
                "decode and write are of requests, the others of batches.",
                "LogtriageLatencyBurnFast",
                "s",
                no_limit(),
                Query(total(rate(f"{STAGE}_sum", 'stage!~"read|queue"'), "stage"), "{{stage}}"),
                stacked=True,
            ),
        ),
        (
            12,
            lines(
                "Time of a stage, p99",
                "99 of 100 requests or batches took at most this long in the stage.",
                "LogtriageLatencyBurnFast",
                "s",
                up_to(0.25),
                Query(quantile(0.99, STAGE, "stage"), "{{stage}}"),
            ),
        ),
    )


def made():
    """The dashboard."""
    return board(
        "capacity",
        "logtriage: capacity",
        "How much the pods do, what holds them back, and how much more would fit.",
        [now(), throughput(), limits(), queue(), batches(), stages()],
    )
