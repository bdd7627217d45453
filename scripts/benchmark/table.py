"""Which cells are measured, how often, and what came out."""

import statistics
import sys
import time
from dataclasses import dataclass

from benchmark import limits, machine, overload, program, stages, watched
from benchmark.program import NotAvailable

ENGINES = ("native", "onnxruntime")
WORKLOADS = ("unseen", "repetitive")
BATCHES = (1, 10, 100, 1000)
CACHE = {"on": {"cache.enabled": "true"}, "off": {"cache.enabled": "false"}}
CONFINED = ((0.25, 128), (0.5, 256))
MILLION = 1_000_000
STEADY_SHARE = 0.5
"""Share of what a core was seen to do that a service under limits is loaded with, for each core."""


@dataclass(frozen=True)
class Effort:
    """How long and how often."""

    runs: int
    duration: str
    warmup: str
    idle_seconds: int
    starts: int
    million: int
    confined_seconds: int
    overload_seconds: int
    watched_seconds: int
    rounds: int


FULL = Effort(3, "1500ms", "400ms", 4, 7, MILLION, 60, 5, 3, 5)
QUICK = Effort(1, "400ms", "200ms", 2, 3, MILLION // 10, 8, 3, 1, 1)


def say(text):
    """Progress, on standard error."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def connections(batch):
    """Enough to keep every worker busy, without a queue that only makes latency."""
    return 64 if batch == 1 else 16 if batch == 10 else 8


def summary(report):
    """The figures of a report that are kept."""
    server = report["server"]
    after = server.get("memory_after") or {}
    return {
        "records_per_second": report["records_per_second"],
        "megabytes_per_second": report["megabytes_per_second"],
        "records_per_cpu_second": server.get("records_per_cpu_second") or 0.0,
        "client_cpu_share": (report.get("client_cpu_seconds") or 0.0) / report["seconds"],
        "p50": report["latency_ms"]["p50"],
        "p99": report["latency_ms"]["p99"],
        "p99.9": report["latency_ms"]["p99.9"],
        "max": report["latency_ms"]["max"],
        "service_p99": report["service_ms"]["p99"],
        "resident_mib": after.get("resident", 0) / 2**20,
        "peak_mib": after.get("peak", 0) / 2**20,
        "errors": sum(report["errors"].values()),
        "unsent": report["unsent"],
        "line_bytes": report["line_bytes"],
    }


def median(summaries):
    """The median of each figure."""
    return {name: statistics.median(s[name] for s in summaries) for name in summaries[0]}


def available(settings):
    """None where the program takes the settings, else its words."""
    probe = ["--serve", "--duration", "50ms", "--warmup", "0s", "--batch", 1, "--connections", 1]
    try:
        program.bench(probe, settings)
    except NotAvailable as refused:
        return str(refused).splitlines()[0]
    return None


def variants():
    """(engines, caches, refusals): settings by name, and the program's words on what it refuses.

    A program that knows no cache is measured once, as it is.
    """
    refusals, engines, caches = {}, {}, {}
    for name in ENGINES:
        words = available({"engine.kind": name})
        if words:
            refusals[f"engine {name}"] = words
        else:
            engines[name] = {"engine.kind": name}
    for name, settings in CACHE.items():
        words = available(settings)
        if words:
            refusals[f"cache {name}"] = words
        else:
            caches[name] = settings
    return engines, caches or {"none": {}}, refusals


def throughput(engines, caches, effort):
    """Medians of every cell, with the command of each."""
    cells = [
        {"engine": engine, "cache": cache, "workload": workload, "batch": batch, "runs": []}
        for engine in engines
        for cache in caches
        for workload in WORKLOADS
        for batch in BATCHES
    ]
    # Runs are the outer loop: what disturbs the machine for a while disturbs one run of many cells.
    for run in range(effort.runs):
        for cell in cells:
            settings = engines[cell["engine"]] | caches[cell["cache"]]
            arguments = [
                *("--serve", "--workload", cell["workload"], "--batch", cell["batch"]),
                *("--connections", connections(cell["batch"]), "--seed", run + 1),
                *("--duration", effort.duration, "--warmup", effort.warmup),
            ]
            cell["command"] = program.shown(arguments, settings)
            cell["runs"].append(summary(program.bench(arguments, settings)))
        say(f"throughput: run {run + 1} of {effort.runs}")
    for cell in cells:
        cell["median"] = median(cell.pop("runs"))
    return cells


def idle(settings, effort):
    """One record a request, now and then, on a service that has nothing else to do."""
    arguments = [
        *("--serve", "--batch", 1, "--connections", 2, "--rate", 100),
        *("--duration", f"{effort.idle_seconds}s", "--warmup", "1s"),
    ]
    runs = [summary(program.bench(arguments, settings)) for _ in range(effort.runs)]
    return {"command": program.shown(arguments, settings), "median": median(runs)}


def coalescing(engine, effort):
    """Many connections with one record each, judged together or one by one, in turn."""
    arguments = [
        *("--serve", "--batch", 1, "--connections", 64),
        *("--duration", effort.duration, "--warmup", effort.warmup),
    ]
    variants = {str(most): engine | {"batch.max_records": most} for most in (256, 1)}
    runs = {most: [] for most in variants}
    for _ in range(effort.rounds):
        for most, settings in variants.items():
            runs[most].append(summary(program.bench(arguments, settings)))
    return {
        most: {"command": program.shown(arguments, settings), "median": median(runs[most])}
        for most, settings in variants.items()
    }


def footprint(settings, effort):
    """Start to ready, and memory before the first request."""
    arguments = [
        "--serve",
        "--batch",
        1,
        "--connections",
        1,
        "--duration",
        "20ms",
        "--warmup",
        "0s",
    ]
    servers = [program.bench(arguments, settings)["server"] for _ in range(effort.starts)]
    resident = [server["memory_before"]["resident"] / 2**20 for server in servers]
    return {
        "command": program.shown(arguments, settings),
        "start_ms": statistics.median(server["start_ms"] for server in servers),
        "slowest_start_ms": max(server["start_ms"] for server in servers),
        "resident_mib": statistics.median(resident),
    }


def many_records(effort):
    """Memory on the way through very many records: flat from the ten thousandth on. Single looks
    catch more or fewer bodies in flight, so quarters of the way are compared by their medians."""
    arguments = ["--serve", "--batch", 1000, "--records", effort.million, "--warmup", "0s"]
    report = program.bench(arguments)
    looks = [look for look in report["server"]["looks"] if look["records"] >= 10_000]
    resident = [look["resident"] / 2**20 for look in looks]
    quarter = max(1, len(resident) // 4)
    return {
        "command": program.shown(arguments, {}),
        "records": report["records"],
        "errors": report["errors"],
        "records_per_second": report["records_per_second"],
        "first_mib": resident[0],
        "last_mib": resident[-1],
        "max_mib": max(resident),
        "second_quarter_mib": statistics.median(resident[quarter : 2 * quarter] or resident),
        "last_quarter_mib": statistics.median(resident[-quarter:]),
        "looks": len(looks),
    }


def confined(cores, memory_mib, per_core, effort):
    """A steady load on a service under limits."""
    rate = max(100, round(per_core * cores * STEADY_SHARE, -2))
    with limits.service(cores, memory_mib) as (address, pid, how):
        arguments = [
            *("--url", f"http://{address}", "--pid", pid, "--batch", 100, "--rate", int(rate)),
            *("--connections", 16, "--duration", f"{effort.confined_seconds}s", "--warmup", "2s"),
        ]
        report = program.bench(arguments)
    # Port and process are another each time.
    arguments[1], arguments[3] = "http://127.0.0.1:PORT", "PID"
    return {
        "cores": cores,
        "memory_mib": memory_mib,
        "how": how,
        "rate": rate,
        "seconds": effort.confined_seconds,
        "command": program.shown(arguments, {}),
        "overloaded": report["overloaded"],
        "median": summary(report),
    }


def measure(quick):
    """All of it."""
    effort = QUICK if quick else FULL
    begun = time.monotonic()
    results = {"quick": quick, "runs": effort.runs, "machine": machine.describe()}
    engines, caches, refusals = variants()
    results["refusals"] = refusals
    say(f"engines {', '.join(engines)}; cache {', '.join(caches)}")
    results["cells"] = throughput(engines, caches, effort)
    results["idle"] = {name: idle(settings, effort) for name, settings in engines.items()}
    results["footprint"] = {name: footprint(s, effort) for name, s in engines.items()}
    say("one record a request, memory and start are measured")
    results["coalescing"] = {name: coalescing(s, effort) for name, s in engines.items()}
    results["many"] = many_records(effort)
    say("connections of one record and very many records are measured")
    per_core = steady_rate(results["cells"])
    results["confined"] = [confined(*limit, per_core, effort) for limit in CONFINED]
    results["overload"] = overload.measure(effort.overload_seconds, effort.rounds)
    say("services under limits are measured")
    results["watched"] = watched.measure(effort.watched_seconds, effort.rounds)
    say("a service that is watched is measured")
    results["stages"] = {}
    for name, settings in engines.items():
        stages.run(quick, settings)
        results["stages"][name] = stages.read()
    results["stages_command"] = " ".join(stages.command(quick))
    results["max_delay_ms"] = max_delay_ms(program.configuration())
    results["seconds"] = round(time.monotonic() - begun)
    return results


def steady_rate(cells):
    """Records a CPU second of the default engine on lines never seen before, 100 a request."""
    rates = [
        cell["median"]["records_per_cpu_second"]
        for cell in cells
        if cell["workload"] == "unseen" and cell["batch"] == 100 and cell["cache"] != "off"
    ]
    # The first engine that is there is the one that `auto` takes.
    return rates[0]


def max_delay_ms(configuration):
    """`batch.max_delay` in milliseconds, from the configuration that holds; 0 where there is none."""
    units = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    for line in configuration.splitlines():
        name, _, value = line.strip().partition(":")
        value = value.strip().strip("\"'")
        if name == "max_delay":
            for unit, factor in units.items():
                number = value.removesuffix(unit)
                if number != value and number.replace(".", "", 1).isdigit():
                    return float(number) * factor
    return 0.0
