"""What is made from the chart in `helm/logtriage`, and what is asked of it.

`helm.py` runs Helm, `readme.py` writes the chart's README.md from the comments in values.yaml,
`manifests.py` renders `deploy/kubernetes` and the base of `deploy/kustomize`, `policy.py` says what is
wrong with rendered objects. `make chart` writes everything anew, `make test-chart` holds it to be current.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""
CHART = ROOT / "helm/logtriage"


class ChartError(Exception):
    """Something that a person can put right; the text says what was expected, found, and where."""
