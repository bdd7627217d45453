"""A service under limits of processor and memory, as far as the machine allows.

The processor's limit is the quota of a control group of its own, which is what a container gets.
Where no group can be made, the service is held to one processor and stopped for a share of every
period (SIGSTOP, SIGCONT). Memory is limited by the same control group; where somebody else manages
the group that this process is in, it is left alone, and RLIMIT_DATA limits what the service can
allocate instead, which is stricter than a limit of resident memory.
"""

import json
import os
import resource
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmark.program import BINARY, ROOT, BenchError, environment

CGROUP = Path("/sys/fs/cgroup")
PERIOD_US = 100_000
START_SECONDS = 60


def own_groups(text):
    """Control groups of a process by controller, from /proc/PID/cgroup; "" is version 2."""
    groups = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.removeprefix("name=").split(","):
            groups[controller] = path
    return groups


def candidates(groups, root=CGROUP):
    """(directory to make, files to write by limit) for processor and memory, in this order; None
    where a controller is not there, or where another manager owns the group of this process."""
    name = f"logtriage-bench-{os.getpid()}"
    if groups.get("") == "/" and (root / "cgroup.controllers").is_file():
        unified = root / name
        return (unified, {"cpu.max": "{quota} {period}"}), (unified, {"memory.max": "{memory}"})
    cpu = memory = None
    if groups.get("cpu") == "/":
        files = {"cpu.cfs_period_us": "{period}", "cpu.cfs_quota_us": "{quota}"}
        cpu = (root / "cpu" / name, files)
    if groups.get("memory") == "/":
        memory = (root / "memory" / name, {"memory.limit_in_bytes": "{memory}"})
    return cpu, memory


def make(candidate, values):
    """Make a group and set its limits; the file that takes process ids, or None where that fails."""
    if candidate is None:
        return None
    directory, files = candidate
    try:
        directory.mkdir(exist_ok=True)
        for name, form in files.items():
            (directory / name).write_text(form.format(**values))
    except OSError:
        with suppress(OSError):
            directory.rmdir()
        return None
    return directory / "cgroup.procs"


def remove(directories):
    """Remove groups; a group goes once its last process has."""
    for directory in directories:
        for _ in range(50):
            try:
                directory.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.05)


class DutyCycle(threading.Thread):
    """Lets a process run for a share of each period."""

    def __init__(self, pid, share):
        super().__init__(daemon=True)
        self.pid, self.share = pid, share
        self.ended = threading.Event()

    def run(self):
        period = PERIOD_US / 1e6
        while not self.ended.wait(period * self.share):
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGSTOP)
            self.ended.wait(period * (1 - self.share))
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGCONT)

    def end(self):
        self.ended.set()
        self.join()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)


def wait_until_serving(process):
    """Address of the data port, from the service's log; the log is then read to its end."""
    deadline = time.monotonic() + START_SECONDS
    for line in process.stderr:
        with suppress(ValueError):
            told = json.loads(line)
            if told.get("message") == "serving":
                threading.Thread(target=process.stderr.read, daemon=True).start()
                return told["listen"]
        if time.monotonic() > deadline:
            break
    raise BenchError("expected the service to start within its limits, found that it did not")


@contextmanager
def service(cores, memory_mib, settings=None, binary=BINARY):
    """A service under limits: (address, process id, how the limits were set)."""
    memory = memory_mib * 2**20
    values = {"quota": int(cores * PERIOD_US), "period": PERIOD_US, "memory": memory}
    cpu, ram = candidates(own_groups(Path("/proc/self/cgroup").read_text("utf-8")))
    joined = [make(cpu, values), make(ram, values)]
    how = [
        "control group quota"
        if joined[0]
        else "one processor, stopped for the rest of each 100 ms",
        "control group" if joined[1] else "RLIMIT_DATA",
    ]

    def confine():
        for group in filter(None, joined):
            group.write_text(str(os.getpid()))
        if not joined[0]:
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        if not joined[1]:
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

    given = {
        "server.listen": "127.0.0.1:0",
        "operations.listen": "127.0.0.1:0",
        "log.level": "info",
        "log.format": "json",
        **(settings or {}),
    }
    if not joined[1]:
        # The service reads its limit from the control group; here it must be told.
        given["server.inflight_bytes"] = memory // 4
        given["batch.queue_bytes"] = memory // 8
        given["cache.entries"] = memory // 32 // 1024
    process = subprocess.Popen(
        [str(binary), "serve"],
        env=environment(given),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=confine,
    )
    duty = None if joined[0] else DutyCycle(process.pid, cores)
    try:
        if duty:
            duty.start()
        yield wait_until_serving(process), process.pid, "; ".join(how)
    finally:
        if duty:
            duty.end()
        process.kill()
        process.wait()
        remove(group.parent for group in filter(None, joined))
