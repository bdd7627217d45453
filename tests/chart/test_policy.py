"""Each rule of the policy is seen to complain: of a chart that was broken for it, or of objects."""

import copy
import shutil

import pytest
import yaml
from chart import CHART, helm, policy
from conftest import CASES

POD = "templates/_pod.tpl"
DEPLOYMENT = "templates/deployment.yaml"
BREAKS = {
    "escalation": (
        POD,
        "allowPrivilegeEscalation: false",
        "allowPrivilegeEscalation: true",
        "allowPrivilegeEscalation is not false",
    ),
    "privileged": (
        POD,
        "readOnlyRootFilesystem: true",
        "readOnlyRootFilesystem: true\nprivileged: true",
        "is privileged",
    ),
    "capabilities": (POD, "drop: [ALL]", "drop: [NET_RAW]", "does not drop all capabilities"),
    "a writable root": (POD, "readOnlyRootFilesystem: true", "", "can write to its root"),
    "no limits": (POD, "limits:\n", "more:\n", "has no limits of memory"),
    "no memory requested": (POD, "requests:\n", "more:\n", "has no requests of memory"),
    "a volume of the node": (
        POD,
        "- name: config\n  configMap:\n    name: {{ $name }}",
        "- name: config\n  hostPath:\n    path: /",
        "is of the kind hostPath",
    ),
    "a mount that never changes": (
        POD,
        "mountPath: /etc/logtriage/config\n",
        "mountPath: /etc/logtriage/config\n  subPath: x\n",
        "by subPath",
    ),
    "a volume that nobody mounts": (
        POD,
        "- name: config\n  mountPath",
        "- name: other\n  mountPath",
        "declares",
    ),
    "root": (
        DEPLOYMENT,
        "runAsUser: {{ .Values.securityContext.runAsUser }}",
        "runAsUser: 0",
        "does not run as a user other than root",
    ),
    "a port of the node": (
        DEPLOYMENT,
        "- name: http\n",
        "- name: http\n              hostPort: 8080\n",
        "opens a port of the node",
    ),
    "the host's network": (
        DEPLOYMENT,
        "enableServiceLinks: false",
        "hostNetwork: true",
        "hostNetwork is set",
    ),
    "no readiness": (DEPLOYMENT, "readinessProbe:", "otherProbe:", "readinessProbe does not ask"),
    "no liveness": (DEPLOYMENT, "path: /livez", "path: /readyz", "livenessProbe does not ask"),
    "a token for everybody": (
        DEPLOYMENT,
        '{{ include "logtriage.usesAPI" . | default false }}',
        "true",
        "expected a token: False, found True",
    ),
    "an account that gives tokens": (
        "templates/serviceaccount.yaml",
        "automountServiceAccountToken: false",
        "",
        "gives every pod a token",
    ),
    "an end too short": (
        DEPLOYMENT,
        '{{ include "logtriage.graceSeconds" . }}',
        "20",
        "is killed after 20 s",
    ),
    "a Service of others": (
        "templates/service.yaml",
        '{{- include "logtriage.selectorLabels" . | nindent 4 }}',
        "app: other",
        "is not selected by Service",
    ),
    "a test among the servers": (
        "templates/tests/post.yaml",
        '"app.kubernetes.io/component" "test"',
        '"app.kubernetes.io/component" "server"',
        "with Pod logtriage-test",
    ),
    "no namespace": (
        "templates/serviceaccount.yaml",
        "namespace: {{ .Release.Namespace }}",
        "",
        "names no namespace",
    ),
}
WATCHING = {
    "wildcard": ('(list "list" "watch")', '(list "*")', "allows more, or less"),
    "secrets": ('(list "configmaps")', '(list "configmaps" "secrets")', "allows more, or less"),
    "a verb too many": ('(list "create" "patch")', '(list "create" "get")', "allows more, or less"),
    "the whole cluster": ("kind: Role\n", "kind: ClusterRole\n", "reaches beyond its namespace"),
}


def broken(helm4, directory, file, old, new, values):
    """The complaints of a copy of the chart with one text replaced by another."""
    chart = directory / "logtriage"
    shutil.copytree(CHART, chart)
    path = chart / file
    text = path.read_text("utf-8")
    assert old in text, f"{file} no longer holds {old!r}: break it another way"
    path.write_text(text.replace(old, new), "utf-8")
    (directory / "values.yaml").write_text(yaml.safe_dump(values), "utf-8")
    text = helm.render(helm4, "--values", directory / "values.yaml", chart=chart)
    return policy.complaints(helm.objects(text))


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_chart_is_complained_of(helm4, tmp_path, name):
    file, old, new, says = BREAKS[name]
    found = broken(helm4, tmp_path, file, old, new, {})
    assert [text for text in found if says in text], found


@pytest.mark.parametrize("name", WATCHING)
def test_a_role_that_reaches_further_is_complained_of(helm4, tmp_path, name):
    old, new, says = WATCHING[name]
    values = CASES["model configMap"]
    found = broken(helm4, tmp_path, "templates/role.yaml", old, new, values)
    assert [text for text in found if says in text], found


def test_a_watcher_without_a_token_is_complained_of(helm4, tmp_path):
    old = '{{ include "logtriage.usesAPI" . | default false }}'
    values = CASES["model configMap"]
    found = broken(helm4, tmp_path, DEPLOYMENT, old, "false", values)
    assert [text for text in found if "expected a token: True, found False" in text], found


def test_the_profile_is_wanted_on_pod_or_container(rendered, helm4):
    objects = copy.deepcopy(helm.objects(rendered(helm4, "defaults")))
    (pod,) = [policy.pod_of(item) for item in objects if item["kind"] == "Deployment"]
    del pod["securityContext"]["seccompProfile"]
    assert policy.complaints(objects) == []
    del pod["containers"][0]["securityContext"]["seccompProfile"]
    assert policy.complaints(objects) == ["Deployment logtriage: logtriage: has no seccomp profile"]
