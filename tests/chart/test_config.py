"""The rendered configuration is one that the program takes, and the schema knows just the program's keys."""

import copy
import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from chart import ROOT, helm, policy, readme
from conftest import CASES

MOUNTED = "/etc/logtriage/"
# Set by values of the chart's own, so that the volume or the right that they need is there too.
OWNED = {
    "operations.admin_token_file",
    "models.dir",
    "models.configmap.namespace",
    "models.configmap.name",
    "models.configmap.selector",
    "models.url",
    "models.fetch.interval",
    "models.fetch.ca_file",
    "models.fetch.token_file",
    "models.must_forward",
    "feedback.token_file",
    "feedback.path",
    "feedback.max_bytes",
}


def program_keys():
    """Every key of the program, out of the one list."""
    source = (ROOT / "src/config/keys.rs").read_text("utf-8")
    listed = source.partition("KEYS:")[2].partition("];")[0]
    return re.findall(r'\("([a-z_.]+)", Kind', listed)


KNOWN = program_keys()
# Keys that the chart is ready for before the program has them. Empty once it does.
AHEAD = {"log.access", "feedback.token_file", "feedback.path", "feedback.max_bytes"} - set(KNOWN)


def dotted(tree, path=""):
    """The leaves of a configuration as dotted keys."""
    if not isinstance(tree, dict):
        return {path}
    return {
        key for name, child in tree.items() for key in dotted(child, f"{path}.{name}".strip("."))
    }


def test_the_schema_knows_every_key_of_the_program_and_no_other():
    assert len(KNOWN) > 40
    assert set(readme.config_keys()) - AHEAD == set(KNOWN) - OWNED


def mounted(objects, directory):
    """Writes what the pod's volumes hold, and the configuration with its paths moved there."""
    (deployment,) = [item for item in objects if item["kind"] == "Deployment"]
    pod = policy.pod_of(deployment)
    maps = {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"}
    places = {m["name"]: m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
    for volume in pod["volumes"]:
        place = directory / places[volume["name"]].lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        held = volume.get("configMap", {}).get("name")
        if held in maps:
            for name, text in maps[held].items():
                (place / name).write_text(text, "utf-8")
        for source in (volume.get("secret"), volume.get("configMap")):
            for item in (source or {}).get("items", []):
                (place / item["path"]).write_text("a token", "utf-8")
    path = directory / "etc/logtriage/config/logtriage.yaml"
    text = path.read_text("utf-8").replace(MOUNTED, f"{directory}{MOUNTED}")
    path.write_text(text, "utf-8")
    return path


def checked(logtriage, path, **environment):
    command = [logtriage, "config", "check", "--config", path]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", CASES)
def test_the_program_accepts_what_is_rendered(rendered, helm4, logtriage, tmp_path, name):
    objects = helm.objects(rendered(helm4, name))
    if dotted(policy.configuration(objects)) & AHEAD:
        pytest.skip("the program does not have these keys yet")
    done = checked(logtriage, mounted(objects, tmp_path), POD_NAME="logtriage-0", PASSWORD="x")
    assert done.returncode == 0, done.stderr
    holds = yaml.safe_load(done.stdout)
    models = policy.configuration(objects).get("models") or {}
    for source in ("dir", "configmap", "url"):
        assert bool(holds["models"][source]) == (source in models)


def test_packs_and_lines_reach_the_service(rendered, helm4, logtriage, tmp_path):
    path = mounted(helm.objects(rendered(helm4, "production")), tmp_path)
    for pack in ("rules", "compliance"):
        place = tmp_path / "etc/logtriage" / pack
        done = subprocess.run(
            [logtriage, "rules", "test", place], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    config = yaml.safe_load(path.read_text("utf-8"))
    line = json.loads(Path(config["models"]["must_forward"]).read_text("utf-8"))
    assert line["message"].startswith("kernel")


def test_a_wrong_configuration_is_not_accepted(rendered, helm4, logtriage, tmp_path):
    objects = copy.deepcopy(helm.objects(rendered(helm4, "defaults")))
    (held,) = [o["data"] for o in objects if "logtriage.yaml" in (o.get("data") or {})]
    held["logtriage.yaml"] = "sever: {}"
    done = checked(logtriage, mounted(objects, tmp_path))
    assert done.returncode == 64
    assert "did you mean server?" in done.stderr
