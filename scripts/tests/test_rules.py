"""The file of rules and its pages: each alert has one, and cases that fire and that stay quiet."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from dashboards import ROOT, RULES, RUNBOOKS, promql

GROUPS = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
PAGES = {path.stem: path for path in (ROOT / RUNBOOKS).glob("Logtriage*.md")}
CASES = sorted((ROOT / "tests/observability/rules").glob("*.test.yaml"))
HEADINGS = ["What it means", "How to look", "What to do"]


def test_every_alert_has_a_page_and_every_page_an_alert():
    assert set(PAGES) == set(ALERTS)
    others = {path.name for path in (ROOT / RUNBOOKS).iterdir()} - {
        path.name for path in PAGES.values()
    }
    assert others == {"README.md"}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_is(name):
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    told = rule["annotations"]
    assert told["runbook_url"] == f"{RUNBOOKS}/{name}.md"
    assert "{{ $labels." in told["summary"], "which release or pod"
    assert told["description"].endswith(".")


@pytest.mark.parametrize("name", ALERTS)
def test_a_page_says_what_it_means_how_to_look_and_what_to_do(name):
    text = PAGES[name].read_text("utf-8")
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    severity = ALERTS[name]["labels"]["severity"].capitalize()
    assert f"\n**{severity}.** " in text


@pytest.mark.parametrize("name", ALERTS)
def test_a_page_names_pages_and_words_that_there_are(name):
    text = PAGES[name].read_text("utf-8")
    assert set(re.findall(r"\bLogtriage[A-Z]\w+", text)) <= set(ALERTS)
    keys = (ROOT / "configs/logtriage.yaml").read_text("utf-8")
    sections = set(re.findall(r"^(\w+):", keys, re.MULTILINE))
    for section, key in re.findall(r"`(\w+)\.(\w+)(?:: \w+)?`", text):
        if section in sections:
            assert re.search(rf"^  {key}:", keys, re.MULTILINE), f"{section}.{key}"


def test_the_queries_of_the_pages_can_be_asked(tmp_path):
    queries = [
        line
        for path in PAGES.values()
        for block in re.findall(r"```promql\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(queries) > len(PAGES)
    rules = [{"record": f"query_{number}", "expr": text} for number, text in enumerate(queries)]
    file = tmp_path / "pages.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "pages", "rules": rules}]}), "utf-8")
    done = subprocess.run(
        [promtool(), "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def promtool():
    """The program that checks rules."""
    path = Path(os.environ.get("PROMTOOL") or ROOT / ".tools/prometheus/promtool")
    if not path.is_file():
        pytest.skip("no promtool; run scripts/tools/prometheus.sh")
    return path


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_case_that_fires_and_one_that_stays_quiet(name):
    expected = [
        bool(one["exp_alerts"])
        for path in CASES
        for case in yaml.safe_load(path.read_text("utf-8"))["tests"]
        for one in case["alert_rule_test"]
        if one["alertname"] == name
    ]
    assert True in expected, "a case that fires"
    assert False in expected, "a case that stays quiet"


def test_rules_and_dashboards_count_the_same_routes():
    text = RULES.read_text("utf-8")
    routes = set(re.findall(r'route=~"[^"]+"', text))
    assert routes == {promql.JUDGING}


def test_what_dashboards_take_from_the_rules_is_recorded():
    recorded = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}
    used = {
        name
        for path in (ROOT / "helm/logtriage/dashboards").glob("*.json")
        for name in re.findall(r"namespace_job\w*:[\w:]+", path.read_text("utf-8"))
    }
    assert used and used <= recorded


def test_the_table_of_alerts_is_that_of_the_rules():
    text = (ROOT / "docs/dashboards.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (Logtriage\w+) \| (\w+) \|", text, re.MULTILINE))
    assert rows == {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}
