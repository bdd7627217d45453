"""The lens shortens durations, and nothing else."""

import pytest
import yaml
from dashboards import RULES
from monitoring import lens


@pytest.mark.parametrize(
    ("given", "seen"),
    [("5m", "5s"), ("30s", "1s"), ("90m", "60s"), ("1h", "60s"), ("1d", "60s"), ("10m", "10s")],
)
def test_an_hour_is_a_minute_and_nothing_is_longer(given, seen):
    assert lens.shorter(given) == seen


def test_other_forms_are_refused():
    with pytest.raises(ValueError, match="found 1h30m"):
        lens.shorter("1h30m")


def test_only_durations_change():
    expr = 'sum(rate(a:b_rate5m{c="5m"}[5m] offset 15m)) > max_over_time(d[6h:1m]) + 300'
    expected = 'sum(rate(a:b_rate5m{c="5m"}[5s] offset 15s)) > max_over_time(d[60s:1s]) + 300'
    assert lens.expression(expr) == expected


def test_the_rules_keep_their_names_and_limits():
    text = RULES.read_text("utf-8")
    before, after = (
        [rule for group in yaml.safe_load(one)["groups"] for rule in group["rules"]]
        for one in (text, lens.rules(text))
    )
    assert len(before) == len(after) > 20
    for one, other in zip(before, after, strict=True):
        assert {**one, "expr": "", "for": ""} == {**other, "expr": "", "for": ""}
        assert lens.expression(one["expr"]) == other["expr"]
