"""A real receiver of OTLP for tests.

`receiver.py` runs rotel and reads the spans that it was sent. `make test-traces` runs the tests, which
are in `tests/tracing`.
"""
