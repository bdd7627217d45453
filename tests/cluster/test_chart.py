"""The chart and the plain manifests on a real API server: it takes them, and their Role is enough and no more.

Kinds that are newer than the server (policy/v1 and autoscaling/v2 where it is 1.20) are switched off here;
`make test-chart` holds them to Kubernetes' own schemas.
"""

import copy
import os
import subprocess

import pytest
import yaml
from chart import CHART, ROOT, ChartError, helm, manifests
from cluster import kubeconfig
from cluster.client import ApiError
from cluster.service import Poster, Service, pod_variables
from cluster.waiting import until
from test_role import LOST, SECONDS, Scene, without

BUNDLE = "logtriage-bundle"
APPS = "/apis/apps/v1/namespaces/{}/deployments/logtriage"
WATCHING = {"model": {"source": "configMap"}}
SELECTING = {
    "model": {"source": "configMapSelector", "configMapSelector": {"selector": "bundle=x"}}
}


class Release:
    """The chart in a namespace, as Helm installs it."""

    def __init__(self, program, namespace, directory):
        self.program, self.namespace, self.directory = program, namespace, directory
        self.config = kubeconfig.write(directory / "helm", namespace.cluster.access)
        self.newer = {
            "podDisruptionBudget": {"enabled": known(namespace, "policy/v1")},
            "autoscaling": {"enabled": known(namespace, "autoscaling/v2")},
        }

    def helm(self, *arguments, values=None):
        """Runs Helm against the cluster."""
        path = self.directory / "values.yaml"
        path.write_text(yaml.safe_dump(self.newer | (values or {})), "utf-8")
        options = [f"--kubeconfig={self.config}", f"--namespace={self.namespace.name}"]
        given = [f"--values={path}"] if values is not None else []
        return helm.run(self.program, *arguments, *options, *given)

    def install(self, values):
        """`helm upgrade --install`, as a person would who does not know which of the two it is."""
        return self.helm("upgrade", "--install", "logtriage", CHART, values=values)

    def deployment(self):
        """The Deployment as the server has it."""
        return self.namespace.api.get(APPS.format(self.namespace.name))

    def roles(self):
        """The Roles as the server has them."""
        return self.namespace.api.get(self.namespace.collection("Role"))["items"]


def known(namespace, version):
    """Whether the server serves a version of an API."""
    return namespace.api.raw("GET", f"/apis/{version}")[0] == 200


@pytest.fixture(params=list(helm.PROGRAMS))
def release(request, namespace, tmp_path):
    """A release that is not installed yet, by Helm 3 and by Helm 4."""
    return installer(request.param, namespace, tmp_path)


@pytest.fixture
def release4(namespace, tmp_path):
    """One by Helm 4, where the version makes no difference."""
    return installer("helm4", namespace, tmp_path)


def installer(name, namespace, directory):
    program = helm.PROGRAMS[name]
    if not os.access(program, os.X_OK):
        pytest.skip(f"there is no {program.relative_to(ROOT)} for this machine")
    return Release(program, namespace, directory)


@pytest.fixture
def installed_service(program, release4, tmp_path):
    """Starts services as pods of an installed release: its configuration, its account's token."""
    pods = []

    def start():
        namespace = release4.namespace
        config = namespace.read_map("logtriage")["data"]["logtriage.yaml"]
        (tmp_path / "logtriage.yaml").write_text(config, "utf-8")
        pod = namespace.pod(f"logtriage-{len(pods)}")
        pods.append(pod)
        variables = pod_variables(namespace, pod, namespace.account())
        variables["LOGTRIAGE_CONFIG"] = str(tmp_path / "logtriage.yaml")
        service = Service(program, {"models.settle": "3s"}, variables)
        service.pod = pod
        return service

    return start


def test_the_server_takes_the_chart_in_a_dry_run(release):
    for values in ({}, WATCHING, SELECTING, {"networkPolicy": {"enabled": True}}):
        told = release.helm("install", "logtriage", CHART, "--dry-run=server", values=values)
        assert "kind: Deployment" in told
    with pytest.raises(ApiError):
        release.deployment()


def test_what_only_the_server_can_refuse_it_refuses_and_names(release):
    values = {"extraVolumes": [{"name": "Not_A_Name", "emptyDir": {}}]}
    values["extraVolumeMounts"] = [{"name": "Not_A_Name", "mountPath": "/x"}]
    with pytest.raises(ChartError, match="Not_A_Name"):
        release.install(values)


def test_it_is_installed_upgraded_rolled_back_and_removed(release):
    told = release.install({})
    assert "curl" in told, "the notes give the first command"
    first = release.deployment()
    assert first["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
    assert release.roles() == []

    release.install({"config": {"decision": {"min_confidence": 0.7}}})
    held = release.namespace.read_map("logtriage")["data"]["logtriage.yaml"]
    assert yaml.safe_load(held) == {"decision": {"min_confidence": 0.7}}
    generation = release.deployment()["metadata"]["generation"]
    assert generation == first["metadata"]["generation"], "thresholds do not roll the pods"

    release.install(WATCHING | {"config": {"batch": {"max_records": 128}}})
    assert release.deployment()["metadata"]["generation"] > generation
    assert len(release.roles()) == 1

    release.helm("rollback", "logtriage", "1")
    assert release.roles() == []
    assert yaml.safe_load(release.namespace.read_map("logtriage")["data"]["logtriage.yaml"]) == {}
    release.helm("uninstall", "logtriage")
    with pytest.raises(ApiError):
        release.deployment()


def test_every_object_of_a_full_release_is_taken(release4):
    values = yaml.safe_load((ROOT / "tests/chart/values/production.yaml").read_text("utf-8"))
    values["monitoring"] = {"dashboards": {"enabled": True}}
    # Nobody here makes the class.
    del values["priorityClassName"]
    release4.install(values | release4.newer)
    maps = release4.namespace.api.get(release4.namespace.collection("ConfigMap"))["items"]
    names = {item["metadata"]["name"] for item in maps}
    assert {"logtriage", "logtriage-rules", "logtriage-dashboard-overview"} <= names


def test_its_role_is_enough(release4, installed_service, packed, first, second):
    namespace = release4.namespace
    namespace.create_map(packed(first))
    release4.install(WATCHING)
    allowed(namespace)
    with installed_service() as service:
        scene = Scene(service, namespace, packed, first, second)
        service.wait_for(first, SECONDS)
        with Poster(service, first, second) as poster:
            poster.wait_for(first, SECONDS)
            for bundle in (second, first, second):
                scene.promote(bundle)
            until(scene.counted, SECONDS, "an Event that is counted", scene.events)
        assert not service.said("cannot "), "nothing is refused"


def test_its_role_is_enough_for_a_selector(release4, installed_service, packed, first):
    namespace = release4.namespace
    labelled = copy.deepcopy(packed(first))
    labelled["metadata"]["labels"] = {"bundle": "x"}
    namespace.create_map(labelled)
    release4.install(SELECTING)
    allowed(namespace, name="")
    with installed_service() as service:
        service.wait_for(first, SECONDS)
        assert not service.said("cannot "), "nothing is refused"


@pytest.mark.parametrize(("resource", "verb"), list(LOST))
def test_its_role_has_no_verb_too_many(
    release4, installed_service, packed, first, second, builtin, resource, verb
):
    namespace = release4.namespace
    namespace.create_map(packed(first))
    release4.install(WATCHING)
    (role,) = release4.roles()
    pairs = {(rule["resources"][0], verb) for rule in role["rules"] for verb in rule["verbs"]}
    assert pairs == set(LOST)
    allowed(namespace)
    path = f"{namespace.collection('Role')}/logtriage"
    namespace.api.patch(path, {"rules": without([role], resource, verb)[0]["rules"]})
    group, name = ("", BUNDLE) if resource == "configmaps" else ("events.k8s.io", "")
    gone = lambda: not namespace.may(verb, resource, group=group, name=name)  # noqa: E731
    until(gone, 10, f"to lose {verb} on {resource}")
    with installed_service() as service, Poster(service, builtin, first, second):
        LOST[resource, verb](Scene(service, namespace, packed, first, second))
        assert service.ready()


def allowed(namespace, name=BUNDLE):
    """Waits until the server, which reads Roles through a cache, goes by the new one."""
    until(lambda: namespace.may("watch", "configmaps", name=name), 10, "to watch the ConfigMap")
    events = {"group": "events.k8s.io"}
    until(lambda: namespace.may("patch", "events", **events), 10, "to patch Events")


def test_kubectl_applies_the_plain_manifests_as_they_are(cluster, namespace, tmp_path):
    kubectl = ROOT / ".tools/kubernetes/kubectl"
    if not os.access(kubectl, os.X_OK):
        pytest.skip("there is no kubectl in .tools for this machine")
    config = kubeconfig.write(tmp_path / "config", cluster.access)
    moved = tmp_path / "manifests"
    moved.mkdir()
    for path in manifests.PLAIN.iterdir():
        text = path.read_text("utf-8").replace(
            "namespace: logtriage", f"namespace: {namespace.name}"
        )
        if path.name == manifests.NAMESPACE:
            text = text.replace("name: logtriage", f"name: {namespace.name}")
        if "policy/v1\n" not in text or known(namespace, "policy/v1"):
            (moved / path.name).write_text(text, "utf-8")
    command = [kubectl, f"--kubeconfig={config}", "apply", "-f", moved]
    for expected in ("created", "unchanged"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert f"deployment.apps/logtriage {expected}" in done.stdout
    assert Release(None, namespace, tmp_path).deployment()["spec"]["replicas"] == 2
