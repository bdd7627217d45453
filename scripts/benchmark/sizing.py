"""What a pod of a given size does: records a second, latency, memory; and ten minutes of all it can do."""

import shutil
import statistics
import tempfile
import time
from pathlib import Path

import onnx
from monitoring.fragile import rewrite_all

from benchmark import limits, machine, program
from benchmark.program import ROOT

CORES = (0.1, 0.25, 0.5, 1.0, 2.0)
MEMORY_MIB = 128
BATCH, CONNECTIONS = 100, 8
STEADY = 0.6
"""Share of what it can do that a pod is loaded with for its latency: what an autoscaler aims at."""
COPIES = (1, 2, 4)
"""How often the trees of the default bundle are in a bundle of another size."""
PEAK_CORES, PEAK_MIB = 0.5, 128
CACHE_OFF = {"cache.enabled": "false"}


def load(address, pid, seconds, rate=None, batch=BATCH, connections=CONNECTIONS):
    """The report of one load."""
    return program.bench(
        [
            *("--url", f"http://{address}", "--pid", pid, "--batch", batch),
            *("--connections", connections, "--duration", f"{seconds}s", "--warmup", "1s"),
            *(("--rate", max(1, int(rate))) if rate else ()),
        ]
    )


def of_cores(cores, seconds, runs):
    """Capacity and, at a steady share of it, latency."""
    with limits.service(cores, MEMORY_MIB, CACHE_OFF) as (address, pid, how):
        most = [load(address, pid, seconds)["records_per_second"] for _ in range(runs)]
        capacity = statistics.median(most)
        steady = [load(address, pid, seconds, STEADY * capacity) for _ in range(runs)]
    return {
        "cores": cores,
        "how": how,
        "records_per_second": capacity,
        "p50": statistics.median(one["latency_ms"]["p50"] for one in steady),
        "p99": statistics.median(one["latency_ms"]["p99"] for one in steady),
        "failed": sum(sum(one["errors"].values()) for one in steady),
    }


def of_bundle(copies, engine, directory):
    """Memory with a bundle that holds the default one's trees so often, all but once without weight."""
    bundle = Path(directory) / f"bundle-{copies}"
    if not bundle.is_dir():
        shutil.copytree(ROOT / "bundles/default", bundle)
        for name in ("classifier.onnx", "anomaly.onnx"):
            path = bundle / name
            path.write_bytes(repeated(path.read_bytes(), copies))
        rewrite_all(bundle)
    size = sum(path.stat().st_size for path in bundle.iterdir())
    settings = {
        "models.dir": bundle,
        "engine.kind": engine,
        "models.on_start_failure": "refuse",
    }
    with limits.service(1.0, 512, settings) as (address, pid, _):
        before = resident(pid)
        load(address, pid, 2)
        after = resident(pid)
    return {"copies": copies, "engine": engine, "bytes": size, "idle": before, "loaded": after}


def repeated(graph, copies):
    """The graph with each tree so often; the further ones add nothing."""
    model = onnx.load_from_string(graph)
    (node,) = [node for node in model.graph.node if node.op_type.startswith("TreeEnsemble")]
    held = {attribute.name: attribute for attribute in node.attribute}
    prefix = "class" if "class_treeids" in held else "target"
    trees = max(held["nodes_treeids"].ints) + 1
    for copy in range(1, copies):
        for name, attribute in held.items():
            field = next((f for f in ("ints", "floats", "strings") if getattr(attribute, f)), None)
            if field is None or not name.startswith(("nodes_", f"{prefix}_")):
                continue
            values = list(getattr(attribute, field))[: len(getattr(attribute, field)) // copy]
            if name.endswith("treeids"):
                values = [value + copy * trees for value in values]
            elif name == f"{prefix}_weights":
                values = [0.0] * len(values)
            getattr(attribute, field).extend(values)
    return model.SerializeToString()


def resident(pid):
    """MiB of a process in memory."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise program.BenchError(f"expected VmRSS of process {pid}, found none")


def peak(minutes):
    """The pod that the chart renders, under as much as it takes, for so long."""
    seconds = int(minutes * 60)
    with limits.service(PEAK_CORES, PEAK_MIB) as (address, pid, how):
        report = load(address, pid, seconds, batch=1000, connections=16)
    server = report["server"]
    return {
        "minutes": minutes,
        "how": how,
        "cores": PEAK_CORES,
        "memory_mib": PEAK_MIB,
        "records": report["records"],
        "records_per_second": report["records_per_second"],
        "p99": report["service_ms"]["p99"],
        "errors": report["errors"],
        "peak_mib": (server.get("memory_after") or {}).get("peak", 0) / 2**20,
    }


def measure(seconds, runs, minutes):
    """All of it."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        bundles = [
            of_bundle(copies, engine, directory)
            for engine in ("native", "onnxruntime")
            for copies in COPIES
        ]
    return {
        "machine": machine.describe(),
        "sizes": [of_cores(cores, seconds, runs) for cores in CORES],
        "bundles": bundles,
        "peak": peak(minutes),
        "steady": STEADY,
        "seconds": round(time.monotonic() - begun),
    }
