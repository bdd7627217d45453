"""The Grafana dashboards as data: what they ask, how they look, and how they are drawn without Grafana.

`overview.py`, `models.py` and `capacity.py` say what each shows, out of `panels.py` (how things look),
`promql.py` (the forms of queries) and `board.py` (variables, rows, places); `boards.py` knows them all.
`schema/` holds Grafana's own types, which the files are compared with. `drawing.py` makes pictures of them
from what a Prometheus (`prometheus.py`) has scraped.
Run as `PYTHONPATH=scripts python -m dashboards write|check|typed|draw` (`cli.py`).
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "helm/logtriage/dashboards"
"""Where the chart takes them from."""
RUNBOOKS = "docs/runbooks"
RULES = ROOT / "deploy/prometheus/logtriage.rules.yaml"
