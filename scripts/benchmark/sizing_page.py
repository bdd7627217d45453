"""docs/sizing.md: what was measured, and what follows from it."""

import math

from benchmark.render import number, table

RATES = (10_000, 100_000, 1_000_000)
POD_CORES = 0.5
"""Of the chart's pod."""
CORE_HOUR = 0.04
"""US dollars: an assumption, near the list price of general-purpose machines on demand. Put in your own."""

LIMITS = """\
## What limits each step

| step | what is in the way | what to do |
|---|---|---|
| one pod, more cores | one worker a whole processor: half a core more adds nothing to the workers, only room for reading and writing | whole cores for large pods (`limits.cpu: 1` or `2`), or more small ones |
| a quota below one core | a burst uses up its quota early in each period of 100 ms and stands still for the rest: p99 follows the quota, not the work | a limit of 500m or more where latency matters; look at LogtriageThrottled |
| more pods behind a Service | a Service balances connections, not requests: senders that keep one connection stay where they are, and a new pod gets nothing | several connections in each sender, a maximal age of connections in it, or a proxy that balances requests (Ingress, mesh); a rollout moves all connections, for pods that leave tell them to go |
| the HorizontalPodAutoscaler | it looks every 15 s at a mean over the last minute or so, and a pod is ready a second after it was scheduled: expect one to two minutes | `minReplicas` for the usual peak; the queue and 429 with Retry-After carry senders over the rest |
| senders | a batch of one record costs several times what it costs in a batch of a hundred (docs/benchmarks.md) | batches of 100 and more; a sender that waits for each answer before it sends again needs as many connections as it takes |
| 429 | more came than is judged in a second, or bodies hold more than a quarter of the memory | more pods, or larger ones; senders must honour Retry-After |
| memory | bodies in flight: a quarter of the limit | smaller batches, or a higher limit; not a larger `server.inflight_bytes` alone |
| large bundles | ONNX Runtime keeps every graph once a worker | the native engine where it runs the graph; see the table above |
"""


def page(found):
    """The whole page."""
    machine = found["machine"]
    sizes = found["sizes"]
    parts = [
        "# Sizing",
        f"Measured by `make sizing` on {machine['processor']}, {machine['cores']} cores, kernel "
        f"{machine['kernel']}, commit {machine['commit']}, {machine['date']}; the load shared the machine. Lines "
        "never seen before (141 bytes on average, mixed formats), 100 records a request, native engine, vote "
        "cache off: what repeats is faster, so these are the lower figures.",
        "## A pod",
        cores_table(found, sizes),
        f"Latency is that of a pod that is asked for {found['steady']:.0%} of what it can do. Limits are those of "
        f"a control group ({sizes[0]['how']}). At two cores the load competes with the service for this machine's "
        "two.",
        "## How many pods",
        pods_table(found, sizes),
        f"Pods of {POD_CORES:g} core, the chart's default, each at {found['steady']:.0%} of what it can do, at "
        f"least two. A core is taken to cost ${CORE_HOUR:g} an hour (an assumption; put in your own).",
        "## Memory by bundle",
        bundles_table(found["bundles"]),
        "The default bundle, and bundles that hold its trees twice and four times. Bodies in flight, up to a quarter "
        "of the limit, come on top. A limit below what the bundle and the bodies need ends the start with the "
        "figures.",
        "## Ten minutes of all that it takes",
        peak_words(found["peak"]),
        LIMITS,
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def cores_table(found, sizes):
    """Records and latency by cores."""
    lines = [
        (
            f"{one['cores']:g}",
            number(one["records_per_second"]),
            number(one["records_per_second"] / one["cores"]),
            f"{one['p50']:.1f}",
            f"{one['p99']:.1f}",
        )
        for one in sizes
    ]
    return table(
        (
            "cores (limit)",
            "records/s, all it can",
            "records/s a core",
            f"p50 ms at {found['steady']:.0%}",
            f"p99 ms at {found['steady']:.0%}",
        ),
        lines,
    )


def pods_table(found, sizes):
    """Pods and cost by rate."""
    (one,) = [one for one in sizes if one["cores"] == POD_CORES]
    each = one["records_per_second"] * found["steady"]
    lines = []
    for rate in RATES:
        pods = max(2, math.ceil(rate / each))
        hour = pods * POD_CORES * CORE_HOUR
        lines.append(
            (number(rate), pods, f"{pods * POD_CORES:g}", f"{hour / (rate * 3600) * 1e6:.5f}")
        )
    return table(("records/s", "pods", "cores", "US dollars a million records"), lines)


def bundles_table(bundles):
    """Memory by size and engine."""
    lines = [
        (
            f"{one['engine']}, trees {one['copies']}x",
            f"{one['bytes'] / 2**20:.1f}",
            f"{one['idle']:.0f}",
            f"{one['loaded']:.0f}",
        )
        for one in bundles
    ]
    return table(("engine, bundle", "bundle MiB", "resident MiB, idle", "after load"), lines)


def peak_words(peak):
    """What became of the pod under as much as it takes."""
    errors = ", ".join(f"{count} x {code}" for code, count in peak["errors"].items()) or "none"
    return (
        f"The chart's pod ({peak['cores']:g} core, {peak['memory_mib']} MiB; {peak['how']}) under 16 connections of "
        f"1,000 records a request, as fast as answers come, for {peak['minutes']:g} minutes: {number(peak['records'])} "
        f"records, {number(peak['records_per_second'])} a second, p99 {peak['p99']:.0f} ms, refused or failed: "
        f"{errors}. Memory was {peak['peak_mib']:.0f} MiB at most, of {peak['memory_mib']}. RLIMIT_DATA, where it "
        "stands in for a control group's limit, bounds what is allocated, which is stricter."
    )
