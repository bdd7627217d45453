"""What is made from the chart is what the chart makes now, and kubectl takes it."""

import json
import os
import subprocess

import kubernetes_validate
import pytest
import yaml
from chart import ROOT, ChartError, helm, manifests, policy, readme

KUBECTL = ROOT / ".tools/kubernetes/kubectl"
OVERLAYS = ROOT / "deploy/kustomize/overlays"


def kustomized(directory):
    """The objects that kubectl makes of a kustomization."""
    if not os.access(KUBECTL, os.X_OK):
        pytest.skip("there is no kubectl in .tools for this machine")
    command = [KUBECTL, "kustomize", directory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return helm.objects(done.stdout)


def only(objects, kind):
    (found,) = [item for item in objects if item["kind"] == kind]
    return found


def test_the_manifests_are_what_the_chart_renders(helm4):
    assert manifests.found() == manifests.expected(helm4), "run: make chart"


def test_the_rules_file_of_the_chart_is_the_one_of_deploy():
    assert manifests.CHART_RULES.read_bytes() == manifests.RULES.read_bytes(), "run: make chart"


def test_the_readme_tells_every_value_as_it_is():
    assert readme.README.read_text("utf-8") == readme.expected(), "run: make chart"


def test_a_value_without_a_comment_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "VALUES", tmp_path / "values.yaml")
    text = "# Known\nfirst: 1\nsecond:\n  # Known too\n  inner: 2\n  silent: [a]\n"
    (tmp_path / "values.yaml").write_text(text, "utf-8")
    with pytest.raises(ChartError, match=r"expected a comment above second\.silent, found none"):
        readme.values_table()
    (tmp_path / "values.yaml").write_text(text.replace("  silent", "  # A | B\n  silent"), "utf-8")
    assert '| `second.silent` | `["a"]` | A \\| B |' in readme.values_table()


def test_the_directory_is_flat_and_each_file_an_object_that_kubernetes_knows():
    files = sorted(manifests.PLAIN.iterdir())
    assert files[0].name == manifests.NAMESPACE, "kubectl applies in the order of names"
    objects = [item for path in files for item in helm.objects(path.read_text("utf-8"))]
    for item in objects:
        kubernetes_validate.validate(item, "1.34", strict=True)
    namespaced = [item for item in objects if item["kind"] != "Namespace"]
    assert policy.complaints(namespaced) == []
    assert {item["metadata"]["namespace"] for item in namespaced} == {"logtriage"}
    enforced = only(objects, "Namespace")["metadata"]["labels"]
    assert enforced["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", ["small", "production"])
def test_overlays_are_valid_and_keep_to_the_policy(name):
    objects = kustomized(OVERLAYS / name)
    for item in objects:
        kubernetes_validate.validate(item, "1.34", strict=True)
    namespaced = [item for item in objects if item["kind"] != "Namespace"]
    assert policy.complaints(namespaced) == []


def test_the_base_is_the_plain_form():
    plain = [
        item
        for path in manifests.PLAIN.iterdir()
        for item in helm.objects(path.read_text("utf-8"))
        if item["kind"] != "Namespace"
    ]

    def sorted_texts(objects):
        return sorted(json.dumps(item, sort_keys=True) for item in objects)

    assert sorted_texts(kustomized(manifests.BASE)) == sorted_texts(plain)


def test_small_is_one_small_pod():
    objects = kustomized(OVERLAYS / "small")
    deployment = only(objects, "Deployment")
    assert deployment["spec"]["replicas"] == 1
    (container,) = policy.pod_of(deployment)["containers"]
    assert container["resources"]["limits"] == {"cpu": "200m", "memory": "64Mi"}
    assert "PodDisruptionBudget" not in [item["kind"] for item in objects]


def test_production_scales_spreads_and_watches():
    objects = kustomized(OVERLAYS / "production")
    deployment = only(objects, "Deployment")
    assert "replicas" not in deployment["spec"]
    assert only(objects, "HorizontalPodAutoscaler")["spec"]["minReplicas"] == 3
    spread = policy.pod_of(deployment)["topologySpreadConstraints"]
    assert [c["whenUnsatisfiable"] for c in spread] == ["DoNotSchedule"] * 2
    assert policy.configuration(objects)["models"]["configmap"]["name"] == "logtriage-bundle"
    subjects = only(objects, "RoleBinding")["subjects"]
    assert [s["namespace"] for s in subjects] == [deployment["metadata"]["namespace"]]


def test_the_example_configuration_explains_every_key_of_the_chart():
    keys = yaml.safe_load((ROOT / "configs/logtriage.yaml").read_text("utf-8"))
    comments = readme.config_comments()
    for key in readme.config_keys():
        section = key.partition(".")[0]
        if section in keys and key in comments:
            assert comments[key][1] or comments[key.rpartition(".")[0]][1], key
