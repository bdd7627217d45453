"""Kubeconfig files: how to reach a server, and as whom."""

import base64
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from cluster import ClusterError


@dataclass(frozen=True)
class Access:
    """Where a server is, and what proves who is asking: a token, or a client certificate.

    Paths are of PEM files. Without `authority` the system's own authorities are trusted.
    """

    server: str
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    token: str | None = None


def write(path, access, namespace="default"):
    """Write a kubeconfig with everything in it. JSON is YAML too, so no library is needed."""
    cluster = {"server": access.server}
    if access.authority:
        cluster["certificate-authority-data"] = encoded(access.authority)
    user = {}
    if access.token:
        user["token"] = access.token
    if access.certificate:
        user["client-certificate-data"] = encoded(access.certificate)
        user["client-key-data"] = encoded(access.key)
    name = "test"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}
        ],
        "current-context": name,
    }
    # It holds a secret: nobody else may read it, not even for a moment.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    return path


def read(path, directory=None):
    """Access by the current context of a kubeconfig; data in it is written to files in a directory."""
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        context = named(content, "contexts", content["current-context"])["context"]
        cluster = named(content, "clusters", context["cluster"])["cluster"]
        user = named(content, "users", context["user"])["user"]
        server = cluster["server"]
    except (OSError, TypeError, KeyError, yaml.YAMLError) as error:
        raise ClusterError(
            f"{path}: expected a kubeconfig with a current context, its cluster and its user; "
            f"found: {type(error).__name__} {error}"
        ) from error
    directory = Path(directory or tempfile.mkdtemp(prefix="logtriage-kubeconfig-"))
    files = Files(path.parent, directory)
    certificate = files.find(user, "client-certificate")
    token = user.get("token")
    if token is None and user.get("tokenFile"):
        token = (path.parent / user["tokenFile"]).read_text("utf-8").strip()
    if not token and not certificate:
        raise ClusterError(
            f"{path}: expected a token or a client certificate for the user {context['user']}, "
            f"found {', '.join(user) or 'nothing'}; make a kubeconfig that holds one of the two"
        )
    return Access(
        server=server,
        authority=files.find(cluster, "certificate-authority"),
        certificate=certificate,
        key=files.find(user, "client-key"),
        token=token,
    )


def named(content, kind, name):
    """The entry of a list that has a name."""
    for entry in content[kind] or []:
        if entry["name"] == name:
            return entry
    raise KeyError(f"{name} among {kind}")


class Files:
    """Finds what a kubeconfig names as a file, relative to itself, or holds as data."""

    def __init__(self, beside, directory):
        self.beside, self.directory = beside, directory

    def find(self, entry, key):
        """The path of a PEM file, or None."""
        if entry.get(f"{key}-data"):
            path = self.directory / f"{key}.pem"
            path.touch(mode=0o600)
            path.write_bytes(base64.b64decode(entry[f"{key}-data"]))
            return path
        return self.beside / entry[key] if entry.get(key) else None


def encoded(path):
    """A file in base64."""
    return base64.b64encode(path.read_bytes()).decode("ascii")
