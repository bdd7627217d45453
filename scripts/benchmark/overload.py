"""A service that is asked for four times what it can do, under limits that leave the client alone."""

import statistics
import threading
import time
import urllib.request

from benchmark import limits, program

CORES, MEMORY_MIB = 0.5, 256
BATCH = 1000
CONNECTIONS = 128
TIMES = (1, 4)


class Health(threading.Thread):
    """Asks for the service's health twenty times a second, and keeps the slowest answer."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.url = f"http://{address}/v1/health"
        self.done = threading.Event()
        self.slowest_ms, self.asked, self.failed = 0.0, 0, 0

    def run(self):
        """Until told to end."""
        while not self.done.wait(0.05):
            begun = time.monotonic()
            try:
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    self.failed += answer.status != 200
            except OSError:
                self.failed += 1
            self.asked += 1
            self.slowest_ms = max(self.slowest_ms, (time.monotonic() - begun) * 1e3)

    def end(self):
        """Stop asking."""
        self.done.set()
        self.join()


def load(address, pid, seconds, rate=None, connections=8):
    """One load, and the service's health under it."""
    arguments = [
        *("--url", f"http://{address}", "--pid", pid, "--batch", BATCH, "--warmup", "1s"),
        *("--connections", connections, "--duration", f"{seconds}s"),
        *(("--rate", int(rate)) if rate else ()),
    ]
    health = Health(address)
    health.start()
    try:
        report = program.bench(arguments)
    finally:
        health.end()
    # Port and process are another each time.
    arguments[1], arguments[3] = "http://127.0.0.1:PORT", "PID"
    return {
        "command": program.shown(arguments, {}),
        "due": rate,
        "records_per_second": report["records_per_second"],
        "p99": report["service_ms"]["p99"],
        "refused": sum(report["errors"].values()),
        "errors": report["errors"],
        "peak_mib": (report["server"].get("memory_after") or {}).get("peak", 0) / 2**20,
        "health_ms": health.slowest_ms,
        "health_asked": health.asked,
        "health_failed": health.failed,
    }


def merged(rounds):
    """One load over all rounds: the usual rate, and the worst of what must not be bad."""
    errors = {}
    for found in rounds:
        for code, count in found["errors"].items():
            errors[code] = errors.get(code, 0) + count
    worst = {
        name: max(found[name] for found in rounds) for name in ("p99", "peak_mib", "health_ms")
    }
    total = {
        name: sum(found[name] for found in rounds) for name in ("health_asked", "health_failed")
    }
    usual = {
        name: statistics.median(found[name] for found in rounds)
        for name in ("records_per_second", "of_best")
    }
    return rounds[0] | worst | total | usual | {"errors": errors, "refused": sum(errors.values())}


def measure(seconds, rounds):
    """What a few patient connections get, then loads that do not wait, in turn: the machine's own
    speed changes between rounds, so a load is held to the best of its round."""
    with limits.service(CORES, MEMORY_MIB, {"cache.enabled": "false"}) as (address, pid, how):
        capacity = load(address, pid, seconds)["records_per_second"]
        bests, loads = [], [[] for _ in TIMES]
        for _ in range(rounds):
            best = load(address, pid, seconds)
            bests.append(best | {"of_best": 1.0})
            for times, found in zip(TIMES, loads, strict=True):
                asked = load(address, pid, seconds, times * capacity, CONNECTIONS)
                ratio = asked["records_per_second"] / best["records_per_second"]
                found.append(asked | {"of_best": ratio})
    return {
        "how": how,
        "best": merged(bests),
        "loads": [merged(found) for found in loads],
        "times": TIMES,
        "seconds": seconds,
        "rounds": rounds,
    }
