"""A cluster to test against: one of our own, or the one that KUBECONFIG names."""

import os
import secrets
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import yaml

from cluster import ROOT, kubeconfig, pki
from cluster.client import Api, ApiError
from cluster.server import ControlPlane
from cluster.waiting import until

CORE = "/api/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
EVENTS = "/apis/events.k8s.io/v1"
COLLECTIONS = {
    "ServiceAccount": f"{CORE}/namespaces/{{}}/serviceaccounts",
    "ConfigMap": f"{CORE}/namespaces/{{}}/configmaps",
    "Role": f"{RBAC}/namespaces/{{}}/roles",
    "RoleBinding": f"{RBAC}/namespaces/{{}}/rolebindings",
}
TOKEN_SECONDS = 3600
MANIFESTS = ROOT / "deploy/rbac"
"""What a person applies."""


class Cluster:
    """A running cluster, asked as its administrator."""

    def __init__(self, access, directory, plane=None, start_seconds=0.0):
        self.access, self.directory, self.plane = access, directory, plane
        self.start_seconds = start_seconds
        self.api = Api(access)
        self.namespaces = []

    @property
    def own(self):
        """Whether the API server is ours to kill."""
        return self.plane is not None

    def namespace(self, name="test"):
        """A new namespace, named after a test and told apart from all others."""
        made = Namespace(self, f"logtriage-{name}-{secrets.token_hex(4)}")
        self.api.create(f"{CORE}/namespaces", {"metadata": {"name": made.name}})
        self.namespaces.append(made)
        return made

    def clean(self):
        """Delete the namespaces in somebody else's cluster; our own goes as a whole."""
        if not self.own:
            for made in self.namespaces:
                with suppress(ApiError, OSError):
                    self.api.delete(f"{CORE}/namespaces/{made.name}")


class Namespace:
    """A namespace of a cluster, and what the tests do in it."""

    def __init__(self, cluster, name):
        self.cluster, self.api, self.name = cluster, cluster.api, name

    def collection(self, kind):
        """Path of a kind's objects in this namespace."""
        return COLLECTIONS[kind].format(self.name)

    def apply(self, documents):
        """Apply objects, moved into this namespace; the namespaces of subjects move with them."""
        for document in documents:
            moved = document | {"metadata": document["metadata"] | {"namespace": self.name}}
            if "subjects" in moved:
                moved["subjects"] = [
                    subject | {"namespace": self.name} for subject in moved["subjects"]
                ]
            path = f"{self.collection(moved['kind'])}/{moved['metadata']['name']}"
            self.api.apply(path, moved)

    def account(self, name="logtriage"):
        """A kubeconfig for a service account, which is made where it is not there."""
        self.apply([{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}])
        asked = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": TOKEN_SECONDS},
        }
        told = self.api.create(f"{self.collection('ServiceAccount')}/{name}/token", asked)
        access = kubeconfig.Access(
            server=self.cluster.access.server,
            authority=self.cluster.access.authority,
            token=told["status"]["token"],
        )
        path = self.cluster.directory / f"{self.name}-{name}.kubeconfig"
        return kubeconfig.write(path, access, self.name)

    def may(self, verb, resource, group="", name="", account="logtriage"):
        """Whether RBAC lets a service account do something in this namespace."""
        asked = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": f"system:serviceaccount:{self.name}:{account}",
                "groups": ["system:serviceaccounts", "system:authenticated"],
                "resourceAttributes": {
                    "namespace": self.name,
                    "verb": verb,
                    "group": group,
                    "resource": resource,
                    "name": name,
                },
            },
        }
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return self.api.create(path, asked)["status"]["allowed"]

    def allow(self, documents):
        """Apply roles and wait until the server, which reads them through a cache, goes by them."""
        self.apply(documents)
        rules = [rule for document in documents for rule in document.get("rules", [])]
        for rule in rules:
            for verb in rule["verbs"]:
                asked = {
                    "group": rule["apiGroups"][0],
                    "name": rule.get("resourceNames", [""])[0],
                }
                resource = rule["resources"][0]
                until(partial(self.may, verb, resource, **asked), 10, f"to {verb} {resource}")

    def pod(self, name="logtriage-0"):
        """A Pod, which stays Pending, because no scheduler takes it; the object, with its uid."""
        body = {
            "metadata": {"name": name},
            "spec": {
                "schedulerName": "nobody",
                "automountServiceAccountToken": False,
                "containers": [{"name": "logtriage", "image": "localhost/logtriage:none"}],
            },
        }
        return self.api.create(f"{CORE}/namespaces/{self.name}/pods", body)

    def events(self, reason, pod=None):
        """Events of a reason, oldest first; those on one pod where it is given."""
        items = self.api.get(f"{EVENTS}/namespaces/{self.name}/events")["items"]
        found = [
            item
            for item in items
            if item["reason"] == reason
            and (pod is None or item["regarding"].get("uid") == pod["metadata"]["uid"])
        ]
        return sorted(found, key=lambda item: item.get("eventTime") or "")

    def create_map(self, body):
        """Create a ConfigMap."""
        return self.api.create(self.collection("ConfigMap"), body)

    def replace_map(self, body):
        """Replace a ConfigMap; when the server had taken it, as time.monotonic() tells it."""
        self.api.replace(f"{self.collection('ConfigMap')}/{body['metadata']['name']}", body)
        return time.monotonic()

    def patch_map(self, name, change):
        """Change fields of a ConfigMap."""
        return self.api.patch(f"{self.collection('ConfigMap')}/{name}", change)

    def read_map(self, name):
        """A ConfigMap as it is."""
        return self.api.get(f"{self.collection('ConfigMap')}/{name}")

    def delete(self, kind, name):
        """Delete an object."""
        return self.api.delete(f"{self.collection(kind)}/{name}")


def documents(path):
    """The objects of a manifest file."""
    return [item for item in yaml.safe_load_all(Path(path).read_text("utf-8")) if item]


@contextmanager
def opened():
    """A cluster that is ready: the one of KUBECONFIG, or one that lives as long as the context."""
    directory = Path(tempfile.mkdtemp(prefix="logtriage-cluster-"))
    plane = None
    try:
        given = os.environ.get("KUBECONFIG")
        began = time.monotonic()
        if given:
            access = kubeconfig.read(given, directory)
        else:
            plane = ControlPlane(directory, pki.make(directory / "pki"))
            plane.start()
            access = plane.access
            kubeconfig.write(directory / "admin.kubeconfig", access)
        cluster = Cluster(access, directory, plane, time.monotonic() - began)
        yield cluster
        cluster.clean()
    finally:
        if plane:
            plane.stop()
        shutil.rmtree(directory, ignore_errors=True)
