"""HAProxy as a plain TCP balancer that asks the pods' readiness, as a Service and its kubelet do."""

import os
import socket
import subprocess
from pathlib import Path

from cluster import ROOT, ClusterError
from cluster.waiting import until
from monitoring.server import free_port

END_SECONDS = 10
CHECK_MS = 100
"""How often readiness is asked for; a pod is out after one failure and in after one success."""


def program():
    """What HAPROXY names, or the one in .tools."""
    path = Path(os.environ.get("HAPROXY") or ROOT / ".tools/haproxy/haproxy")
    if not os.access(path, os.X_OK):
        raise ClusterError(f"expected haproxy at {path}, found none; run scripts/tools/haproxy.sh")
    return path


class Balancer:
    """One address for several pods. A context manager."""

    def __init__(self, directory, pods):
        self.address = f"127.0.0.1:{free_port()}"
        self.admin = directory / "admin"
        self.pods = pods
        self.file = directory / "haproxy.cfg"
        servers = [
            f"  server {pod.name} {pod.data} check port {pod.operations.rpartition(':')[2]}"
            for pod in pods
        ]
        self.file.write_text("\n".join([*self.head(), *servers]) + "\n", "utf-8")
        self.process = None

    def head(self):
        """All but the pods."""
        return (
            "global",
            f"  stats socket {self.admin} mode 600 level admin",
            "defaults",
            "  mode tcp",
            "  timeout connect 2s",
            "  timeout client 60s",
            "  timeout server 60s",
            # A connection that a pod refuses is tried on another one.
            "  retries 2",
            "  option redispatch 1",
            "listen pods",
            f"  bind {self.address}",
            "  balance roundrobin",
            "  option httpchk GET /readyz",
            f"  default-server inter {CHECK_MS}ms fall 1 rise 1",
        )

    def __enter__(self):
        self.process = subprocess.Popen(
            [str(program()), "-db", "-f", str(self.file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()

    def knows(self, pod, up):
        """Waits until a pod gets connections, or none any more."""
        wanted = "UP" if up else "DOWN"
        until(
            lambda: self.admin.exists() and self.state(pod) == wanted,
            10,
            f"{pod.name} to be {wanted}",
            lambda: self.state(pod),
        )

    def state(self, pod):
        """UP or DOWN, as HAProxy says it."""
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self.admin))
            asked.sendall(b"show stat\n")
            text = b"".join(iter(lambda: asked.recv(65536), b"")).decode("utf-8")
        head, *rows = text.lstrip("# ").splitlines()
        place = head.split(",").index("status")
        for row in rows:
            cells = row.split(",")
            if len(cells) > place and cells[1] == pod.name:
                return cells[place].split(" ")[0]
        return "unknown"
