"""What the tests of observability share: one performance, watched by one Prometheus."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from cluster.waiting import until
from dashboards import ROOT, RULES
from monitoring import acts, fragile, missing
from monitoring.server import Server
from monitoring.stage import Pod, Quota, program_under_test
from monitoring.volume import Volume

CORES = 0.5


def pytest_addoption(parser):
    parser.addoption(
        "--pictures", type=Path, help="also put the pictures of the dashboards into this directory"
    )


@dataclass
class Performance:
    """What happened, and the Prometheus that saw it."""

    server: Server
    acts: acts.Acts


@pytest.fixture(scope="session")
def rules():
    """All rules of the file, whatever their group."""
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """Good bundles whose anomaly detector fails on long messages, and one that is refused."""
    directory = tmp_path_factory.mktemp("bundles")
    made = {
        name: fragile.bundle(directory / name, version)
        for name, version in (
            ("first", "2026.12.1"),
            ("second", "2026.12.2"),
            ("third", "2026.12.3"),
        )
    }
    return made | {"foreign": fragile.foreign(made["first"], directory / "foreign", "2027.1.1")}


@pytest.fixture(scope="session")
def performance(tmp_path_factory, bundles, rules):
    """All acts, once. The Prometheus that saw them answers until the tests are over."""
    program = program_under_test(ROOT)
    directory = tmp_path_factory.mktemp("stage")
    quota = Quota(CORES)
    limited = quota.around(program, directory)

    def pod(number, runs, **settings):
        volume = Volume(directory / f"volume-{number}")
        volume.publish(bundles["first"])
        return Pod(f"logtriage-{number}", runs, volume, **settings)

    cast = [
        pod(0, program, **{"batch.queue_records": acts.LARGE_QUEUE}),
        pod(1, program, **{"batch.queue_records": acts.SMALL_QUEUE, "shutdown.grace": "90s"}),
        pod(2, limited, **{"server.message_limit": "7KiB"}),
    ]
    with Server(tmp_path_factory.mktemp("prometheus")) as server:
        played = acts.Acts(server, cast, bundles, program, directory)
        played.absent = acts.absent_alerts(rules, missing.asked)
        played.limited = quota.processes is not None
        try:
            for one in cast:
                one.start()
            server.watch({one.name: one.operations for one in cast})
            until(
                lambda: len(server.at("logtriage_build_info", time.time())) == len(cast),
                30,
                "all pods to be scraped",
            )
            played.play()
        finally:
            for one in cast:
                one.kill()
            quota.remove()
        yield Performance(server, played)
