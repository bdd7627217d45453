"""etcd and kube-apiserver as processes on loopback: started, killed, started again, ended."""

import os
import random
import socket
import subprocess
import time
from contextlib import suppress

from cluster import ROOT, ClusterError
from cluster.client import Api
from cluster.kubeconfig import Access

START_SECONDS = 90
# Below the ports that a system gives to clients, so that nobody takes the server's while it is down.
PORTS = range(20_000, 32_000)


def binary(variable, installed):
    """The program that an environment variable names, or the installed one."""
    found = os.path.abspath(os.environ.get(variable) or ROOT / ".tools" / installed)
    if not os.access(found, os.X_OK):
        raise ClusterError(
            f"expected a program at {found}, found none; `make cluster-tools` installs it, "
            f"or {variable} names one"
        )
    return found


def free_port():
    """A port of loopback that nobody listens on."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ClusterError(f"expected a free port among {PORTS.start} to {PORTS.stop}, found none")


class Process:
    """A program with its log, ended by its own id."""

    def __init__(self, name, command, directory):
        self.name, self.command = name, [str(word) for word in command]
        self.log = directory / f"{name}.log"
        self.process = None

    def start(self):
        """Start it; its log goes on where an earlier one ended."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.log.parent
            )

    def kill(self):
        """SIGKILL, and wait until it is gone."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ended(self):
        """True where it ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def tail(self):
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-2000:] if self.log.exists() else ""


class ControlPlane:
    """An API server over an etcd of its own. There is no kubelet, no scheduler, no controller."""

    def __init__(self, directory, pki):
        self.directory, self.pki = directory, pki
        self.etcd = self.apiserver = self.access = self.api = None

    def start(self):
        """Start both; once more on other ports where somebody was quicker to take one."""
        programs = binary("ETCD", "etcd/etcd"), binary("KUBE_APISERVER", "kube-apiserver")
        for attempt in range(3):
            self.prepare(*programs, attempt)
            try:
                self.etcd.start()
                self.restart()
                return
            except ClusterError:
                self.stop()
                taken = "address already in use" in self.etcd.tail() + self.apiserver.tail()
                if attempt == 2 or not taken:
                    raise

    def prepare(self, etcd, apiserver, attempt):
        """The command lines, with ports that are free now."""
        place = self.directory / f"run-{attempt}"
        place.mkdir(parents=True)
        client, peer, port = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
        self.etcd = Process(
            "etcd",
            [
                *(etcd, "--name=test", f"--data-dir={place}/etcd", "--unsafe-no-fsync"),
                *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
                *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
                f"--initial-cluster=test={peer}",
            ],
            place,
        )
        port = port.rpartition(":")[2]
        pki = self.pki
        self.apiserver = Process(
            "kube-apiserver",
            [
                *(apiserver, f"--etcd-servers={client}", f"--cert-dir={place}/certificates"),
                *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"),
                *(f"--secure-port={port}", f"--client-ca-file={pki.authority.certificate}"),
                f"--tls-cert-file={pki.server.certificate}",
                f"--tls-private-key-file={pki.server.key}",
                f"--service-account-key-file={pki.token_public_key}",
                f"--service-account-signing-key-file={pki.token_key}",
                "--service-account-issuer=https://kubernetes.default.svc",
                *("--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC"),
                # The controller that would make each namespace's own account does not run.
                "--disable-admission-plugins=ServiceAccount",
                # A loopback address may not be an endpoint of the service `kubernetes`.
                *("--endpoint-reconciler-type=none", "--profiling=false"),
            ],
            place,
        )
        self.access = Access(
            server=f"https://127.0.0.1:{port}",
            authority=pki.authority.certificate,
            certificate=pki.admin.certificate,
            key=pki.admin.key,
        )
        self.api = Api(self.access)

    def restart(self):
        """Start the API server, on the port that it had, and wait until it is ready; the seconds
        that it took."""
        began = time.monotonic()
        self.apiserver.start()
        while not self.api.healthy():
            for part in (self.etcd, self.apiserver):
                if part.ended():
                    raise ClusterError(f"{part.name} ended by itself; its log: {part.tail()}")
            if time.monotonic() - began > START_SECONDS:
                raise ClusterError(
                    f"expected a ready API server within {START_SECONDS} s, found none; its log: "
                    f"{self.apiserver.tail()}"
                )
            time.sleep(0.05)
        return time.monotonic() - began

    def kill(self):
        """kill -9 of the API server. What it held stays in etcd."""
        self.apiserver.kill()

    def stop(self):
        """End both."""
        for part in (self.apiserver, self.etcd):
            if part:
                part.kill()
