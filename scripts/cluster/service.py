"""`logtriage serve` as a process, and a client that posts records to it without a pause."""

import http.client
import json
import os
import subprocess
import tempfile
import threading
import time
from collections import Counter

from benchmark.program import environment

from cluster import ClusterError
from cluster.waiting import until

START_SECONDS = 60
END_SECONDS = 20
ANSWER_SECONDS = 10
PROBE_EVERY = 0.05
MESSAGES = (
    "sshd[812]: Failed password for root from 203.0.113.9 port 52144 ssh2",
    "kernel: Out of memory: Killed process 4411 (java) total-vm:8123456kB",
    "GET /healthz HTTP/1.1 200 2 kube-probe/1.29",
    "connection from 10.1.2.3:44012 accepted",
)
BODY = json.dumps(
    {"logs": [{"id": str(number), "message": text} for number, text in enumerate(MESSAGES)]}
).encode("utf-8")


def ask(address, method, path, body=None):
    """Status and body of one request to `HOST:PORT`."""
    connection = http.client.HTTPConnection(address, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Service:
    """A running `logtriage serve`. A context manager: entered, it serves; left, it is gone."""

    def __init__(self, program, settings, variables):
        """`settings` maps dotted keys to values, `variables` are of the environment beside them."""
        given = {
            "server.listen": "127.0.0.1:0",
            "operations.listen": "127.0.0.1:0",
            "log.level": "info",
            "log.format": "json",
            "shutdown.delay": "0s",
            **settings,
        }
        self.program = program
        self.environment = environment(given) | variables
        self.process = self.data = self.operations = self.reader = self.pod = None
        self.lines = []

    def __enter__(self):
        self.process = subprocess.Popen(
            [str(self.program), "serve"],
            env=self.environment,
            cwd=tempfile.gettempdir(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        try:
            until(self.serving, START_SECONDS, "the service to serve", self.tail)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def read(self):
        """Take the log in as it is written."""
        for line in self.process.stderr:
            try:
                told = json.loads(line)
            except ValueError:
                told = {"level": "", "message": line.rstrip()}
            self.lines.append(told)

    def serving(self):
        """True once the log has said the addresses."""
        code = self.process.poll()
        if code is not None:
            self.reader.join()
            raise ClusterError(f"the service ended with {code} at its start; log: {self.tail()}")
        for told in self.lines:
            if told.get("message") == "serving":
                self.data, self.operations = told["listen"], told["operations"]
                return True
        return False

    def end(self):
        """SIGTERM, and SIGKILL where that is not enough; the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def reload(self):
        """Status and body of POST /v1/models/reload, which loopback may ask for."""
        return ask(self.operations, "POST", "/v1/models/reload", b"{}")

    def tail(self):
        """The end of its log, for a message."""
        return "\n".join(json.dumps(told) for told in self.lines[-8:])

    def said(self, *words, levels=("WARN", "ERROR")):
        """The log lines of these levels that hold all words, in whatever field."""
        return [
            told
            for told in list(self.lines)
            if told.get("level", "").upper() in levels
            and all(word in json.dumps(told) for word in words)
        ]

    def models(self):
        """What GET /v1/models answers."""
        status, body = ask(self.operations, "GET", "/v1/models")
        assert status == 200, f"GET /v1/models: expected 200, found {status}: {body[:500]}"
        return json.loads(body)

    def ready(self):
        """Whether the pod would get requests."""
        return ask(self.operations, "GET", "/readyz")[0] == 200

    def metric(self, name, **labels):
        """The value of one series, 0 where there is none."""
        _, body = ask(self.operations, "GET", "/metrics")
        for line in body.decode("utf-8").splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name and all(
                f'{key}="{value}"' in series for key, value in labels.items()
            ):
                return float(value)
        return 0.0

    def wait_for(self, bundle, seconds):
        """Wait until a bundle serves; what /v1/models says then."""

        def look():
            told = self.models()
            return told if told["serving"]["digest"] == bundle.digest else None

        return until(look, seconds, f"{bundle.version} to serve", self.told)

    def wait_for_rejection(self, code, seconds):
        """Wait until a candidate was refused for a reason; the rejection."""

        def look():
            told = self.models()["last_rejection"]
            return told if told and told["code"] == code else None

        return until(look, seconds, f"a rejection with the code {code}", self.told)

    def told(self):
        """What it says of its models, and the end of its log, for a message."""
        told = self.models()
        serving = {key: told["serving"].get(key) for key in ("version", "digest", "stand_in")}
        rest = {key: told.get(key) for key in ("candidate", "last_rejection")}
        return f"{json.dumps({'serving': serving, **rest})}; log:\n{self.tail()}"


class Poster(threading.Thread):
    """Posts without a pause while it is entered, and remembers whatever was not as it should be.

    Every answer must be a 200 that judges every record by a bundle that is expected, and the pod
    must be ready all the time.
    """

    def __init__(self, service, *expected):
        super().__init__(daemon=True)
        self.service = service
        self.expected = {bundle.digest for bundle in expected}
        self.answers, self.slowest, self.began = 0, 0.0, None
        self.failures, self.order, self.flags = [], [], {}
        self.first = {}
        self.over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        self.join()
        if kind is None:
            self.check()

    def check(self):
        """Fails unless there were answers, and each was as it should be."""
        assert self.answers > 0, "expected answers, found none"
        counted = Counter(self.failures)
        told = "; ".join(f"{times} times {what}" for what, times in counted.most_common(5))
        assert not self.failures, f"expected no failure among {self.answers} answers, found {told}"

    def run(self):
        probed = 0.0
        connection = None
        while not self.over.is_set():
            if connection is None:
                connection = http.client.HTTPConnection(self.service.data, timeout=ANSWER_SECONDS)
            began = time.monotonic()
            try:
                connection.request(
                    "POST", "/v1/classify", BODY, {"Content-Type": "application/json"}
                )
                answer = connection.getresponse()
                body = answer.read()
                self.took(answer.status, body, time.monotonic() - began)
                if time.monotonic() - probed > PROBE_EVERY:
                    probed = time.monotonic()
                    if not self.service.ready():
                        self.failures.append("readyz: not ready")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                connection.close()
                connection = None
        if connection:
            connection.close()

    def took(self, status, body, seconds):
        """One answer."""
        self.answers += 1
        self.slowest = max(self.slowest, seconds)
        if status != 200:
            self.failures.append(f"status {status}: {body[:200]!r}")
            return
        told = json.loads(body)
        digest = told["model"]["digest"]
        if digest not in self.expected:
            self.failures.append(f"judged by {digest}, which was not expected")
        judged = [result for result in told["results"] if "category" in result]
        if len(judged) != len(MESSAGES):
            self.failures.append(f"{len(judged)} of {len(MESSAGES)} records judged")
        if not self.order or self.order[-1] != digest:
            self.order.append(digest)
            self.first.setdefault(digest, time.monotonic())
        self.flags[digest] = {flag for result in judged for flag in result["flags"]}

    def wait_for(self, bundle, seconds):
        """When the first answer by a bundle came, as time.monotonic() tells it."""
        return until(
            lambda: self.first.get(bundle.digest),
            seconds,
            f"an answer by {bundle.version}",
            self.service.told,
        )


def pod_variables(namespace, pod, config):
    """What the downward API and a mounted token give a container, as far as the service reads it."""
    return {
        "KUBECONFIG": os.fspath(config),
        "POD_NAME": pod["metadata"]["name"],
        "POD_NAMESPACE": namespace.name,
        "POD_UID": pod["metadata"]["uid"],
    }
