"""The harness itself, without logtriage: what the other tests rely on is really so."""

import base64
import copy
import json
import stat
import subprocess
from contextlib import suppress

import pytest
import yaml
import zstandard
from cluster import ROOT, ClusterError, kubeconfig, maps, testbed, waiting
from cluster.client import Api, ApiError
from cluster.testbed import CORE, EVENTS

KUBECTL = ROOT / ".tools/kubernetes/kubectl"
CONFIGMAPS = "configmaps"
NAME = "logtriage-bundle"


def small_map(name=NAME, **files):
    """A ConfigMap that is no bundle."""
    held = {key: base64.b64encode(value.encode()).decode() for key, value in files.items()}
    return {"metadata": {"name": name}, "binaryData": held}


def as_account(namespace):
    """The API as the service account sees it."""
    return Api(kubeconfig.read(namespace.account()))


def refused(call, *arguments, **query):
    """The reason that the server gives for refusing a call."""
    with pytest.raises(ApiError) as caught:
        call(*arguments, **query)
    return caught.value.reason


def test_configmaps_come_change_and_go(namespace):
    namespace.create_map(small_map(a="one"))
    assert namespace.read_map(NAME)["binaryData"] == small_map(a="one")["binaryData"]
    namespace.replace_map(small_map(b="two"))
    assert list(namespace.read_map(NAME)["binaryData"]) == ["b"]
    namespace.patch_map(NAME, {"data": {"c": "three"}})
    changed = namespace.read_map(NAME)
    assert (changed["data"], list(changed["binaryData"])) == ({"c": "three"}, ["b"])
    namespace.delete("ConfigMap", NAME)
    assert refused(namespace.read_map, NAME) == "NotFound"


def test_a_whole_bundle_fits_and_a_megabyte_more_does_not(namespace):
    namespace.create_map({"metadata": {"name": "large"}, "data": {"a": "x" * 1_040_000}})
    too_large = {"metadata": {"name": "larger"}, "data": {"a": "x" * 1_060_000}}
    assert refused(namespace.create_map, too_large) == "Invalid"


def test_a_service_account_may_nothing_without_the_role(namespace):
    namespace.create_map(small_map(a="one"))
    account = as_account(namespace)
    path = namespace.collection("ConfigMap")
    assert refused(account.get, f"{path}/{NAME}") == "Forbidden"
    assert refused(account.get, path, fieldSelector=f"metadata.name={NAME}") == "Forbidden"


def test_the_role_opens_one_configmap_to_a_list_by_its_name(namespace, role):
    namespace.create_map(small_map(a="one"))
    namespace.create_map(small_map(name="other", a="secret"))
    account = as_account(namespace)
    namespace.allow(role)
    path = namespace.collection("ConfigMap")
    (named,) = account.get(path, fieldSelector=f"metadata.name={NAME}")["items"]
    assert named["metadata"]["name"] == NAME
    assert named["binaryData"] == small_map(a="one")["binaryData"]
    assert refused(account.get, f"{path}/{NAME}") == "Forbidden"
    assert refused(account.get, path) == "Forbidden"
    assert refused(account.get, path, fieldSelector="metadata.name=other") == "Forbidden"
    assert refused(account.get, f"{path}/other") == "Forbidden"
    assert refused(account.delete, f"{path}/{NAME}") == "Forbidden"
    assert refused(account.create, path, small_map(name="new", a="x")) == "Forbidden"


def test_the_selector_role_opens_a_list_by_label(namespace, selector_role):
    labelled = small_map(a="one")
    labelled["metadata"]["labels"] = {"bundle": "this"}
    namespace.create_map(labelled)
    namespace.create_map(small_map(name="other", a="x"))
    account = as_account(namespace)
    namespace.allow(selector_role)
    found = account.get(namespace.collection("ConfigMap"), labelSelector="bundle=this")
    assert [item["metadata"]["name"] for item in found["items"]] == [NAME]
    assert refused(account.get, f"{CORE}/namespaces/{namespace.name}/secrets") == "Forbidden"


def test_the_roles_have_no_wildcard(role, selector_role):
    rules = [rule for item in role + selector_role for rule in item.get("rules", [])]
    assert len(rules) == 4
    for rule in rules:
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert "secrets" not in rule["resources"]


def test_events_of_a_pod_are_created_counted_and_read_back(namespace, role):
    account = as_account(namespace)
    namespace.allow(role)
    pod = namespace.pod()
    path = f"{EVENTS}/namespaces/{namespace.name}/events"
    event = {
        "metadata": {"name": "logtriage-0.1", "namespace": namespace.name},
        "eventTime": "2026-11-01T00:00:00.000000Z",
        "reason": "ModelPromoted",
        "type": "Normal",
        "action": "Promote",
        "note": "one",
        "reportingController": "logtriage",
        "reportingInstance": "logtriage-0",
        "regarding": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": pod["metadata"]["name"],
            "namespace": namespace.name,
            "uid": pod["metadata"]["uid"],
        },
    }
    account.create(path, event)
    series = {"count": 2, "lastObservedTime": "2026-11-01T00:00:01.000000Z"}
    account.patch(f"{path}/logtriage-0.1", {"series": series})
    (found,) = namespace.events("ModelPromoted", pod)
    assert (found["note"], found["series"]["count"]) == ("one", 2)
    assert namespace.events("ModelRejected", pod) == []
    assert namespace.events("ModelPromoted", {"metadata": {"uid": "another"}}) == []
    assert refused(account.get, path) == "Forbidden"


def test_a_killed_server_comes_back_with_its_data_and_its_tokens(cluster, namespace, role, figure):
    if not cluster.own:
        pytest.skip("the cluster of KUBECONFIG is somebody else's: its API server is not killed")
    namespace.create_map(small_map(a="one"))
    account = as_account(namespace)
    namespace.allow(role)
    cluster.plane.kill()
    assert not cluster.api.healthy()
    with pytest.raises(OSError):
        namespace.read_map(NAME)
    seconds = cluster.plane.restart()
    figure(f"a killed API server was ready again after {seconds:.1f} s")
    path = namespace.collection("ConfigMap")
    (held,) = account.get(path, fieldSelector=f"metadata.name={NAME}")["items"]
    assert held["binaryData"] == small_map(a="one")["binaryData"]


def test_kubectl_applies_the_manifests_as_a_person_would(cluster, namespace, tmp_path):
    if not KUBECTL.exists():
        pytest.skip("there is no kubectl in .tools for this machine")
    config = kubeconfig.write(tmp_path / "config", cluster.access)
    for name in ("role.yaml", "role-selector.yaml"):
        text = (testbed.MANIFESTS / name).read_text("utf-8")
        assert text.count("namespace: logtriage\n") == 4, "as many as the manifest's comment says"
        moved = tmp_path / name
        moved.write_text(text.replace("namespace: logtriage\n", f"namespace: {namespace.name}\n"))
        command = [KUBECTL, f"--kubeconfig={config}", "apply", "-f", moved]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "role.rbac.authorization.k8s.io/logtriage" in done.stdout
    assert namespace.may("list", CONFIGMAPS)
    assert not namespace.may("get", CONFIGMAPS, name=NAME)


def test_a_kubeconfig_reads_back_whether_it_names_files_or_holds_them(cluster, tmp_path):
    path = kubeconfig.write(tmp_path / "config", cluster.access)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Api(kubeconfig.read(path, tmp_path)).get(f"{CORE}/namespaces")["items"]
    content = json.loads(path.read_text("utf-8"))
    content["clusters"][0]["cluster"] = {
        "server": cluster.access.server,
        "certificate-authority": "certificate-authority.pem",
    }
    (tmp_path / "by-file").write_text(yaml.safe_dump(content), "utf-8")
    read = kubeconfig.read(tmp_path / "by-file", tmp_path)
    assert read.authority == tmp_path / "certificate-authority.pem"
    content["users"][0]["user"] = {"exec": {"command": "some-login"}}
    (tmp_path / "by-program").write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(ClusterError, match="expected a token or a client certificate"):
        kubeconfig.read(tmp_path / "by-program", tmp_path)


def test_a_cluster_of_somebody_else_is_used_and_only_our_namespaces_go(
    cluster, tmp_path, monkeypatch
):
    path = kubeconfig.write(tmp_path / "config", cluster.access)
    monkeypatch.setenv("KUBECONFIG", str(path))
    with testbed.opened() as other:
        assert not other.own
        made = other.namespace("theirs")
        assert Api(kubeconfig.read(made.account())).healthy()
        held = cluster.api.get(f"{CORE}/namespaces/{made.name}")
        assert held["status"]["phase"] == "Active"
    assert cluster.api.healthy()
    # Nobody here finishes what a deletion begins, so the namespace stays, marked.
    with suppress(ApiError):
        left = cluster.api.get(f"{CORE}/namespaces/{made.name}")
        assert left["status"]["phase"] == "Terminating"


def test_bundles_differ_in_two_files_and_digests_hold(first, second, builtin):
    assert len({first.digest, second.digest, builtin.digest}) == 3
    for bundle in (first, second):
        manifest = json.loads((bundle.directory / "manifest.json").read_bytes())
        assert manifest["version"] == bundle.version
        for name, entry in manifest["files"].items():
            assert (bundle.directory / name).stat().st_size == entry["size"]


def test_a_map_is_split_and_spoiled_as_told():
    held = zstandard.ZstdCompressor().compress(b"graph" * 1000)
    body = small_map(**{"manifest.json": "m", "MODEL_CARD.md": "c", "rules.yaml": "r"})
    body["binaryData"]["anomaly.onnx.zst"] = base64.b64encode(held).decode()
    before = copy.deepcopy(body)
    one, two = maps.split(body, {"bundle": "this"})
    assert "manifest.json" in one["binaryData"] and "MODEL_CARD.md" in two["binaryData"]
    assert one["binaryData"] | two["binaryData"] == body["binaryData"]
    assert one["metadata"] == {"name": f"{NAME}-1", "labels": {"bundle": "this"}}
    bad = maps.spoiled(body, "anomaly.onnx")
    assert body == before
    changed = [
        key for key in bad["binaryData"] if bad["binaryData"][key] != body["binaryData"][key]
    ]
    assert changed == ["anomaly.onnx.zst"]
    spoiled = zstandard.decompress(base64.b64decode(bad["binaryData"]["anomaly.onnx.zst"]))
    assert len(spoiled) == 5000
    assert sum(x != y for x, y in zip(spoiled, b"graph" * 1000, strict=True)) == 1


def test_waiting_ends_and_tells_what_was_there():
    with pytest.raises(waiting.TookTooLong, match=r"expected within 0 s: rain; found: sun"):
        waiting.until(lambda: False, 0, "rain", lambda: "sun")
    assert waiting.until(lambda: 7, 0, "a number") == 7
