"""A real Kubernetes API server for tests, and logtriage served beside it.

`testbed.py` opens one, its own or the one that KUBECONFIG names; `server.py` runs the processes,
`pki.py` makes their certificates, `client.py` speaks to the server, `kubeconfig.py` says how to.
`service.py` runs `logtriage serve` under load, `maps.py` makes bundles into ConfigMaps.
`make test-cluster` runs the tests, which are in `tests/cluster`.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""


class ClusterError(Exception):
    """Something that a person can put right; the text says what was expected, found, and where."""
