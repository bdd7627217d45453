"""Prometheus as a process, which finds pods as it would in a cluster."""

import json
import os
import socket
import subprocess
from pathlib import Path

import yaml
from cluster import ROOT, ClusterError
from cluster.waiting import until
from dashboards import RULES
from dashboards.prometheus import Api

from monitoring import lens

NAMESPACE, RELEASE = "siem", "logtriage"
START_SECONDS = 60
END_SECONDS = 20


def tool(name):
    """The program that the environment names (PROMETHEUS, PROMTOOL), or the one in .tools."""
    path = Path(os.environ.get(name.upper()) or ROOT / ".tools/prometheus" / name)
    if not os.access(path, os.X_OK):
        raise ClusterError(
            f"expected {name} at {path}, found none; run scripts/tools/prometheus.sh"
        )
    return path


def free_port():
    """A port of the loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def relabelling():
    """What the Prometheus operator makes of a ServiceMonitor with the jobLabel
    app.kubernetes.io/instance: labels of the pod, out of what the discovery says of it."""
    meta = "__meta_kubernetes_"
    return [
        {"source_labels": [f"{meta}namespace"], "target_label": "namespace"},
        {"source_labels": [f"{meta}service_name"], "target_label": "service"},
        {"source_labels": [f"{meta}pod_name"], "target_label": "pod"},
        {"source_labels": [f"{meta}pod_container_name"], "target_label": "container"},
        {
            "source_labels": [f"{meta}service_label_app_kubernetes_io_instance"],
            "target_label": "job",
            "regex": "(.+)",
        },
        {"target_label": "endpoint", "replacement": "operations"},
    ]


def discovered(pod, address):
    """A target as the discovery of a cluster tells it."""
    meta = "__meta_kubernetes_"
    return {
        "targets": [address],
        "labels": {
            f"{meta}namespace": NAMESPACE,
            f"{meta}service_name": "logtriage",
            f"{meta}pod_name": pod,
            f"{meta}pod_container_name": "logtriage",
            f"{meta}service_label_app_kubernetes_io_instance": RELEASE,
        },
    }


class Server(Api):
    """A running Prometheus. A context manager: entered, it scrapes; left, it is gone."""

    def __init__(self, directory):
        self.directory, self.port = directory, free_port()
        self.process = None
        super().__init__(f"http://127.0.0.1:{self.port}")

    def watch(self, targets):
        """Says which pods there are, name to address; Prometheus sees it within a second or two."""
        found = [discovered(pod, address) for pod, address in targets.items()]
        new = self.directory / "targets.new"
        new.write_text(json.dumps(found), "utf-8")
        new.rename(self.directory / "targets.json")

    def configure(self):
        """Writes configuration and rules."""
        (self.directory / "rules.yaml").write_text(lens.rules(RULES.read_text("utf-8")), "utf-8")
        monitor = {
            "job_name": f"serviceMonitor/{NAMESPACE}/logtriage/0",
            "file_sd_configs": [{"files": ["targets.json"], "refresh_interval": "1s"}],
            "relabel_configs": relabelling(),
        }
        every = {
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "evaluation_interval": "1s",
        }
        configuration = {"global": every, "rule_files": ["rules.yaml"], "scrape_configs": [monitor]}
        (self.directory / "prometheus.yaml").write_text(yaml.safe_dump(configuration), "utf-8")

    def __enter__(self):
        self.configure()
        self.watch({})
        log = (self.directory / "log").open("wb")
        self.process = subprocess.Popen(
            [
                str(tool("prometheus")),
                "--config.file=prometheus.yaml",
                "--storage.tsdb.path=data",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=warn",
            ],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            until(self.begun, START_SECONDS, "Prometheus to be ready", self.tail, every=0.1)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def begun(self):
        """True once it answers queries."""
        if self.process.poll() is not None:
            raise ClusterError(f"Prometheus ended at its start; log: {self.tail()}")
        return self.ready()

    def end(self):
        """SIGTERM, and SIGKILL where that is not enough."""
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self):
        """The end of its log, for a message."""
        return (self.directory / "log").read_text("utf-8", "replace")[-2000:]

    def firing(self):
        """Name and pod of each alert that fires now; the pod is empty for those of a release."""
        found = self.ask("alerts")["alerts"]
        return {
            (one["labels"]["alertname"], one["labels"].get("pod", ""))
            for one in found
            if one["state"] == "firing"
        }
