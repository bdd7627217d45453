"""Two pods behind a TCP balancer, restarted in turn ten times while senders post: none loses a record,
and no request fails twice."""

from collections import Counter

import pytest
from cluster import ROOT
from cluster.service import Service
from monitoring.server import free_port
from monitoring.stage import program_under_test
from rollout.balancer import Balancer
from rollout.senders import Senders

RESTARTS = 10
SENDERS = 8


class Pod:
    """A pod that comes back under the same name with the same address."""

    def __init__(self, number, program):
        self.name = f"logtriage-{number}"
        self.data, self.operations = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.program, self.service = program, None

    def start(self):
        settings = {
            "server.listen": self.data,
            "operations.listen": self.operations,
            "shutdown.delay": "1s",
            "shutdown.grace": "10s",
            "engine.workers": 1,
        }
        self.service = Service(self.program, settings, {})
        self.service.__enter__()

    def end(self):
        """Its exit code."""
        return self.service.end() if self.service else None


@pytest.fixture
def pods():
    made = [Pod(number, program_under_test(ROOT)) for number in range(2)]
    try:
        for pod in made:
            pod.start()
        yield made
    finally:
        for pod in made:
            pod.end()


def test_a_rolling_restart_loses_nothing(pods, tmp_path, record_property):
    codes = []
    with Balancer(tmp_path, pods) as balancer:
        for pod in pods:
            balancer.knows(pod, up=True)
        with Senders(balancer.address, SENDERS) as senders:
            for number in range(RESTARTS):
                pod = pods[number % 2]
                codes.append(pod.end())
                balancer.knows(pod, up=False)
                pod.start()
                balancer.knows(pod, up=True)
    sent, judged = senders.total("sent"), senders.total("judged")
    first = Counter(senders.total("first"))
    told = f"{sent} records, {judged} judged, failed once: {dict(first)}"
    print(f"rollout: {RESTARTS} restarts, {told}")
    assert codes == [0] * RESTARTS
    assert senders.total("lost") == [], told
    assert judged == sent > 0, told
    # A sender is told to go before its pod refuses anything: next to none hears a refusal.
    assert sum(first.values()) <= RESTARTS, told
