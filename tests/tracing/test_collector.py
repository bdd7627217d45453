"""Collectors that are not there, do not answer, or want to be asked properly."""

import http.client
import http.server
import json
import socket
import threading
import time

import pytest
from cluster.waiting import until
from tracing.receiver import free_port

PROTOCOLS = ["grpc", "http/protobuf"]


def variables(port, protocol, **more):
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "500",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        **more,
    }


def post(service, count):
    """Posts one line so many times; the slowest answer in seconds."""
    connection = http.client.HTTPConnection(service.data, timeout=10)
    slowest = 0.0
    for number in range(count):
        began = time.monotonic()
        connection.request("POST", "/v1/classify", json.dumps([f"a line, {number}"]))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        slowest = max(slowest, time.monotonic() - began)
    connection.close()
    return slowest


def dropped(service):
    return service.metric("logtriage_trace_spans_dropped_total")


@pytest.fixture(params=["closed", "silent"])
def nobody(request):
    """A port where nobody listens, or one where nobody answers."""
    if request.param == "closed":
        yield free_port()
        return
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield silent.getsockname()[1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_collector_that_is_not_there_costs_spans_and_nothing_else(serve, nobody, protocol):
    service = serve(**variables(nobody, protocol))
    slowest = post(service, 20)
    assert slowest < 1.0, "nobody waits for it"
    until(lambda: dropped(service) >= 11, 10, "the lost spans to be counted")
    post(service, 20)
    [told] = service.said("traces cannot be sent")
    assert told["level"] == "WARN", "told once, when it begins"
    began = time.monotonic()
    assert service.end() == 0
    assert time.monotonic() - began < 8, "the end does not wait for it"


def test_what_the_queue_has_no_room_for_is_counted(serve):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = variables(silent.getsockname()[1], "http/protobuf", OTEL_BSP_MAX_QUEUE_SIZE="8")
        service = serve(**told | {"OTEL_EXPORTER_OTLP_TIMEOUT": "60000"})
        post(service, 50)
        # 50 requests have nine spans each, or eleven where a model is asked; 8 wait, and 8 are being sent.
        assert 50 * 9 - 2 * 8 <= dropped(service) <= 50 * 11
        began = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - began < 8, "the end does not wait for it"


def test_headers_are_sent(serve):
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["content-length"])
            asked.append((self.path, dict(self.headers), self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        headers = "api-key=s3cret,x-scope=a%20b"
        told = variables(server.server_port, "http/protobuf", OTEL_EXPORTER_OTLP_HEADERS=headers)
        service = serve(**told)
        post(service, 1)
        until(lambda: asked, 10, "spans")
    finally:
        server.shutdown()
        server.server_close()
    path, found, body = asked[0]
    found = {name.lower(): value for name, value in found.items()}
    assert path == "/v1/traces"
    assert (found["api-key"], found["x-scope"]) == ("s3cret", "a b")
    assert found["content-type"] == "application/x-protobuf"
    assert b"POST /v1/classify" in body or b"parse_and_rules" in body
    assert not service.said("s3cret", levels=("ERROR", "WARN", "INFO", "DEBUG"))
