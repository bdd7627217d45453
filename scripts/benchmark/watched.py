"""What it costs to be watched: the same service seen by nobody, as usual, and with all there is."""

import statistics
import threading
import time
from contextlib import ExitStack

from cluster.service import Service, ask
from tracing.receiver import Receiver

from benchmark import program

BATCHES = (1, 100)
SCRAPE_SECONDS = 1
UNSEEN = {}
"""No line for a request, nothing traced, nobody scrapes."""
USUAL = {"log.access": "0.01"}
EVERYTHING = {"log.access": "1"}
SAMPLERS = {
    "usual": ("parentbased_traceidratio", "0.01"),
    "everything": ("parentbased_always_on", "1"),
}


class Scraper(threading.Thread):
    """Reads all metrics each second, as OpenMetrics is read by Prometheus."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.over, self.scrapes = address, threading.Event(), 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def run(self):
        """Until told to end."""
        while not self.over.wait(SCRAPE_SECONDS):
            status, _ = ask(self.address, "GET", "/metrics")
            self.scrapes += status == 200


def traced(receiver, kind):
    """The environment that sends spans to a receiver."""
    sampler, share = SAMPLERS[kind]
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint("http/protobuf"),
        "OTEL_TRACES_SAMPLER": sampler,
        "OTEL_TRACES_SAMPLER_ARG": share,
    }


def load(service, batch, seconds):
    """What the service does in so many seconds, and for which processor time."""
    report = program.bench(
        [
            *("--url", f"http://{service.data}", "--pid", service.process.pid),
            *("--batch", batch, "--connections", 64 if batch == 1 else 8),
            *("--duration", f"{seconds}s", "--warmup", "300ms"),
        ]
    )
    return {
        "records_per_second": report["records_per_second"],
        "records_per_cpu_second": report["server"]["records_per_cpu_second"],
        "p99": report["service_ms"]["p99"],
        "failed": sum(report["errors"].values()),
    }


def measure(seconds, rounds):
    """All three in turn, so that the machine's own changes meet each of them."""
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        services = {
            "unseen": stack.enter_context(Service(program.BINARY, UNSEEN, {})),
            "usual": stack.enter_context(Service(program.BINARY, USUAL, traced(receiver, "usual"))),
            "everything": stack.enter_context(
                Service(program.BINARY, EVERYTHING, traced(receiver, "everything"))
            ),
        }
        runs = {(kind, batch): [] for batch in BATCHES for kind in services}
        for _ in range(rounds):
            for (kind, batch), found in runs.items():
                with ExitStack() as watching:
                    if kind != "unseen":
                        watching.enter_context(Scraper(services[kind].operations))
                    found.append(load(services[kind], batch, seconds))
                # Spans that are still sent would be paid for by the next one.
                time.sleep(0.5)
        dropped = {
            kind: services[kind].metric("logtriage_trace_spans_dropped_total") for kind in SAMPLERS
        }
    return {"seconds": seconds, "rounds": rounds, "dropped": dropped, "rows": rows(runs)}


def rows(runs):
    """Medians, and the median of the rounds' own ratios to the service that nobody sees."""
    made = []
    for (kind, batch), found in runs.items():
        base = runs["unseen", batch]
        row = {"kind": kind, "batch": batch}
        for name in ("records_per_second", "records_per_cpu_second"):
            row[name] = statistics.median(one[name] for one in found)
            ratios = [one[name] / other[name] for one, other in zip(found, base, strict=True)]
            row[f"{name}_ratio"] = statistics.median(ratios)
        row["p99"] = statistics.median(one["p99"] for one in found)
        row["failed"] = sum(one["failed"] for one in found)
        made.append(row)
    return made
