"""Panels as Grafana keeps them. Each has a unit, limits, a description and the page of a runbook.

Limits are thresholds: the first is a colour, each further one a value from which another colour holds.
"""

from dataclasses import dataclass, replace

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
RUNBOOK_URL = "${runbooks}"
"""A variable of each dashboard, so that a site says once where it keeps its pages."""
CATEGORIES = {
    "critical": "red",
    "suspicious": "orange",
    "routine": "green",
    "noise": "blue",
}


@dataclass(frozen=True)
class Query:
    """An expression, and the name of what it gives: labels in double braces."""

    expr: str
    legend: str = ""
    instant: bool = False
    table: bool = False


def up_to(*values):
    """Limits that must not be reached: green, yellow, red."""
    colours = ("yellow", "red") if len(values) > 1 else ("red",)
    return ("green", *zip(values, colours, strict=True))


def at_least(value):
    """A limit below which it is red."""
    return ("red", (value, "green"))


def no_limit():
    """For what is neither good nor bad in itself."""
    return ("green",)


def thresholds(limits):
    """Grafana's form of limits."""
    first, *further = limits
    steps = [{"color": first, "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in further]
    return {"mode": "absolute", "steps": steps}


def targets(queries):
    """Grafana's form of queries."""
    return [
        {
            "refId": chr(ord("A") + number),
            "datasource": SOURCE,
            "expr": query.expr,
            "legendFormat": query.legend,
            "instant": query.instant,
            "range": not query.instant,
            "format": "table" if query.table else "time_series",
        }
        for number, query in enumerate(queries)
    ]


def coloured(name, colour):
    """The series of that name always has that colour."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
    }


def panel(kind, title, description, page, queries, defaults, options, overrides=()):
    """What all panels have in common; place and id come with the board."""
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "links": [
            {
                "title": f"Runbook: {page}",
                "url": f"{RUNBOOK_URL}/{page}.md",
                "targetBlank": True,
            }
        ],
        "targets": targets(queries),
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "options": options,
    }


def stat(title, description, page, unit, limits, *queries, none="no data", decimals=None):
    """The present value, large, coloured by its limits.

    Asked for this moment alone: the last value of a range would still be shown long after its pods
    are gone.
    """
    defaults = {
        "unit": unit,
        "noValue": none,
        "color": {"mode": "thresholds"},
        "thresholds": thresholds(limits),
    }
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showPercentChange": False,
        "textMode": "value_and_name" if len(queries) > 1 else "value",
        "wideLayout": True,
    }
    present = [replace(query, instant=True) for query in queries]
    return panel("stat", title, description, page, present, defaults, options)


def lines(title, description, page, unit, limits, *queries, stacked=False, steps=False, most=None):
    """Values over time. Limits are drawn as dashed lines where there are any.

    `steps` is for values that stay until they change; `most` is the upper end of the axis.
    """
    defaults = {
        "unit": unit,
        "min": 0,
        "color": {"mode": "palette-classic"},
        "thresholds": thresholds(limits),
        "custom": {
            "drawStyle": "line",
            "lineInterpolation": "stepAfter" if steps else "linear",
            "lineWidth": 1,
            "fillOpacity": 40 if stacked else 0,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "dashed" if len(limits) > 1 else "off"},
        },
    }
    if steps and unit == "none":
        defaults["decimals"] = 0
    if most is not None:
        defaults["max"] = most
    options = {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    overrides = [coloured(name, colour) for name, colour in CATEGORIES.items()]
    by_category = any("{{category}}" in query.legend for query in queries)
    return panel(
        "timeseries",
        title,
        description,
        page,
        queries,
        defaults,
        options,
        overrides if by_category else (),
    )


def table(title, description, page, limits, query, columns):
    """What a query's labels say now; `columns` maps labels to headings, others are left out."""
    defaults = {
        "unit": "none",
        "noValue": "none",
        "color": {"mode": "thresholds"},
        "thresholds": thresholds(limits),
    }
    drawn = panel(
        "table",
        title,
        description,
        page,
        [query],
        defaults,
        {"showHeader": True, "cellHeight": "sm", "frameIndex": 0},
    )
    drawn["transformations"] = [
        {
            "id": "filterFieldsByName",
            "options": {"include": {"names": list(columns)}},
        },
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {label: place for place, label in enumerate(columns)},
                "renameByName": columns,
            },
        },
    ]
    return drawn
