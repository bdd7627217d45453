"""Every case renders, alike by Helm 3 and 4, into objects that Kubernetes knows and the policy allows."""

import kubernetes_validate
import pytest
import yaml
from chart import CHART, ChartError, helm, policy
from conftest import CASES, HERE, REFUSED, SINCE

VERSIONS = ("1.27", "1.30", "1.34")
# Of the Prometheus operator: Kubernetes' own schemas do not know them.
FOREIGN = "monitoring.coreos.com/"
# Long copies of files that have their own tests.
COPIES = tuple(f"# Source: logtriage/templates/{n}" for n in ("dashboards", "prometheusrule"))


def minor(version):
    """The part of a version that differs."""
    return int(version.partition(".")[2])


@pytest.mark.parametrize("name", CASES)
def test_both_helms_render_the_same(rendered, name):
    texts = [rendered(path, name) for path in helm.PROGRAMS.values()]
    parted = [sorted(text.split("---\n")) for text in texts]
    assert parted[0] == parted[1]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(rendered, helm4, name, version):
    if minor(version) < minor(SINCE[name]):
        pytest.skip(f"asks for Kubernetes {SINCE[name]}")
    objects = helm.objects(rendered(helm4, name))
    assert len(objects) >= 4
    for item in objects:
        if not item["apiVersion"].startswith(FOREIGN):
            assert kubernetes_validate.validate(item, version, strict=True) == version


@pytest.mark.parametrize("name", [name for name, since in SINCE.items() if since != "1.27"])
def test_what_asks_for_a_newer_kubernetes_is_refused_by_an_older_one(rendered, helm4, name):
    with pytest.raises(kubernetes_validate.ValidationError):
        for item in helm.objects(rendered(helm4, name)):
            kubernetes_validate.validate(item, "1.27", strict=True)


@pytest.mark.parametrize("name", CASES)
def test_the_policy_has_no_complaint(rendered, helm4, name):
    assert policy.complaints(helm.objects(rendered(helm4, name))) == []


@pytest.mark.parametrize("name", CASES)
def test_no_two_objects_have_one_name(rendered, helm4, name):
    objects = helm.objects(rendered(helm4, name))
    keys = [(o["kind"], o["metadata"]["namespace"], o["metadata"]["name"]) for o in objects]
    assert len(set(keys)) == len(keys)


def test_lint_is_content(program, tmp_path):
    for name in ("defaults", "production"):
        values = tmp_path / "values.yaml"
        values.write_text(yaml.safe_dump(CASES[name]), "utf-8")
        helm.run(program, "lint", "--strict", CHART, "--values", values)


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_values_are_refused_and_named(program, tmp_path, name):
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(REFUSED[name]["values"]), "utf-8")
    with pytest.raises(ChartError) as caught:
        helm.render(program, "--values", values)
    assert REFUSED[name]["says"] in str(caught.value).partition(" ended with ")[2]


@pytest.mark.parametrize("name", ["defaults", "production"])
def test_the_rendered_forms_are_those_that_were_read(rendered, helm4, name, pytestconfig):
    golden = HERE / f"golden/{name}.yaml"
    parts = rendered(helm4, name).split("---\n")
    text = "---\n".join(part for part in parts if not part.startswith(COPIES))
    if pytestconfig.getoption("--golden"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8"), "read the difference, then: make chart-golden"


def test_names_fit_a_label_whatever_the_release_is_called(helm4):
    text = helm.render(
        helm4,
        "--set=monitoring.dashboards.enabled=true,networkPolicy.enabled=true",
        release="r" * 53,
    )
    for item in helm.objects(text):
        assert len(item["metadata"]["name"]) <= 63, item["metadata"]["name"]


def test_numbers_stay_whole(rendered, helm4):
    config = policy.configuration(helm.objects(rendered(helm4, "configuration in full")))
    assert config["cache"]["entries"] == 1000000
    assert "entries: 1000000\n" in rendered(helm4, "configuration in full")
