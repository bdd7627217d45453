"""All dashboards, their files, and what they ask."""

import json

from dashboards import BOARDS, capacity, models, overview

LINE = 100
MAKERS = {"overview": overview.made, "models": models.made, "capacity": capacity.made}


def text(value, indent=""):
    """JSON in the order of the code. What fits on a line stands on one, so that files are short, and a
    change of one thing is a change of one line."""
    whole = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or len(indent) + len(whole) <= LINE:
        return whole
    inner = indent + "  "
    if isinstance(value, dict):
        ends = "{}"
        parts = [f"{json.dumps(key)}: {text(part, inner)}" for key, part in value.items()]
    else:
        ends = "[]"
        parts = [text(part, inner) for part in value]
    return f"{ends[0]}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{ends[1]}"


def files():
    """What each file holds, by path."""
    return {BOARDS / f"{name}.json": text(made()) + "\n" for name, made in MAKERS.items()}


def panels(made):
    """The panels that show something, the titles of rows left out."""
    return [panel for panel in made["panels"] if panel["type"] != "row"]


def expressions(made):
    """Title of the panel, and expression, of every query."""
    return [
        (panel["title"], target["expr"]) for panel in panels(made) for target in panel["targets"]
    ]


def filled(expr, namespace, release, pod=".*", window="5m"):
    """An expression with Grafana's variables replaced."""
    values = {
        "$__rate_interval": window,
        "$namespace": namespace,
        "$release": release,
        "$pod": pod,
    }
    for name, value in values.items():
        expr = expr.replace(name, value)
    return expr
