"""rotel, an OTLP receiver, as a process that writes every span it gets to its debug log."""

import importlib.util
import os
import re
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cluster import ClusterError
from cluster.waiting import until

START_SECONDS = 30
END_SECONDS = 10
ARRIVE_SECONDS = 15
SPAN = re.compile(r"^(?=Span #\d+$)", re.MULTILINE)
RESOURCE = re.compile(r"^(?=ResourceSpans #\d+$)", re.MULTILINE)
ATTRIBUTE = re.compile(r"^ +-> (\S+): (?:Str|Int|Bool|Double)\((.*)\)$", re.MULTILINE)
LINK = re.compile(r"^ +-> Trace ID: (\w+)\n +-> ID: (\w+)$", re.MULTILINE)


@dataclass
class Span:
    """A span as it arrived."""

    trace: str
    parent: str
    id: str
    name: str
    kind: str
    start: int
    end: int
    status: str
    attributes: dict
    links: list = field(default_factory=list)
    resource: dict = field(default_factory=dict)


def program():
    """The receiver's program: the one that ROTEL names, or the one of the Python package."""
    found = importlib.util.find_spec("rotel")
    places = [os.environ.get("ROTEL"), found and Path(found.origin).parent / "rotel-agent"]
    for place in filter(None, places):
        if os.access(place, os.X_OK):
            return str(place)
    raise ClusterError(
        "expected rotel-agent, found none; run scripts/tools/python.sh scripts/requirements-traces.txt"
    )


def free_port():
    """A port of the loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Receiver:
    """A running rotel. A context manager: entered, it takes spans; left, it is gone."""

    def __init__(self):
        self.grpc, self.http = free_port(), free_port()
        self.log = tempfile.NamedTemporaryFile("w+", prefix="rotel-", suffix=".log")  # noqa: SIM115
        self.process = None

    def endpoint(self, protocol):
        """What OTEL_EXPORTER_OTLP_ENDPOINT has to be."""
        return f"http://127.0.0.1:{self.grpc if protocol == 'grpc' else self.http}"

    def __enter__(self):
        arguments = [
            *("--otlp-grpc-endpoint", f"127.0.0.1:{self.grpc}"),
            *("--otlp-http-endpoint", f"127.0.0.1:{self.http}"),
            *("--exporter", "blackhole", "--debug-log", "traces"),
            *("--debug-log-verbosity", "detailed"),
        ]
        self.process = subprocess.Popen(
            [program(), "start", *arguments],
            env={"PATH": os.environ.get("PATH", ""), "NO_COLOR": "1"},
            cwd=tempfile.gettempdir(),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        try:
            until(self.listens, START_SECONDS, "rotel to listen", self.text)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def listens(self):
        """True once both ports are open."""
        if self.process.poll() is not None:
            raise ClusterError(f"rotel ended with {self.process.returncode}: {self.text()}")
        for port in (self.grpc, self.http):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                return False
        return True

    def text(self):
        """All that it wrote."""
        return Path(self.log.name).read_text("utf-8", "replace")

    def spans(self):
        """All spans that it got."""
        found = []
        for part in RESOURCE.split(self.text())[1:]:
            head, *spans = SPAN.split(part)
            resource = dict(ATTRIBUTE.findall(head))
            found += [read(text, resource) for text in spans if "End time" in text]
        return found

    def wait_for(self, look, what):
        """The first true answer of `look(spans)`, of the spans that have arrived."""
        return until(lambda: look(self.spans()), ARRIVE_SECONDS, what, self.names, every=0.1)

    def names(self):
        """The names of what arrived, for a message."""
        return ", ".join(span.name for span in self.spans())


def read(text, resource):
    """A Span out of its part of the log."""

    def value(name):
        found = re.search(rf"^ *{name} *: *(\S.*)?$", text, re.MULTILINE)
        return ((found and found[1]) or "").strip()

    own, _, links = text.partition("\nLinks:\n")
    return Span(
        trace=value("Trace ID"),
        parent=value("Parent ID"),
        id=value("ID"),
        name=value("Name"),
        kind=value("Kind"),
        start=int(value("Start time")),
        end=int(value("End time")),
        status=value("Status code"),
        attributes=dict(ATTRIBUTE.findall(own)),
        links=LINK.findall(links),
        resource=resource,
    )
