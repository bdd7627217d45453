"""A real Prometheus that watches real pods while things go wrong, for `make test-observability`.

`stage.py` has the pods and what is done to them, `acts.py` what goes wrong and which alerts that is
meant to raise; `server.py` runs Prometheus as a cluster would, `lens.py` makes an hour of its rules a
minute; `volume.py` and `fragile.py` make bundles and the volume that they come in.
The tests are in `tests/observability`.
"""
