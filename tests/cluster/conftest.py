"""What the tests of a cluster share: the cluster itself, bundles, a service, figures for the reader."""

import os
from pathlib import Path

import pytest
from cluster import ROOT, maps, testbed
from cluster.service import Service, pod_variables

FIGURES = pytest.StashKey[list]()
SETTLE = 3
"""Seconds without a change after which half a bundle is refused; the default would make tests slow."""


def pytest_configure(config):
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter, config):
    for figure in config.stash[FIGURES]:
        terminalreporter.write_line(f"cluster: {figure}")


@pytest.fixture(scope="session")
def figure(pytestconfig):
    """Tells a figure at the end of the run."""
    return pytestconfig.stash[FIGURES].append


@pytest.fixture(scope="session")
def cluster(figure):
    """The cluster, one for all tests."""
    with testbed.opened() as made:
        what = "etcd and kube-apiserver were" if made.own else "the cluster of KUBECONFIG was"
        figure(f"{what} ready after {made.start_seconds:.1f} s")
        yield made


@pytest.fixture
def namespace(cluster, request):
    """A namespace for one test."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    return cluster.namespace(name[:30].strip("-"))


@pytest.fixture(scope="session")
def role():
    """The objects of role.yaml, for one named ConfigMap."""
    return testbed.documents(testbed.MANIFESTS / "role.yaml")


@pytest.fixture(scope="session")
def selector_role():
    """The objects of role-selector.yaml, for ConfigMaps that carry a label."""
    return testbed.documents(testbed.MANIFESTS / "role-selector.yaml")


@pytest.fixture(scope="session")
def program():
    """The logtriage under test."""
    path = Path(os.environ.get("LOGTRIAGE_BIN") or ROOT / "target/debug/logtriage")
    path = ROOT / path
    if not os.access(path, os.X_OK):
        pytest.fail(f"expected logtriage at {path}, found none; build it, or set LOGTRIAGE_BIN")
    return path


@pytest.fixture(scope="session")
def builtin():
    """The bundle that stands in for a missing one."""
    return maps.builtin()


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """A good bundle."""
    return maps.variant(tmp_path_factory.mktemp("bundles") / "first", "2026.12.1")


@pytest.fixture(scope="session")
def second(tmp_path_factory):
    """Another good bundle."""
    return maps.variant(tmp_path_factory.mktemp("bundles") / "second", "2026.12.2")


@pytest.fixture(scope="session")
def third(tmp_path_factory):
    """A third good bundle."""
    return maps.variant(tmp_path_factory.mktemp("bundles") / "third", "2026.12.3")


@pytest.fixture
def watching(program, namespace):
    """Starts services that watch the namespace, each as a pod of its own and as one account."""
    account = namespace.account()

    def start(**settings):
        pod = namespace.pod(f"logtriage-{len(pods)}")
        pods.append(pod)
        given = {"models.configmap.namespace": namespace.name, "models.settle": f"{SETTLE}s"}
        if "models.configmap.selector" not in settings:
            given["models.configmap.name"] = "logtriage-bundle"
        service = Service(program, given | settings, pod_variables(namespace, pod, account))
        service.pod = pod
        return service

    pods = []
    return start


@pytest.fixture(scope="session")
def packed(program):
    """The ConfigMap of a bundle, made once."""
    made = {}

    def pack(bundle):
        if bundle.digest not in made:
            made[bundle.digest] = maps.packed(program, bundle, "logtriage-bundle")
        return made[bundle.digest]

    return pack
