"""The pods of a release as processes, and whatever is done to them."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from benchmark import limits
from benchmark.program import environment
from cluster import ClusterError
from cluster.service import Service as Process
from cluster.service import ask

from monitoring.server import free_port

SWAP_SECONDS = 30
SETTLE = "120s"
"""How long half a bundle is looked at: long enough that the alert on it can fire."""


class Pod:
    """A pod with a volume of its own. Its ports stay the same over restarts, as a pod's do."""

    def __init__(self, name, program, volume, **settings):
        self.name, self.program, self.volume = name, program, volume
        self.data, self.operations = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.settings = {
            "server.listen": self.data,
            "operations.listen": self.operations,
            "models.dir": volume.path,
            "models.settle": SETTLE,
            "engine.workers": 1,
        } | settings
        self.process = None

    def start(self):
        """Starts the process, which serves when this returns."""
        self.process = Process(self.program, self.settings, {})
        self.process.__enter__()

    def terminate(self):
        """Asks the process to end, and does not wait for that."""
        self.process.process.send_signal(signal.SIGTERM)

    def kill(self):
        """Ends the process at once, if there is one."""
        if self.process:
            self.process.process.kill()
            self.process.process.wait()

    def serves(self, bundle):
        """Waits until a bundle serves."""
        self.process.wait_for(bundle, SWAP_SECONDS)

    def publish(self, bundle):
        """Puts a good bundle on the volume and waits until it serves."""
        self.volume.publish(bundle)
        self.serves(bundle)

    def refuses(self, bundle, code):
        """Puts a bad bundle on the volume and waits until it is refused."""
        self.volume.publish(bundle)
        self.process.wait_for_rejection(code, SWAP_SECONDS)

    def roll_back(self):
        """Goes back to the bundle before."""
        status, body = ask(self.operations, "POST", "/v1/models/rollback", b"{}")
        if status != 200:
            raise ClusterError(f"rollback: expected 200, found {status}: {body[:500]}")

    def stands_in(self):
        """Whether it serves the built-in bundle in place of a refused one."""
        return self.process.models()["serving"]["stand_in"]

    def metrics(self):
        """What /metrics answers, as text."""
        status, body = ask(self.operations, "GET", "/metrics")
        if status != 200:
            raise ClusterError(f"/metrics: expected 200, found {status}")
        return body.decode("utf-8")

    def post(self, records):
        """Status of the answer to some records."""
        status, _ = ask(self.data, "POST", "/v1/classify", json.dumps(records).encode("utf-8"))
        return status

    def feedback(self, told):
        """Status of the answer to what somebody says of a verdict."""
        return ask(self.data, "POST", "/v1/feedback", json.dumps(told).encode("utf-8"))[0]

    def hold(self):
        """A request whose body never ends: a pod that was asked to end waits for it, up to its grace."""
        return self.send('[{"message":', 100)

    def give_up(self, records):
        """A request whose client goes away before the answer."""
        body = json.dumps(records)
        self.send(body, len(body)).close()

    def send(self, body, length):
        """The connection of a request that announces `length` bytes."""
        host, port = self.data.split(":")
        connection = socket.create_connection((host, int(port)))
        head = f"POST /v1/classify HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n"
        connection.sendall((head + body).encode("utf-8"))
        return connection


class Load:
    """`logtriage bench` against a pod, until it is ended."""

    def __init__(self, program, pod, batch, connections, rate=None, file=None, seed=1):
        lines = ("--file", file) if file else ("--seed", seed)
        rated = ("--rate", rate) if rate else ()
        arguments = [
            *("bench", "--url", f"http://{pod.data}", "--duration", "1h", "--warmup", "0s"),
            *("--batch", batch, "--connections", connections, *rated, *lines),
        ]
        self.process = subprocess.Popen(
            [str(program), *map(str, arguments)],
            env=environment({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class SlowSenders:
    """Connections that send request after request, each body in two parts with a pause between."""

    def __init__(self, pod, connections, seconds):
        self.pod, self.seconds = pod, seconds
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(connections)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        """Until told to end. What becomes of a request is for the metrics to tell."""
        parts = ('[{"message":', '"connection from 10.1.2.3 accepted"}]')
        while not self.over.is_set():
            with suppress(OSError), self.pod.send(parts[0], len("".join(parts))) as connection:
                time.sleep(self.seconds)
                connection.sendall(parts[1].encode("utf-8"))
                connection.recv(4096)


class Quota:
    """A control group that limits the processor, where this machine lets one be made."""

    def __init__(self, cores):
        groups = limits.own_groups(Path("/proc/self/cgroup").read_text("utf-8"))
        candidate, _ = limits.candidates(groups)
        values = {"quota": int(cores * limits.PERIOD_US), "period": limits.PERIOD_US}
        self.processes = limits.make(candidate, values)

    def around(self, program, directory):
        """The program, held within the group from its first instruction on."""
        if self.processes is None:
            return program
        path = directory / "limited"
        script = f'#!/bin/sh\necho $$ >"{self.processes}" && exec "{program}" "$@"\n'
        path.write_text(script, "utf-8")
        path.chmod(0o755)
        return path

    def remove(self):
        """Removes the group, once its processes are gone."""
        if self.processes:
            limits.remove([self.processes.parent])


def program_under_test(root):
    """The logtriage under test: what LOGTRIAGE_TEST_BINARY names, or the debug build."""
    path = root / (os.environ.get("LOGTRIAGE_TEST_BINARY") or "target/debug/logtriage")
    if not os.access(path, os.X_OK):
        raise ClusterError(
            f"expected logtriage at {path}, found none; build it, or set LOGTRIAGE_TEST_BINARY"
        )
    return path
