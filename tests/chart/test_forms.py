"""What single values do to the rendered objects."""

import base64
import json

import pytest
import yaml
from chart import CHART, ROOT, helm, policy
from chart.manifests import RULES
from conftest import CASES


@pytest.fixture
def form(rendered, helm4):
    """The objects of a case by kind, or by kind and name where there are several."""

    def made(name):
        objects = {}
        for item in helm.objects(rendered(helm4, name)):
            objects[item["kind"]] = item
            objects[item["kind"], item["metadata"]["name"]] = item
        return objects

    return made


def pod(objects):
    return objects["Deployment"]["spec"]["template"]["spec"]


def server(objects):
    return pod(objects)["containers"][0]


def checksum(objects):
    return objects["Deployment"]["spec"]["template"]["metadata"]["annotations"]["checksum/restart"]


def config(objects):
    return yaml.safe_load(objects["ConfigMap", "logtriage"]["data"]["logtriage.yaml"])


def test_without_values_nothing_is_allowed_and_no_token_is_mounted(form):
    objects = form("defaults")
    assert "Role" not in objects
    assert config(objects) == {}
    assert {"Deployment", "Service", "ServiceAccount", "PodDisruptionBudget"} <= set(objects)


@pytest.mark.parametrize(
    ("values", "rolls"),
    [
        ({"config": {"decision": {"min_confidence": 0.7}}}, False),
        ({"config": {"rules": {"disable": ["app-crash"]}}}, False),
        ({"config": {"compliance": {"skip_models": True}}}, False),
        ({"config": {"log": {"level": "debug"}}}, False),
        ({"config": {"log": {"format": "text"}}}, True),
        ({"config": {"batch": {"max_records": 128}}}, True),
        ({"config": {"models": {"keep": 1}}}, True),
        ({"config": {"shutdown": {"delay": "6s"}}}, True),
    ],
)
def test_only_what_is_read_at_the_start_rolls_the_pods(helm4, tmp_path, values, rolls):
    path = tmp_path / "values.yaml"
    seen = []
    for written in ({}, values):
        path.write_text(yaml.safe_dump(written), "utf-8")
        objects = {o["kind"]: o for o in helm.objects(helm.render(helm4, "--values", path))}
        seen.append((checksum(objects), objects["ConfigMap"]["data"], objects["Deployment"]))
    assert seen[0][1] != seen[1][1]
    assert (seen[0][0] != seen[1][0]) is rolls
    assert (seen[0][2] != seen[1][2]) is rolls


def test_text_of_packs_does_not_roll_the_pods(helm4, tmp_path):
    seen = []
    for text in ("pack: a", "pack: b"):
        values = {"rulePacks": {"a.yaml": text}, "mustForward": text}
        (tmp_path / "values.yaml").write_text(yaml.safe_dump(values), "utf-8")
        objects = helm.objects(helm.render(helm4, "--values", tmp_path / "values.yaml"))
        seen.append([item for item in objects if item["kind"] == "Deployment"])
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("case", "rules"),
    [
        ("model configMap", {"logtriage": ["configmaps", "events"]}),
        ("model configMap elsewhere", {"bundles": ["configmaps"], "logtriage": ["events"]}),
        ("model configMap without events", {"logtriage": ["configmaps"]}),
        ("volume with events", {"logtriage": ["events"]}),
        ("model projected", {}),
        ("accounts of one's own", {}),
    ],
)
def test_roles_stand_where_the_rights_are_needed(rendered, helm4, case, rules):
    roles = [o for o in helm.objects(rendered(helm4, case)) if o["kind"] == "Role"]
    found = {r["metadata"]["namespace"]: [x["resources"][0] for x in r["rules"]] for r in roles}
    assert found == rules


@pytest.mark.parametrize(
    ("case", "file"),
    [("model configMap", "role.yaml"), ("model configMapSelector", "role-selector.yaml")],
)
def test_the_role_is_the_one_that_the_cluster_proves(form, case, file):
    def rules(role):
        return [{key: rule[key] for key in ("apiGroups", "resources", "verbs")} for rule in role]

    documents = yaml.safe_load_all((ROOT / "deploy/rbac" / file).read_text("utf-8"))
    (proved,) = [item["rules"] for item in documents if item["kind"] == "Role"]
    made = form(case)["Role"]["rules"]
    assert rules(made) == rules(proved)
    assert ["resourceNames" in rule for rule in made] == ["resourceNames" in r for r in proved]


@pytest.mark.parametrize(
    ("case", "models"),
    [
        ("model configMap", {"configmap": {"name": "models", "namespace": "logtriage"}}),
        ("model projected", {"dir": "/bundle"}),
        ("model persistentVolumeClaim", {"dir": "/bundle/current"}),
        ("model image", {"dir": "/bundle/bundle"}),
        ("model initContainer", {"dir": "/bundle/current"}),
    ],
)
def test_the_configuration_says_where_the_models_are(form, case, models):
    assert config(form(case))["models"] == models


def test_a_watched_configmap_is_not_mounted_and_a_projected_one_is_whole(form):
    names = [volume["name"] for volume in pod(form("model configMap"))["volumes"]]
    assert "bundle" not in names
    (volume,) = [v for v in pod(form("model projected"))["volumes"] if v["name"] == "bundle"]
    sources = [source["configMap"] for source in volume["projected"]["sources"]]
    assert sources == [{"name": "models-1"}, {"name": "models-2"}]


def test_memory_follows_the_engine(form):
    limits = {
        case: server(form(case))["resources"]["limits"]["memory"]
        for case in ("defaults", "onnxruntime", "onnxruntime for one member")
    }
    assert list(limits.values()) == ["128Mi", "192Mi", "192Mi"]
    assert server(form("resources of one's own"))["resources"]["limits"]["memory"] == "512Mi"


def test_the_end_fits_the_configuration(form):
    ends = {
        case: pod(form(case))["terminationGracePeriodSeconds"]
        for case in ("defaults", "production", "sleep before the end", "an end of one's own")
    }
    # 5 + 25 + 5; 10 + 60 + 5; the sleep beside; what was asked for, which is over 2 + 90.
    assert list(ends.values()) == [35, 75, 40, 120]
    assert "lifecycle" not in server(form("defaults"))


def test_ports_follow_the_configuration(form):
    objects = form("other ports")
    ports = {p["name"]: p["containerPort"] for p in server(objects)["ports"]}
    assert ports == {"http": 18080, "operations": 19090}
    targets = [port["targetPort"] for port in objects["Service"]["spec"]["ports"]]
    assert targets == ["http", "operations"]


def test_selectors_hold_whatever_labels_are_added(form):
    objects = form("labels that are the chart's own")
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "logtriage"
    assert labels["app.kubernetes.io/component"] == "server"


def test_autoscaling_takes_the_number_of_pods_over(form):
    objects = form("production")
    assert "replicas" not in objects["Deployment"]["spec"]
    kinds = [m["type"] for m in objects["HorizontalPodAutoscaler"]["spec"]["metrics"]]
    assert kinds == ["Resource", "Pods"]
    assert objects["HorizontalPodAutoscaler"]["apiVersion"] == "autoscaling/v2"


@pytest.mark.parametrize(
    ("case", "leaving"),
    [
        ("network policy", []),
        ("network policy of a watcher", [[53, 53], [443]]),
        ("model url with its files", [[53, 53], [8443]]),
        ("model url with a password", [[53, 53], [443]]),
        ("model url without a port, in the clear", [[53, 53], [80]]),
        ("tracing", [[53, 53], [4317], []]),
    ],
)
def test_only_what_is_needed_leaves(form, case, leaving):
    policy_ = form(case)["NetworkPolicy"]["spec"]
    assert policy_["policyTypes"] == ["Ingress", "Egress"]
    ports = [[port["port"] for port in rule.get("ports", [])] for rule in policy_["egress"]]
    assert ports == leaving


def test_who_may_come_in_is_said_port_by_port(form):
    ingress = form("production")["NetworkPolicy"]["spec"]["ingress"]
    assert [rule["ports"] for rule in ingress] == [[{"port": "http"}], [{"port": "operations"}]]
    closed = form("network policy that lets nobody in")["NetworkPolicy"]["spec"]["ingress"]
    (only,) = closed
    (peer,) = only["from"]
    assert peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "test"


def test_the_rules_are_the_one_file(form):
    objects = form("pod monitor and rules")
    assert objects["PrometheusRule"]["spec"] == yaml.safe_load(RULES.read_text("utf-8"))
    moved = json.dumps(form("production")["PrometheusRule"]["spec"])
    assert "https://wiki.example.com/logtriage/runbooks/LogtriageDrift.md" in moved
    assert '"docs/runbooks/' not in moved
    assert objects["PodMonitor"]["spec"]["jobLabel"] == "app.kubernetes.io/instance"


def test_dashboards_are_the_files_with_the_runbooks_address(form):
    files = sorted((CHART / "dashboards").glob("*.json"))
    assert len(files) == 3
    kept, moved = form("dashboards elsewhere"), form("production")
    for path in files:
        text = path.read_text("utf-8")
        key = ("ConfigMap", f"logtriage-dashboard-{path.stem}")
        name = f"logtriage-{path.name}"
        assert json.loads(kept[key]["data"][name]) == json.loads(text)
        assert kept[key]["metadata"]["namespace"] == "monitoring"
        assert kept[key]["metadata"]["labels"]["dashboards"] == "yes"
        address = "https://wiki.example.com/logtriage/runbooks"
        expected = text.replace('"query": "docs/runbooks"', f'"query": "{address}"')
        assert expected != text
        assert moved[key]["data"][name].strip() == expected.strip()


def test_a_configmap_of_the_chart_fits_its_limit(rendered, helm4):
    for name in CASES:
        for item in helm.objects(rendered(helm4, name)):
            if item["kind"] == "ConfigMap":
                assert len(json.dumps(item["data"])) < 1 << 20
    # A release is kept in one Secret of at most 1 MiB, base64 twice over.
    text = rendered(helm4, "production")
    assert len(base64.b64encode(text.encode())) < 1 << 20


def test_the_test_posts_with_the_program_itself(form):
    (container,) = form("production")["Pod", "logtriage-test"]["spec"]["containers"]
    assert container["image"] == server(form("production"))["image"]
    assert container["args"][:2] == ["bench", "--url=http://logtriage:8080"]
    assert policy.pod_of(form("production")["Pod"])["restartPolicy"] == "Never"
