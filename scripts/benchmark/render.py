"""Results to Markdown."""

from benchmark import budgets
from benchmark.stages import STAGES, WHOLE

RATE = "records_per_second"


def table(head, lines):
    """A Markdown table; the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in [head, rule, *lines])


def number(value):
    """A rate, with separators."""
    return f"{value:,.0f}"


def head(results):
    """What was measured, where, when and by which command."""
    machine = results["machine"]
    command = "make bench" + (' ARGS="--quick"' if results["quick"] else "")
    text = [
        "# Benchmarks",
        "",
        f"Written by `{command}` in {results['seconds']} s; do not edit. The figures behind it are in "
        "[benchmarks.json](benchmarks.json).",
    ]
    if results["quick"]:
        text += ["", "**A quick run: one run a cell, too short for figures to rely on.**"]
    facts = [
        ("processor", f"{machine['processor']}, {machine['cores']} cores"),
        ("memory", f"{machine['memory_mib']:,} MiB"),
        ("kernel", machine["kernel"]),
        ("load average before", ", ".join(map(str, machine["load"]))),
        ("commit", machine["commit"]),
        ("date", machine["date"]),
        ("program, release build, stripped", f"{machine['binary_bytes']:,} bytes"),
    ]
    text += ["", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts)]
    text += [
        "",
        f"Figures are medians of {results['runs']} run(s) on default settings, unless said otherwise. "
        "The load shares the machine with the service, so what counts is records per CPU second of the "
        "service (user and system time of its process): what one core does. Lines are made up by "
        "`src/bench/workload/` from a seed, 141 bytes on average in mixed formats; `unseen` lines never "
        "come twice, masked or not, `repetitive` ones have 400 shapes under Zipf's law of which only "
        "masked parts vary. A sample of the answers is checked for one verdict a record.",
    ]
    for what, words in results["refusals"].items():
        text += ["", f"Not available in this build: {what}. The program says: `{words}`"]
    return text


def budget_section(results):
    """Every budget with its verdict."""
    lines = [(r["what"], r["budget"], r["measured"], r["verdict"]) for r in budgets.rows(results)]
    return [
        "## Budgets",
        "",
        table(("what", "budget", "measured", "verdict"), lines),
        "",
        "Swaps of a bundle under load are measured by `make test-swaps`.",
    ]


def throughput_section(results):
    """Every cell."""
    lines = []
    for cell in results["cells"]:
        found = cell["median"]
        lines.append(
            (
                f"{cell['engine']}, cache {cell['cache']}, {cell['workload']}",
                cell["batch"],
                number(found["records_per_cpu_second"]),
                number(found["records_per_second"]),
                f"{found['megabytes_per_second']:.1f}",
                f"{found['p50']:.2f}",
                f"{found['p99']:.2f}",
                f"{found['client_cpu_share']:.2f}",
            )
        )
    columns = (
        *("engine, cache, lines", "records a request", "records / CPU s", "records/s", "MB/s"),
        *("p50 ms", "p99 ms", "client's cores"),
    )
    return [
        "## Throughput over HTTP",
        "",
        "As fast as answers come, 64 connections with one record, 16 with ten, 8 with more. The latency "
        "is that of a service with all it can do; see below for an idle one. The vote cache has a part for "
        "each model: the numeric features of lines never seen before do come back, so it helps the "
        "anomaly detector there as well.",
        "",
        table(columns, lines),
        "",
        "Commands, here those of 100 records a request and of the last run; each run has its own seed:",
        "",
        *("    " + cell["command"] for cell in results["cells"] if cell["batch"] == 100),
    ]


def latency_section(results):
    """Single records, alone and together."""
    lines = [
        (engine, f"{m['p50']:.2f}", f"{m['service_p99']:.2f}", f"{m['p99']:.2f}", f"{m['max']:.2f}")
        for engine, m in ((name, found["median"]) for name, found in results["idle"].items())
    ]
    lines_64 = [
        (
            engine,
            most,
            number(found["median"]["records_per_second"]),
            number(found["median"]["records_per_cpu_second"]),
            f"{found['median']['p50']:.2f}",
            f"{found['median']['p99']:.2f}",
        )
        for engine, by_most in results["coalescing"].items()
        for most, found in by_most.items()
    ]
    ratios = ", ".join(
        f"{by_most['256']['median'][RATE] / by_most['1']['median'][RATE]:.2f} times the records a "
        f"second with {engine}"
        for engine, by_most in results["coalescing"].items()
    )
    columns = (
        *("engine", "batch.max_records", "records/s"),
        *("records / CPU s", "p50 ms", "p99 ms"),
    )
    return [
        "## One record a request",
        "",
        "An idle service, 100 requests a second (open loop). `sent` counts from when a request was "
        "sent, `due` from when it should have been, which includes how late the client's timer is.",
        "",
        table(("engine", "p50 ms, due", "p99 ms, sent", "p99 ms, due", "max ms, due"), lines),
        "",
        *("    " + found["command"] for found in results["idle"].values()),
        "",
        f"64 connections with one record each, judged together or one by one, in turn: {ratios}. The "
        "native engine takes the same time for a record alone as among others, so all that batching "
        "can save there is the handing over.",
        "",
        table(columns, lines_64),
        "",
        *(
            "    " + found["command"]
            for by_most in results["coalescing"].values()
            for found in by_most.values()
        ),
    ]


def memory_section(results):
    """Memory and start."""
    lines = [
        (engine, f"{f['resident_mib']:.1f}", f"{f['start_ms']:.0f}", f"{f['slowest_start_ms']:.0f}")
        for engine, f in results["footprint"].items()
    ]
    many = results["many"]
    failed = f", failures: {many['errors']}" if many["errors"] else ", no failure"
    return [
        "## Memory and start",
        "",
        table(
            ("engine", "resident MiB after load", "start to ready ms", "slowest start ms"), lines
        ),
        "",
        *("    " + found["command"] for found in results["footprint"].values()),
        "",
        f"{many['records']:,} records in batches of 1,000{failed}. Resident memory from the ten "
        f"thousandth record on: first {many['first_mib']:.1f} MiB, last {many['last_mib']:.1f} MiB, "
        f"highest {many['max_mib']:.1f} MiB; median of the second quarter "
        f"{many['second_quarter_mib']:.1f} MiB, of the last {many['last_quarter_mib']:.1f} MiB.",
        "",
        "    " + many["command"],
    ]


def confined_section(results):
    """Under limits."""
    lines = [
        (
            f"{c['cores']:g} core, {c['memory_mib']} MiB",
            number(c["rate"]),
            number(c["median"]["records_per_second"]),
            f"{c['median']['p50']:.1f}",
            f"{c['median']['p99']:.1f}",
            f"{c['median']['max']:.1f}",
            f"{c['median']['peak_mib']:.1f}",
            f"{c['median']['errors']:.0f} / {c['median']['unsent']:.0f}",
            "no" if c["overloaded"] else "yes",
        )
        for c in results["confined"]
    ]
    columns = (
        *("limits", "due records/s", "answered", "p50 ms", "p99 ms", "max ms"),
        *("peak MiB", "failed / never sent", "kept up"),
    )
    ways = [f"{c['cores']:g} core: {c['how']}" for c in results["confined"]]
    return [
        "## Under limits",
        "",
        f"{results['confined'][0]['seconds']} s of steady load, 100 records a request, at half of what "
        "such a share of a core was seen to do. How processor and memory were limited on this machine: "
        f"{'; '.join(ways)}. RLIMIT_DATA bounds what the process may allocate, not what is resident, "
        "and the service was told the shares of it that it would have taken of a control group's limit "
        "(`server.inflight_bytes`, `batch.queue_bytes`, `cache.entries`).",
        "",
        table(columns, lines),
        "",
        *("    " + c["command"] for c in results["confined"]),
    ]


def overload_section(results):
    """More than it can do."""
    found = results.get("overload")
    if not found:
        return []
    named = [("8 patient connections", found["best"])]
    named += [
        (f"{times} times that, due whatever comes", load)
        for times, load in zip(found["times"], found["loads"], strict=True)
    ]
    lines = [
        (
            name,
            number(load["due"]) if load["due"] else "-",
            number(load["records_per_second"]),
            f"{load['of_best']:.0%}",
            f"{load['p99']:.0f}",
            ", ".join(f"{count} x {code}" for code, count in load["errors"].items()) or "none",
            f"{load['peak_mib']:.1f}",
            f"{load['health_ms']:.0f} of {load['health_asked']}",
        )
        for name, load in named
    ]
    columns = (
        *("load", "due records/s", "answered", "of the best", "p99 ms of the answered"),
        *("refused", "peak MiB", "slowest health check, ms"),
    )
    return [
        "## More than it can do",
        "",
        f"A service of half a core and 256 MiB ({found['how']}), vote cache off, bodies of 1,000 records, "
        f"{found['rounds']} rounds of {found['seconds']} s for each load; the health of the data port is "
        "asked for 20 times a second meanwhile. Records a second are medians, and what is said of the "
        "best is the median of the rounds' own ratios; latency, memory and health are the worst of all "
        "rounds.",
        "",
        table(columns, lines),
        "",
        *("    " + load["command"] for _, load in named),
    ]


WATCHED = {
    "unseen": "nobody watches: no access log, no traces, no scrapes",
    "usual": "as usual: 1 in 100 requests in the access log, 1 in 100 traced, scraped each second",
    "everything": "everything: each request in the access log and traced, scraped each second",
}


def watched_section(results):
    """What it costs to be seen."""
    found = results.get("watched")
    if not found:
        return []
    lines = [
        (
            WATCHED[row["kind"]],
            row["batch"],
            number(row["records_per_cpu_second"]),
            f"{row['records_per_cpu_second_ratio']:.2f}",
            number(row["records_per_second"]),
            f"{row['records_per_second_ratio']:.2f}",
            f"{row['p99']:.2f}",
        )
        for row in found["rows"]
    ]
    columns = (
        *("watched how", "records a request", "records / CPU s", "of unwatched"),
        *("records/s", "of unwatched", "p99 ms"),
    )
    dropped = found["dropped"]["everything"]
    return [
        "## Watched and not",
        "",
        f"Three services in turn, {found['rounds']} rounds of {found['seconds']} s each, unseen lines, "
        "8 connections (64 with one record). Spans go to a real OTLP receiver (rotel, over HTTP), which "
        "shares the machine, so records a CPU second of the service are what tells; the ratios are "
        "medians of the rounds' own. With everything on, as fast as answers come, "
        f"{dropped:,.0f} spans found the queue of the exporter full and were dropped and counted; no "
        "request waited for one.",
        "",
        table(columns, lines),
    ]


def stage_section(results):
    """Microseconds a record of each stage."""
    engines = list(results["stages"])
    found = results["stages"]
    lines = [(what, *(f"{found[e][stage]:.2f}" for e in engines)) for stage, what in STAGES]
    sums = {e: sum(found[e][stage] for stage, _ in STAGES) for e in engines}
    lines.append(("sum", *(f"{sums[e]:.2f}" for e in engines)))
    lines.append(("the same way walked as a whole", *(f"{found[e][WHOLE]:.2f}" for e in engines)))
    lines.append(("explained by the sum", *(f"{sums[e] / found[e][WHOLE]:.0%}" for e in engines)))
    return [
        "## Stages",
        "",
        "Microseconds a record on one thread, without HTTP: 1,024 unseen lines, models on batches of "
        "256, vote cache off. From `benches/stages.rs` (`make bench-stages`).",
        "",
        table(("stage", *engines), lines),
        "",
        "    " + results["stages_command"],
    ]


def quantise_section(found):
    """What rounding the models' numbers gives."""
    if not found:
        return []
    lines = [
        (
            one["form"],
            number(one["packed_bytes"]),
            f"{one['packed_bytes'] / found['forms'][0]['packed_bytes']:.0%}",
            f"{one['decisions_changed']} of {found['lines']:,}",
            f"{one['forward_changed']}",
            f"{one['largest_difference']:.4f}",
        )
        for one in found["forms"]
    ]
    columns = (
        *("thresholds and leaves", "both graphs packed, bytes", "of float32"),
        *("categories changed", "forwards changed", "largest score change"),
    )
    kib = found["nodes"] / 1024
    return [
        "## Rounded models",
        "",
        "Copies of the two graphs of `bundles/default` with thresholds and leaf values rounded, in a "
        "bundle whose digests are made anew, judged by `logtriage classify` over the lines of "
        "`tests/data/parity.jsonl.zst`. Packed by zstd, level 19; the graphs stay ONNX, whose tree "
        "operators hold float32, so what is saved is what the packer makes of fewer distinct values.",
        "",
        table(columns, lines),
        "",
        f"Only size is measured. No engine here has a smaller node for rounded numbers, and a copy runs "
        f"through the same nodes in the same order: the {found['nodes']:,} nodes of both graphs take "
        f"{12 * kib:,.0f} KiB at the native engine's 12 bytes and would take {8 * kib:,.0f} KiB at 8, both within the second "
        "level cache of a current server core, so that less memory traffic promises little.",
        "",
        "Decision: not offered. The bundle packs to under the 1 MiB that a ConfigMap holds as it is, "
        "rounding changes verdicts that the model card and the parity test vouch for, and it buys no "
        "speed without an engine made for it.",
        "",
        "    make bench-quantise",
    ]


def document(results, quantised=None):
    """The whole document."""
    sections = (
        head(results),
        budget_section(results),
        throughput_section(results),
        latency_section(results),
        memory_section(results),
        confined_section(results),
        overload_section(results),
        watched_section(results),
        stage_section(results),
        quantise_section(quantised),
    )
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"
