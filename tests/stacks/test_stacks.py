"""compose.yaml and deploy/kind, as far as they can be checked where no container can be pulled."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from chart import CHART, ROOT, helm, policy

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
KIND = ROOT / "deploy/kind"
RULES = ROOT / "deploy/prometheus/logtriage.rules.yaml"
PROMETHEUS = [ROOT / "deploy/compose/prometheus.yaml", KIND / "prometheus.yaml"]
ONE_LINE = "not run where it was written: that takes a container registry"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def loads():
    """The arguments of the two load generators."""
    (kind,) = policy.containers(
        yaml.safe_load((KIND / "logs.yaml").read_text())["spec"]["template"]["spec"]
    )
    return [COMPOSE["services"]["logs"]["command"], kind["args"]]


def test_the_compose_file_is_valid():
    tool = Path(sys.executable).with_name("check-jsonschema")
    command = [tool, "--builtin-schema", "vendor.compose-spec"]
    done = run(*command, ROOT / "compose.yaml")
    assert done.returncode == 0, done.stdout


def test_a_wrong_compose_file_is_not(tmp_path):
    tool = Path(sys.executable).with_name("check-jsonschema")
    (tmp_path / "compose.yaml").write_text("services: {a: {imag: b}}", "utf-8")
    done = run(tool, "--builtin-schema", "vendor.compose-spec", tmp_path / "compose.yaml")
    assert done.returncode == 1


def test_mounted_files_exist_and_ports_stay_on_this_machine():
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (ROOT / source).exists(), source
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), port


def test_the_service_is_confined_in_compose_too():
    service = COMPOSE["services"]["logtriage"]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["mem_limit"] == "128m"


@pytest.mark.parametrize("path", PROMETHEUS, ids=["compose", "kind"])
def test_prometheus_takes_its_configuration(path, tmp_path):
    promtool = Path(os.environ.get("PROMTOOL") or ROOT / ".tools/prometheus/promtool")
    assert os.access(promtool, os.X_OK), "make prometheus"
    shutil.copy(RULES, tmp_path)
    config = yaml.safe_load(path.read_text("utf-8"))
    # Debian's build knows no Kubernetes; what discovers the pods is the one thing not looked at.
    if config["scrape_configs"][0].pop("kubernetes_sd_configs", None):
        config["scrape_configs"][0]["file_sd_configs"] = [{"files": ["pods.json"]}]
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(config), "utf-8")
    done = run(promtool, "check", "config", tmp_path / "prometheus.yaml")
    assert done.returncode == 0, done.stderr
    assert "rules found" in done.stdout


@pytest.mark.parametrize("path", PROMETHEUS, ids=["compose", "kind"])
def test_series_have_the_labels_that_dashboards_go_by(path):
    (job,) = yaml.safe_load(path.read_text("utf-8"))["scrape_configs"]
    fixed = {label for c in job.get("static_configs", []) for label in c["labels"]}
    made = {rule.get("target_label") for rule in job.get("relabel_configs", [])}
    assert {"namespace", "pod"} <= fixed | made
    assert job["job_name"] == "logtriage"


def test_grafana_looks_where_the_dashboards_are_mounted():
    provider = yaml.safe_load((ROOT / "deploy/grafana/dashboards.yaml").read_text("utf-8"))
    place = provider["providers"][0]["options"]["path"]
    mounts = COMPOSE["services"]["grafana"]["volumes"]
    assert f"./helm/logtriage/dashboards:{place}:ro" in mounts
    assert f"mountPath: {place}" in (KIND / "monitoring.yaml").read_text("utf-8")
    source = yaml.safe_load((ROOT / "deploy/grafana/datasource.yaml").read_text("utf-8"))
    assert source["datasources"][0]["url"] == "http://prometheus:9090"


@pytest.mark.parametrize("name", ["monitoring.yaml", "logs.yaml", "namespace.yaml"])
def test_kubernetes_knows_every_field_of_kind(name):
    for item in helm.objects((KIND / name).read_text("utf-8")):
        kubernetes_validate.validate(item, "1.34", strict=True)
        # What the pods of logtriage are held to, but for limits of CPU and Grafana's own writing.
        for text in policy.of_pod(policy.pod_of(item) or {"containers": []}):
            assert text.endswith(("has no limits of cpu", "can write to its root")), text


def test_the_chart_takes_the_values_of_kind():
    program = helm.PROGRAMS["helm4"]
    if not os.access(program, os.X_OK):
        pytest.skip("there is no Helm in .tools for this machine")
    objects = helm.objects(helm.render(program, "--values", KIND / "values.yaml"))
    assert policy.complaints(objects) == []
    (network,) = [item for item in objects if item["kind"] == "NetworkPolicy"]
    assert json.dumps(network).count('"kubernetes.io/metadata.name": "monitoring"') == 2


def test_the_load_generators_are_what_the_program_takes():
    path = ROOT / (os.environ.get("LOGTRIAGE_TEST_BINARY") or "target/debug/logtriage")
    if not os.access(path, os.X_OK):
        pytest.skip(f"there is no logtriage at {path}: build it, or set LOGTRIAGE_TEST_BINARY")
    for arguments in loads():
        short = [re.sub(r"^--(duration|url)=.*", "", word) for word in arguments]
        short = [word for word in short if word]
        done = run(path, *short, "--url=http://127.0.0.1:1", "--duration=100ms", "--warmup=0s")
        # 1: nobody answers there; 64 would be a command that it does not know.
        assert (done.returncode, "connect" in done.stdout) == (1, True), done.stderr


def test_the_script_names_files_that_exist_and_says_what_it_is():
    text = (KIND / "up.sh").read_text("utf-8")
    for name in re.findall(r"\b((?:deploy|helm)/[\w./-]+)", text):
        assert (ROOT / name.rstrip(".")).exists(), name
    for path in (KIND / "up.sh", ROOT / "compose.yaml"):
        assert ONE_LINE in path.read_text("utf-8").replace("\n#", "")
    version = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["appVersion"]
    found = run("sed", "-n", "s/^appVersion: //p", CHART / "Chart.yaml").stdout.strip()
    assert found == version
