"""Three pods, a Prometheus that scrapes them each second, and what goes wrong in two minutes: every
alert that is meant fires, no other does, and every panel has something to show."""

import subprocess

import pytest
from dashboards import boards, drawing
from monitoring import missing
from monitoring.server import NAMESPACE, RELEASE, tool

STEP = 1
WINDOW = "15s"
FIRING = 'ALERTS{alertstate="firing"}'
# Needs a limit of memory that the kernel sets, and a process that comes close to it and is not ended.
NOT_PLAYED = {"LogtriageMemoryNearLimit"}


def filled(expr):
    return boards.filled(expr, NAMESPACE, RELEASE, window=WINDOW)


def asked():
    """Every query of every dashboard."""
    return [
        pytest.param(title, expr, id=f"{name}: {title}, {number}")
        for name, make in boards.MAKERS.items()
        for number, (title, expr) in enumerate(boards.expressions(make()), start=1)
    ]


def onsets(performance):
    """When each alert fired first, by name and pod."""
    acts = performance.acts
    end = acts.closed
    found = performance.server.over(FIRING, acts.began, end, STEP)
    first = {}
    for one in found:
        alert = (one.labels["alertname"], one.labels.get("pod", ""))
        first[alert] = min(one.points[0][0], first.get(alert, end))
    return first


def test_nothing_fires_while_all_is_well(performance):
    early = {
        alert: round(time - performance.acts.began)
        for alert, time in onsets(performance).items()
        if time < performance.acts.trouble
    }
    assert early == {}


def test_every_alert_that_is_meant_fires_and_no_other(performance):
    assert set(onsets(performance)) == set(performance.acts.meant)


def test_no_alert_comes_before_its_cause(performance):
    meant = performance.acts.meant
    hasty = {
        alert: time - meant[alert]
        for alert, time in onsets(performance).items()
        # A sample has the time of its evaluation, which can begin a moment before it is asked for.
        if alert in meant and time < meant[alert] - STEP
    }
    assert hasty == {}


def test_every_alert_is_played(performance, rules):
    played = {name for name, _ in performance.acts.meant}
    every = {rule["alert"] for rule in rules if "alert" in rule}
    unplayed = performance.acts.absent | NOT_PLAYED
    if not performance.acts.limited:
        unplayed |= {"LogtriageThrottled"}
    assert every - played <= unplayed
    assert played <= every


@pytest.mark.parametrize(("title", "expr"), asked())
def test_every_panel_has_something_to_show(performance, title, expr):
    begin, end = performance.acts.began, performance.acts.ended
    found = performance.server.over(filled(expr), begin, end, STEP)
    absent = missing.asked(expr) | unlimited(performance, expr)
    if absent:
        pytest.skip(f"{title}: not here: {', '.join(sorted(absent))}")
    assert found, f"{title}: expected values of {expr}, found none"


def unlimited(performance, expr):
    """Limits that an expression asks for and that no pod on this machine has."""
    limits = missing.used(expr) & {
        "logtriage_memory_limit_bytes",
        "logtriage_cpu_limit_cores",
        "logtriage_cpu_throttled_seconds_total",
        "logtriage_cpu_throttled_periods_total",
    }
    return {
        name for name in limits if not performance.server.at(f"{name} > 0", performance.acts.ended)
    }


@pytest.mark.parametrize("metric", sorted(missing.METRICS))
def test_what_is_called_missing_is_missing(performance, metric):
    acts = performance.acts
    names = f'{{__name__=~"{metric}(_bucket)?"}}'
    found = performance.server.over(names, acts.began, acts.ended, STEP)
    assert not found, f"{metric} is there: take it out of scripts/monitoring/missing.py"


def test_the_variables_have_values(performance):
    found = performance.server.at("logtriage_build_info", performance.acts.ended)
    labels = [tuple(one.labels.get(name) for name in ("namespace", "job", "pod")) for one in found]
    assert sorted(labels) == [(NAMESPACE, RELEASE, f"logtriage-{number}") for number in range(3)]


def test_promtool_has_no_complaint_about_a_loaded_server(performance):
    done = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=performance.acts.metrics,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "logtriage_records_total" in performance.acts.metrics


def test_the_dashboards_can_be_drawn(performance, pytestconfig, tmp_path):
    acts = performance.acts
    view = drawing.View(
        source=performance.server,
        namespace=NAMESPACE,
        release=RELEASE,
        begin=acts.began,
        end=acts.ended,
        window=WINDOW,
    )
    drawn = drawing.draw_all(view, pytestconfig.getoption("--pictures") or tmp_path)
    assert [path.stem for path in drawn] == list(boards.MAKERS)
    for path in drawn:
        assert path.read_bytes().startswith(b"\x89PNG"), path
