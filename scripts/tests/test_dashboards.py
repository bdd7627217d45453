"""The dashboards' files: made by the code, complete, and about metrics and pages that there are."""

import re
import subprocess

import pytest
from dashboards import BOARDS, ROOT, RUNBOOKS, boards, cli, promql, units
from dashboards.prometheus import Series

ALL = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name, make in boards.MAKERS.items()
    for panel in boards.panels(make())
]


def test_the_files_are_what_the_code_makes():
    assert cli.check() == 0
    assert {path.stem for path in BOARDS.iterdir()} == set(boards.MAKERS)


@pytest.mark.parametrize("panel", ALL)
def test_every_panel_has_unit_limits_description_and_a_page(panel):
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    assert defaults["thresholds"]["steps"][0]["value"] is None
    assert panel["description"].endswith(".")
    (link,) = panel["links"]
    page = re.fullmatch(r"\$\{runbooks\}/(\w+\.md)", link["url"])
    assert page and (ROOT / RUNBOOKS / page[1]).is_file(), link["url"]


@pytest.mark.parametrize("panel", ALL)
def test_every_query_is_limited_to_the_choice(panel):
    for target in panel["targets"]:
        for selector in re.findall(r"(?:logtriage|process|ALERTS)[\w:]*\{[^}]*\}", target["expr"]):
            assert 'namespace="$namespace"' in selector, selector
        assert not re.search(
            r"(logtriage|process)_\w+(?![\w{:])", without_selectors(target["expr"])
        )


def without_selectors(expr):
    """An expression without the series that it selects: no metric is left bare."""
    return re.sub(r"[\w:]+\{[^}]*\}", "", expr)


@pytest.mark.parametrize("name", boards.MAKERS)
def test_panels_do_not_overlap_and_have_their_own_ids(name):
    made = boards.MAKERS[name]()
    taken = set()
    for panel in made["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert not taken & cells, panel["title"]
        assert max(column for column, _ in cells) < 24
        taken |= cells
    ids = [panel["id"] for panel in made["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_variables_are_those_that_the_queries_use():
    for make in boards.MAKERS.values():
        made = make()
        known = {variable["name"] for variable in made["templating"]["list"]}
        assert known == {"datasource", "namespace", "release", "pod", "runbooks"}
        used = set(re.findall(r"\$\{?(\w+)", boards.text(made)))
        assert used - {"__rate_interval", "__all"} == known


def test_a_file_says_each_thing_on_a_line():
    text = boards.text({"a": [1, 2], "b": {"c": "x" * 100, "d": []}})
    assert text == '{\n  "a": [1, 2],\n  "b": {\n    "c": "' + "x" * 100 + '",\n    "d": []\n  }\n}'


def test_every_route_is_known_to_judge_or_not():
    source = (ROOT / "src/http/routes.rs").read_text("utf-8")
    labels = re.findall(r'\(Route::\w+, "[^"]+", "(\w+)"\)', source)
    judging = re.fullmatch(r'route=~"(.+)"', promql.JUDGING)[1]
    others = {
        *("health", "openapi", "livez", "readyz", "startupz", "metrics", "version"),
        *("models", "rollback", "reload", "log_level", "feedback"),
    }
    judge = {label for label in labels if re.fullmatch(judging, label)}
    assert judge >= {"classify", "older_classify", "older_batch"}
    assert not judge & others
    unknown = set(labels) - judge - others
    assert not unknown, (
        f"does {unknown} judge records? Then {promql.JUDGING} must match it, in promql.py and in the "
        "rules; otherwise it belongs to the others here"
    )


def test_grafanas_types_refuse_what_they_do_not_know(tmp_path):
    compiler = ROOT / ".tools/grafana-schema/node_modules/.bin/tsc"
    if not compiler.is_file():
        pytest.skip("no TypeScript compiler; run scripts/tools/grafana-schema.sh")
    cli.typed(tmp_path)
    (tmp_path / "node_modules").symlink_to(compiler.parents[1])
    values = tmp_path / "boards.ts"
    good = values.read_text("utf-8")
    for right, wrong in (
        ('"colorMode": "background"', '"colorMode": "backgrund"'),
        ('"showPoints": ', '"showPoint": '),
    ):
        assert right in good
        values.write_text(good.replace(right, wrong, 1), "utf-8")
        done = subprocess.run(
            [compiler, "--project", tmp_path], capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert wrong.strip('": ').split('"')[-1] in done.stdout


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.25, "s", "250 ms"),
        (0, "s", "0 s"),
        (90, "s", "1.5 min"),
        (4.2e-6, "s", "4.2 µs"),
        (0.0312, "percentunit", "3.12 %"),
        (123456, "cps", "123 k/s"),
        (67108864, "bytes", "64 MiB"),
        (3, "none", "3"),
        (0.5, "none", "0.5"),
    ],
)
def test_values_are_written_as_a_person_reads_them(value, unit, shown):
    assert units.text(value, unit) == shown


def test_a_series_is_named_by_its_labels():
    one = Series({"pod": "a-0", "member": "anomaly"}, [(0.0, 1.0)])
    assert one.named("{{pod}} {{member}}") == "a-0 anomaly"
    assert one.named("") == "member=anomaly, pod=a-0"
