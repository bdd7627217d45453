"""What the tests of the traces share: the receiver, and services that send to it."""

import os

import pytest
from cluster import ROOT
from cluster.service import Service
from tracing.receiver import Receiver


@pytest.fixture(scope="session")
def program():
    """The logtriage under test."""
    path = ROOT / (os.environ.get("LOGTRIAGE_TEST_BINARY") or "target/debug/logtriage")
    if not os.access(path, os.X_OK):
        pytest.fail(f"expected logtriage at {path}, found none; set LOGTRIAGE_TEST_BINARY")
    return path


@pytest.fixture
def receiver():
    """A receiver of OTLP."""
    with Receiver() as running:
        yield running


@pytest.fixture
def serve(program):
    """Starts services that are gone when the test is over."""
    running = []

    def start(settings=None, **variables):
        service = Service(program, settings or {}, variables)
        running.append(service)
        return service.__enter__()

    yield start
    for service in running:
        service.end()


@pytest.fixture
def traced(serve, receiver):
    """Starts services whose spans go to the receiver soon."""

    def start(protocol="http/protobuf", settings=None, **variables):
        told = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint(protocol),
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        return serve(settings, **(told | variables))

    return start
