"""Traces as a real receiver gets them: whose children they are, what they cover, how they are sampled."""

import http.client
import json
import shutil
import socket
import time

import pytest
from cluster import ROOT
from cluster.waiting import until

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00"
LINES = ["sshd[7]: Failed password for root from 203.0.113.7 port 1 ssh2", "never seen zqx"]
OF_REQUEST = {"read", "decode", "queue", "batch", "write"}
STAGES = ["parse_and_rules", "features", "classifier", "anomaly", "decide"]


def post(service, lines=LINES, path="/v1/classify", **headers):
    """Status and headers of the answer to some lines."""
    connection = http.client.HTTPConnection(service.data, timeout=10)
    connection.request("POST", path, json.dumps(lines), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers


def whole(trace):
    """Looks for all spans of a trace: its request's span ends last."""

    def look(spans):
        own = [span for span in spans if span.trace == trace]
        ended = any(span.kind == "SPAN_KIND_SERVER" for span in own)
        return own if ended and any(span.name == "decide" for span in own) else None

    return look


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_trace_is_part_of_its_callers_and_covers_queue_batch_and_stages(
    traced, receiver, protocol
):
    service = traced(
        protocol,
        OTEL_SERVICE_NAME="triage-eu",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test",
    )
    status, headers = post(service, path="/v1/classify?explain=true", traceparent=SAMPLED)
    assert status == 200
    spans = receiver.wait_for(whole(TRACE), "the whole trace")
    assert len(spans) == 1 + len(OF_REQUEST) + len(STAGES), receiver.names()
    [request] = [span for span in spans if span.kind == "SPAN_KIND_SERVER"]
    assert (request.parent, request.name) == (CALLER, "POST /v1/classify")
    assert headers["traceresponse"] == f"00-{TRACE}-{request.id}-01"
    expected = {
        "http.request.method": "POST",
        "http.route": "/v1/classify",
        "http.response.status_code": "200",
        "url.path": "/v1/classify",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": service.data.partition(":")[2],
        "client.address": "127.0.0.1",
        "logtriage.records": "2",
    }
    assert expected.items() <= request.attributes.items(), request.attributes
    assert request.resource["service.name"] == "triage-eu"
    assert request.resource["deployment.environment.name"] == "test"
    assert "service.version" in request.resource

    below = {span.name: span for span in spans if span.parent == request.id}
    assert below.keys() == OF_REQUEST
    batch = below["batch"]
    assert batch.links == [(TRACE, request.id)]
    assert batch.attributes["logtriage.batch.records"] == "2"
    assert batch.attributes["logtriage.bundle.name"] == "default"
    stages = sorted((s for s in spans if s.parent == batch.id), key=lambda s: s.start)
    assert [span.name for span in stages] == STAGES
    assert stages[2].attributes["logtriage.engine"] == "native"

    # What is measured in two places by one clock fits to the microsecond or so.
    slack = 1_000_000
    for span in [*below.values(), *stages]:
        assert request.start - slack <= span.start <= span.end <= request.end + slack, span
    assert below["queue"].end <= batch.start
    assert all(batch.start <= s.start and s.end <= batch.end for s in stages)
    assert not any(line in receiver.text() for line in LINES), "messages are not traced"


def test_a_batch_is_linked_to_all_of_its_requests(traced, receiver):
    service = traced(settings={"engine.workers": 1, "batch.max_delay": "2s"})
    body = json.dumps(LINES)
    host, _, port = service.data.partition(":")
    other = "0af7651916cd43dd8448eb211c80319c"
    # While a request is on its way, others wait for it.
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        head = (
            f"POST /v1/classify HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
            f"traceparent: 00-{other}-b7ad6b7169203331-01\r\n\r\n"
        )
        slow.sendall((head + body[:9]).encode("utf-8"))
        time.sleep(0.2)
        connection = http.client.HTTPConnection(service.data, timeout=10)
        connection.request("POST", "/v1/classify", body, {"traceparent": SAMPLED})
        until(lambda: service.metric("logtriage_queue_records") >= 2, 5, "one request to wait")
        slow.sendall(body[9:].encode("utf-8"))
        assert slow.recv(12) == b"HTTP/1.1 200"
        assert connection.getresponse().status == 200
        connection.close()

    def both(spans):
        requests = {s.trace: s for s in spans if s.kind == "SPAN_KIND_SERVER"}
        batches = {s.trace: s for s in spans if s.name == "batch"}
        return (requests, batches) if {TRACE, other} <= requests.keys() & batches.keys() else None

    requests, batches = receiver.wait_for(both, "both traces")
    first, second = (batches[TRACE], batches[other])
    if len(first.links) < 2:
        first, second = second, first
    assert sorted(first.links) == sorted((trace, requests[trace].id) for trace in (TRACE, other))
    assert second.links == [(first.trace, first.id)]
    for batch in (first, second):
        assert batch.parent == requests[batch.trace].id
        assert batch.attributes["logtriage.batch.records"] == "4"
        assert batch.attributes["logtriage.batch.records_of_request"] == "2"
    stages = [span for span in receiver.spans() if span.name == "decide"]
    assert [span.parent for span in stages] == [first.id], "stages are told once"


def test_the_head_decides_and_the_parent_decides_for_it(traced, receiver):
    usual = traced()
    status, headers = post(usual, traceparent=UNSAMPLED)
    assert (status, headers["traceresponse"]) == (200, None)
    own = post(usual)[1]["traceresponse"].split("-")[1]
    receiver.wait_for(whole(own), "a trace that begins here")

    seldom = traced(OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0")
    assert post(seldom)[1]["traceresponse"] is None
    other = "0af7651916cd43dd8448eb211c80319c"
    post(seldom, traceparent=f"00-{other}-b7ad6b7169203331-01")
    receiver.wait_for(whole(other), "the trace of a caller that is sampled")
    assert {span.trace for span in receiver.spans()} == {own, other}


def test_a_broken_parent_is_no_parent(traced, receiver):
    service = traced()
    for wrong in ("00-zz-00f067aa0ba902b7-01", f"00-{'0' * 32}-{CALLER}-01", "x", ""):
        status, headers = post(service, traceparent=wrong)
        assert status == 200
        trace = headers["traceresponse"].split("-")[1]
        spans = receiver.wait_for(whole(trace), "a trace of its own")
        [request] = [span for span in spans if span.kind == "SPAN_KIND_SERVER"]
        assert request.parent == "", wrong


def test_what_waits_is_sent_at_the_end(traced, receiver):
    service = traced(OTEL_BSP_SCHEDULE_DELAY="600000")
    assert post(service, traceparent=SAMPLED)[0] == 200
    time.sleep(0.5)
    assert receiver.spans() == []
    assert service.end() == 0
    receiver.wait_for(whole(TRACE), "the trace of the request before the end")


def test_a_refused_bundle_has_a_span_and_a_line_that_names_it(traced, receiver, tmp_path):
    volume = tmp_path / "models"
    shutil.copytree(ROOT / "bundles/default", volume)
    service = traced(settings={"models.dir": volume, "models.settle": "100ms"})
    (volume / "classifier.onnx").write_bytes(b"not a graph")

    def refused(spans):
        return next((span for span in spans if span.name == "swap"), None)

    until(lambda: service.models()["last_rejection"], 20, "a refusal", service.told)
    swap = receiver.wait_for(refused, "the span of the refusal")
    assert swap.attributes["logtriage.swap.result"] == "rejected"
    assert swap.attributes["error.type"] == service.models()["last_rejection"]["code"]
    assert swap.status == "STATUS_CODE_ERROR"
    [line] = service.said("what served goes on serving")
    assert line["trace_id"] == swap.trace


def test_without_the_variables_nothing_is_traced(serve, receiver):
    quiet = serve()
    off = serve(
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint("http/protobuf"), OTEL_SDK_DISABLED="true"
    )
    for service in (quiet, off):
        status, headers = post(service, traceparent=SAMPLED)
        assert (status, headers["traceresponse"]) == (200, None)
        assert service.end() == 0
    assert receiver.spans() == []


def test_a_setting_that_is_not_understood_is_told_and_records_are_judged(serve):
    service = serve(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_EXPORTER_OTLP_PROTOCOL="http/json"
    )
    assert post(service)[0] == 200
    assert service.said("nothing is traced", "http/json", levels=("ERROR",))
