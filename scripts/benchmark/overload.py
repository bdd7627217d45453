"""A service that is asked for four times what it can do, under limits that leave the client alone."""

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


def measure(seconds):
    """The best that a few patient connections get, then a load that does not wait."""
    with limits.service(CORES, MEMORY_MIB, {"cache.enabled": "false"}) as (address, pid, how):
        best = load(address, pid, seconds)
        loads = [
            load(address, pid, seconds, times * best["records_per_second"], CONNECTIONS)
            for times in TIMES
        ]
    return {"how": how, "best": best, "loads": loads, "times": TIMES, "seconds": seconds}
