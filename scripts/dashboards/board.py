"""A dashboard of rows of panels: variables, places, links between the dashboards."""

from dashboards import RUNBOOKS
from dashboards.panels import SOURCE

SCHEMA_VERSION = 39
"""Grafana 10.4's; newer ones migrate it as they load it."""
COLUMNS = 24
TAG = "logtriage"


def query_variable(name, label, description, query, **more):
    """A variable whose values Prometheus knows."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "description": description,
        "datasource": SOURCE,
        "query": {"qryType": 1, "query": query, "refId": f"variable-{name}"},
        "refresh": 2,
        "sort": 1,
        "multi": False,
        "includeAll": False,
        **more,
    }


def variables():
    """What a reader chooses at the top of each dashboard, and where the runbooks are."""
    known = "logtriage_build_info"
    release = f'{known}{{namespace="$namespace"}}'
    pods = f'{known}{{namespace="$namespace", job="$release"}}'
    return [
        {
            "type": "datasource",
            "name": "datasource",
            "label": "Prometheus",
            "description": "The Prometheus that scrapes logtriage",
            "query": "prometheus",
            "refresh": 1,
            "regex": "",
            "multi": False,
            "includeAll": False,
        },
        query_variable(
            "namespace",
            "Namespace",
            "Namespace of the release",
            f"label_values({known}, namespace)",
        ),
        query_variable(
            "release",
            "Release",
            "The release: the label job, which the ServiceMonitor takes from app.kubernetes.io/instance",
            f"label_values({release}, job)",
        ),
        query_variable(
            "pod",
            "Pod",
            "One pod, some, or all",
            f"label_values({pods}, pod)",
            multi=True,
            includeAll=True,
            allValue=".*",
            current={"selected": True, "text": ["All"], "value": ["$__all"]},
        ),
        {
            "type": "constant",
            "name": "runbooks",
            "description": "Where the pages of docs/runbooks can be read; set it to your copy's address",
            "query": RUNBOOKS,
            "hide": 2,
            "skipUrlSync": True,
        },
    ]


def switch():
    """Links to the other dashboards, with variables and time kept."""
    return {
        "type": "dashboards",
        "title": "logtriage",
        "tags": [TAG],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def row(title, height, *panels):
    """A row: a title, and panels of one height with their widths, (width, panel)."""
    assert sum(width for width, _ in panels) % COLUMNS == 0, f"{title}: lines are not filled"
    return title, height, panels


def placed(rows):
    """The panels of all rows with their ids and places."""
    panels, y = [], 0
    for title, height, members in rows:
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
                "panels": [],
            }
        )
        x, y = 0, y + 1
        for width, panel in members:
            place = {"x": x, "y": y, "w": width, "h": height}
            panels.append({"id": len(panels) + 1, "gridPos": place} | panel)
            x += width
            if x == COLUMNS:
                x, y = 0, y + height
    return panels


def board(name, title, description, rows):
    """A dashboard as Grafana keeps it."""
    return {
        "uid": f"logtriage-{name}",
        "title": title,
        "description": description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": variables()},
        "links": [switch()],
        "panels": placed(rows),
    }
