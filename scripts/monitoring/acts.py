"""What goes wrong, one thing after the other, and which alerts that is meant to raise.

Each act says what it means to raise before it does anything, and waits until that fires. So the whole
takes as long as the machine needs, about two minutes, and every alert that fires is either meant, and
came after its cause, or is one too many.
"""

import time
from contextlib import ExitStack, contextmanager

from cluster.waiting import until

from monitoring.fragile import FAILING_BYTES
from monitoring.stage import Load, SlowSenders

CALM_SECONDS = 15
PATIENCE = 100
SCRAPED_SECONDS = 2
"""After so long Prometheus has seen what happened."""
FIRED = 'last_over_time(ALERTS{alertstate="firing"}[10m])'
USUAL_BATCH, USUAL_RATE = 4, 60
ALIKE = [
    f"kernel: Out of memory: Killed process {number} (java) total-vm:8123456kB, anon-rss:402{number}kB"
    for number in range(100, 180)
]
BURST_BATCH, BURST_CONNECTIONS = 50, 16
SMALL_QUEUE = 4 * BURST_BATCH
"""Of the pod that is overloaded: a quarter of what comes at once."""
FAILING_BATCH, FAILING_CONNECTIONS = 500, 2
HUGE_BATCH, HUGE_CONNECTIONS = 10_000, 16
LARGE_QUEUE = 2 * HUGE_BATCH * HUGE_CONNECTIONS
SLOW_SENDERS, BODY_SECONDS = 24, 0.4
RESTARTS = 3
SLOW = (
    *("Pinned", "Drift", "Throttled", "CandidateStuck"),
    *("LatencyBurnSlow", "AvailabilityBurnSlow"),
)
"""What fires only after ten seconds and more of its cause: waited for at the end, not in its act."""


class Acts:
    """Three pods, `cast`, watched by `server`. `bundles` is what they are given, by name."""

    def __init__(self, server, cast, bundles, program, directory):
        self.server, self.cast, self.bundles = server, cast, bundles
        self.program, self.directory = program, directory
        self.absent, self.limited = frozenset(), False
        self.meant = {}
        self.began = self.trouble = self.ended = self.closed = self.metrics = None

    def means(self, *alerts):
        """From now on these may fire, and must: names, or (name, pod)."""
        for alert in alerts:
            name, pod = alert if isinstance(alert, tuple) else (alert, None)
            name = f"Logtriage{name}"
            if name not in self.absent:
                self.meant.setdefault((name, pod.name if pod else ""), time.time())

    def seen(self):
        """What has fired so far: name and pod."""
        found = self.server.at(FIRED, time.time())
        return {(one.labels["alertname"], one.labels.get("pod", "")) for one in found}

    def fire(self, *later):
        """Waits until everything that was meant so far has fired, but for what takes its time."""
        names = {f"Logtriage{name}" for name in later}

        def waited_for():
            return sorted(one for one in set(self.meant) - self.seen() if one[0] not in names)

        until(lambda: not waited_for(), PATIENCE, "all alerts to fire", waited_for, every=0.5)

    def play(self):
        """All acts."""
        self.began = time.time()
        with ExitStack() as usual:
            self.load(usual)
            time.sleep(CALM_SECONDS)
            self.trouble = time.time()
            self.swap()
            self.judge_the_judge()
            self.refuse()
            self.half_a_bundle()
            with self.failing_member():
                with self.slow_senders():
                    self.too_much()
                self.overload()
                self.drain()
                self.start_over()
                self.fire()
            self.mend()
            self.metrics = self.cast[0].metrics()
            self.ended = time.time()
        self.curtain()

    def load(self, usual):
        """What comes all the time: lines of all kinds, but for one pod those of a single kind alone,
        which is nothing like what its bundle was trained on."""
        self.means("Drift")
        path = self.directory / "alike.txt"
        path.write_text("\n".join(ALIKE) + "\n", "utf-8")
        for number, pod in enumerate(self.cast):
            lines = {"file": path} if number == 0 else {"seed": number}
            usual.enter_context(Load(self.program, pod, USUAL_BATCH, 2, rate=USUAL_RATE, **lines))

    def judge_the_judge(self):
        """People say what verdicts should have been, and somebody says it in no form that is known."""
        told = {"id": "1", "category": "noise", "digest": self.bundles["second"].digest}
        for correct in ("critical", "noise"):
            self.cast[0].feedback(told | {"correct": correct})
        self.cast[0].feedback({"category": "loud"})

    def swap(self):
        """A good bundle reaches all pods; one of them gets another, and is rolled back by hand."""
        for pod in self.cast:
            pod.publish(self.bundles["second"])
        last = self.cast[2]
        self.means(("Pinned", last))
        last.publish(self.bundles["third"])
        last.roll_back()
        last.serves(self.bundles["second"])

    def refuse(self):
        """A bundle that no pod can serve."""
        first = self.cast[0]
        self.means(("ModelRefused", first))
        first.refuses(self.bundles["foreign"], "unknown_format")
        self.fire(*SLOW)

    @contextmanager
    def failing_member(self):
        """Records that the anomaly detector fails on, in every batch of one pod, which has less
        processor time than it wants."""
        path = self.directory / "failing.txt"
        # Remembered votes need no model: only lines that come back are well.
        lines = ["x" * FAILING_BYTES, *["session opened for user root"] * 9]
        path.write_text("\n".join(lines * (FAILING_BATCH // 10)) + "\n", "utf-8")
        last = self.cast[2]
        self.means(("Degraded", last))
        if self.limited:
            self.means(("Throttled", last))
        with Load(self.program, last, FAILING_BATCH, FAILING_CONNECTIONS, file=path):
            yield

    def half_a_bundle(self):
        """A bundle without one of its files: it may still be written, so it is looked at for long."""
        first = self.cast[0]
        self.means(("CandidateStuck", first))
        first.volume.publish(self.bundles["third"], without=("classifier.onnx",))

    @contextmanager
    def slow_senders(self):
        """Senders whose bodies take longer to come than an answer may take."""
        self.means("LatencyBurnFast", "LatencyBurnSlow")
        with SlowSenders(self.cast[0], SLOW_SENDERS, BODY_SECONDS):
            yield
            self.fire(*SLOW)

    def too_much(self):
        """More in the queue of a pod than it can judge before the deadline, and callers that err."""
        first = self.cast[0]
        self.means(("QueueOld", first), ("FailOpen", first))
        with Load(self.program, first, HUGE_BATCH, HUGE_CONNECTIONS, seed=21):
            for _ in range(3):
                first.post([{"message": "a record"}, 17])
                first.give_up([{"message": "nobody waits for this"}] * 100)
            self.fire(*SLOW, "LatencyBurnFast")

    def overload(self):
        """More than a pod with a small queue can hold."""
        self.means("Overloaded")
        with Load(self.program, self.cast[1], BURST_BATCH, BURST_CONNECTIONS, seed=11):
            self.fire(*SLOW)

    def drain(self):
        """A pod that is to end, whose senders do not go away, held up by a body that never ends."""
        second = self.cast[1]
        self.means(
            ("NothingJudged", second),
            ("PodDown", second),
            "AvailabilityBurnFast",
            "AvailabilityBurnSlow",
        )
        with second.hold():
            second.terminate()
            self.fire(*SLOW)
        second.kill()

    def start_over(self):
        """A pod that starts again and again, and finds a bundle that it must refuse."""
        second = self.cast[1]
        self.means("DigestsDiffer", ("Restarting", second))
        # What a stand-in judges is flagged degraded and fail_open.
        self.means(("StandIn", second), ("Degraded", second), ("FailOpen", second))
        second.volume.publish(self.bundles["foreign"])
        for number in range(RESTARTS):
            if number:
                # Two starts must not fall into one second: a process says when it began in whole ones.
                time.sleep(1.2)
                second.kill()
            second.start()
            assert second.stands_in()

    def mend(self):
        """All is well again: what serves is the same everywhere."""
        self.cast[1].publish(self.bundles["second"])
        time.sleep(SCRAPED_SECONDS)

    def curtain(self):
        """All pods go at once."""
        self.means("Unavailable")
        for pod in self.cast:
            pod.kill()
        self.fire()
        time.sleep(SCRAPED_SECONDS)
        # What the empty stage raises from here on is nobody's business.
        self.closed = time.time()


def absent_alerts(rules, asked):
    """Names of the alerts whose expression asks, if only by way of what is recorded, for what is not
    there; `asked` tells of an expression what that is."""
    recorded = {rule["record"]: rule["expr"] for rule in rules if "record" in rule}

    def whole(expr):
        further = [text for name, text in recorded.items() if name in expr and text != expr]
        return " ".join([expr, *map(whole, further)])

    return frozenset(
        rule["alert"] for rule in rules if "alert" in rule and asked(whole(rule["expr"]))
    )
