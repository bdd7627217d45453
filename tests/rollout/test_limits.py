"""The limits of the container, read at the start: a tree of control groups is mounted over the machine's
own, in a mount namespace of the process (which needs root; elsewhere this is skipped)."""

import json
import shutil
import signal
import subprocess

import pytest
from benchmark.program import environment
from cluster import ROOT
from monitoring.stage import program_under_test

MIB = 1 << 20
SCRIPT = """mount -t tmpfs none /sys/fs/cgroup &&
echo "$1" >/sys/fs/cgroup/memory.max && echo '50000 100000' >/sys/fs/cgroup/cpu.max && exec "$2" serve"""
START_SECONDS = 60


def may_unshare():
    unshare = shutil.which("unshare")
    if not unshare:
        return False
    tried = [unshare, "-m", "sh", "-c", "mount -t tmpfs none /sys/fs/cgroup"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not may_unshare(), reason="a mount namespace cannot be made here (it takes root)"
)


def start(mib, **settings):
    """The service within so many mebibytes."""
    given = {"server.listen": "127.0.0.1:0", "operations.listen": "127.0.0.1:0"} | settings
    return subprocess.Popen(
        ["unshare", "-m", "sh", "-c", SCRIPT, "sh", str(mib * MIB), program_under_test(ROOT)],
        env=environment(given | {"shutdown.delay": "0s"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process, message):
    """The first line of the log with that message."""
    for line in process.stderr:
        found = json.loads(line)
        if found["message"] == message:
            return found
    return None


def test_a_limit_below_what_is_needed_ends_the_start_with_the_reason():
    process = start(16)
    error = told(process, "the service failed")["error"]
    assert process.wait(START_SECONDS) == 1
    assert "expected a memory limit of" in error
    assert "found 16 MiB" in error
    assert "server.inflight_bytes" in error


@pytest.mark.parametrize(
    ("settings", "inflight"), [({}, 32 * MIB), ({"server.inflight_bytes": "20MiB"}, 20 * MIB)]
)
def test_bounds_come_from_the_limit_unless_they_are_said(settings, inflight):
    process = start(128, **settings)
    try:
        serving = told(process, "serving")
        assert serving["memory_limit_bytes"] == 128 * MIB
        assert serving["cpu_limit_cores"] == 0.5
        assert serving["inflight_bytes"] == inflight
        assert serving["queue_bytes"] == 16 * MIB
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0
