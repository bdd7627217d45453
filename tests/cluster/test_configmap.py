"""`logtriage serve` that takes its models from ConfigMaps of a real API server, always under load.

Wherever a `Poster` is entered, it posts without a pause, and when it is left every answer must have
been a 200 that judged every record by one of the bundles that are named to it, with the pod ready
all the time. `order` is the bundles in the order of the answers: it shows that nothing flickers.
"""

import time

import pytest
from cluster import maps
from cluster.service import Poster
from cluster.waiting import until

NAME = "logtriage-bundle"
# Bounds for a debug build on a busy machine; the figures at the end of a run say what it took.
PROMOTION = 30
RECONNECTION = 60
REFUSAL = 30
# How long nothing must happen where nothing should.
STEADY = 2
LABEL, VALUE = "bundle", "logtriage-test"


def digests(*bundles):
    return [bundle.digest for bundle in bundles]


def told_of(namespace, reason, pod, *words):
    """Waits for an Event of a reason, on the pod, whose note holds all words."""

    def look():
        events = namespace.events(reason, pod)
        return [event for event in events if all(word in event["note"] for word in words)]

    return until(look, 15, f"{reason} that says {words}", lambda: namespace.events(reason))[-1]


@pytest.fixture
def allowed(namespace, role):
    """A namespace whose service account has the Role."""
    namespace.account()
    namespace.allow(role)
    return namespace


def test_a_packed_map_holds_every_file_fits_and_is_the_same_each_time(program, first, packed):
    body = packed(first)
    held = {maps.plain(key): maps.content(body, key) for key in body["binaryData"]}
    assert held == {path.name: path.read_bytes() for path in first.directory.iterdir()}
    sizes = [len(value) * 3 // 4 for value in body["binaryData"].values()]
    assert sum(sizes) < 2**20, "what an API server takes in one ConfigMap"
    assert maps.packed(program, first, NAME) == body


def test_a_bundle_that_appears_is_promoted(allowed, watching, packed, builtin, first, figure):
    with watching() as service, Poster(service, builtin, first) as poster:
        poster.wait_for(builtin, PROMOTION)
        assert service.models()["serving"]["stand_in"] is True
        allowed.create_map(packed(first))
        written = time.monotonic()
        figure(f"a new ConfigMap served after {poster.wait_for(first, PROMOTION) - written:.2f} s")
        serving = service.wait_for(first, PROMOTION)["serving"]
        assert (serving["version"], serving["stand_in"]) == (first.version, False)
        assert NAME in serving["source"] and allowed.name in serving["source"]
    assert poster.order == digests(builtin, first)
    assert {"degraded", "fail_open"} <= poster.flags[builtin.digest]
    assert "degraded" not in poster.flags[first.digest]
    event = told_of(allowed, "ModelPromoted", service.pod, first.version)
    assert event["type"] == "Normal"
    assert event["regarding"]["kind"] == "Pod"


def test_an_update_is_promoted_and_told_of(allowed, watching, packed, first, second, figure):
    allowed.create_map(packed(first))
    with watching() as service:
        service.wait_for(first, PROMOTION)
        with Poster(service, first, second) as poster:
            poster.wait_for(first, PROMOTION)
            # kubectl puts what is UTF-8 into `data`: both kinds of key are read.
            text = maps.as_text(packed(second), "manifest.json", "MODEL_CARD.md")
            written = allowed.replace_map(text)
            seconds = poster.wait_for(second, PROMOTION) - written
            told = service.wait_for(second, PROMOTION)
        figure(
            f"an update served after {seconds:.2f} s, {told['serving']['load_seconds']:.2f} s of them "
            f"to load and prove it; slowest of {poster.answers} answers {poster.slowest * 1e3:.0f} ms"
        )
        assert poster.order == digests(first, second)
        assert first.version in [kept["version"] for kept in told["kept"]]
        assert told["last_rejection"] is None
        told_of(allowed, "ModelPromoted", service.pod, second.version)
        assert service.metric("logtriage_model_swaps_total", result="promoted") >= 1
        assert service.metric("logtriage_model_info", digest=second.digest) == 1
        assert service.metric("logtriage_model_info", digest=first.digest) == 0


def test_a_bad_update_changes_nothing_but_an_alarm(
    allowed, watching, packed, first, second, third, figure
):
    allowed.create_map(packed(first))
    with watching() as service:
        service.wait_for(first, PROMOTION)
        with Poster(service, first, third) as poster:
            written = allowed.replace_map(maps.spoiled(packed(second), "anomaly.onnx"))
            rejection = service.wait_for_rejection("wrong_digest", REFUSAL)
            figure(f"a bad update was refused after {time.monotonic() - written:.2f} s")
            assert "anomaly.onnx" in rejection["detail"]
            assert rejection["digest"] == second.digest
            assert NAME in rejection["source"]
            event = told_of(allowed, "ModelRejected", service.pod, "wrong_digest", "anomaly.onnx")
            assert event["type"] == "Warning"
            assert service.said("wrong_digest", "anomaly.onnx")
            time.sleep(STEADY)
            told = service.models()
            assert told["serving"]["digest"] == first.digest
            assert told["serving"]["stand_in"] is False
            assert told["candidate"] is None
            count = service.metric("logtriage_model_rejections_total", code="wrong_digest")
            assert count == 1, "what is bad is refused once, not again and again"
            assert poster.order == digests(first)
            allowed.replace_map(packed(third))
            poster.wait_for(third, PROMOTION)
        assert poster.order == digests(first, third)
        assert not poster.flags[third.digest] & {"degraded"}


def test_a_killed_api_server_is_outlived_and_found_again(
    cluster, allowed, watching, packed, first, second, figure
):
    if not cluster.own:
        pytest.skip("the cluster of KUBECONFIG is somebody else's: its API server is not killed")
    allowed.create_map(packed(first))
    with watching() as service:
        service.wait_for(first, PROMOTION)
        with Poster(service, first, second) as poster:
            # Whoever watches on from the last change that it saw is now told 410 Gone: the new
            # server knows nothing from before this one.
            allowed.create_map({"metadata": {"name": "another"}, "data": {"a": "b"}})
            said_before = len(service.said())
            cluster.plane.kill()
            time.sleep(STEADY)
            assert poster.order == digests(first)
            ready = time.monotonic() + cluster.plane.restart()
            written = allowed.replace_map(packed(second))
            served = poster.wait_for(second, RECONNECTION)
            figure(
                f"after kill -9 of the API server an update served {served - written:.2f} s after it "
                f"was written, {served - ready:.2f} s after the server was ready"
            )
            assert len(service.said()) - said_before < 40, "an outage is no flood in the log"
        assert poster.order == digests(first, second)


def test_an_account_without_the_role_is_told_so_and_served_meanwhile(
    namespace, role, watching, packed, builtin, first
):
    namespace.create_map(packed(first))
    with watching() as service, Poster(service, builtin, first) as poster:
        rejection = service.wait_for_rejection("forbidden", REFUSAL)
        for word in ("configmaps", namespace.name):
            assert word in rejection["detail"]
        assert service.said("forbidden", "configmaps")
        poster.wait_for(builtin, PROMOTION)
        time.sleep(STEADY)
        assert poster.order == digests(builtin)
        assert service.models()["serving"]["stand_in"] is True
        assert len(service.said("cannot list resource")) < 20, "a refusal is no flood in the log"
        namespace.allow(role)
        poster.wait_for(first, RECONNECTION)
    assert poster.order == digests(builtin, first)


def test_a_role_that_is_taken_away_stops_updates_alone(
    cluster, allowed, role, watching, packed, first, second
):
    if not cluster.own:
        pytest.skip("a watch ends only with its server, and that of KUBECONFIG is somebody else's")
    allowed.create_map(packed(first))
    with watching() as service:
        service.wait_for(first, PROMOTION)
        with Poster(service, first, second) as poster:
            allowed.delete("RoleBinding", "logtriage")
            cluster.plane.kill()
            cluster.plane.restart()
            allowed.replace_map(packed(second))
            service.wait_for_rejection("forbidden", RECONNECTION)
            time.sleep(STEADY)
            assert poster.order == digests(first)
            assert service.models()["serving"]["stand_in"] is False
            allowed.allow(role)
            poster.wait_for(second, RECONNECTION)
        assert poster.order == digests(first, second)
        assert "degraded" not in poster.flags[second.digest]


def test_a_deleted_object_leaves_its_bundle_serving(allowed, watching, packed, first, second):
    allowed.create_map(packed(first))
    with watching() as service:
        service.wait_for(first, PROMOTION)
        with Poster(service, first, second) as poster:
            poster.wait_for(first, PROMOTION)
            allowed.delete("ConfigMap", NAME)
            until(lambda: service.said(NAME), 15, "a word about the deletion", service.tail)
            time.sleep(STEADY)
            told = service.models()["serving"]
            assert (told["digest"], told["stand_in"]) == (first.digest, False)
            assert poster.order == digests(first)
            allowed.create_map(packed(second))
            poster.wait_for(second, PROMOTION)
        assert poster.order == digests(first, second)
        assert "degraded" not in poster.flags[first.digest] | poster.flags[second.digest]


def test_a_bundle_over_two_configmaps_is_taken_whole(
    namespace, selector_role, watching, packed, builtin, first, second, third, figure
):
    namespace.account()
    namespace.allow(selector_role)
    halves = {
        bundle.digest: maps.split(packed(bundle), {LABEL: VALUE})
        for bundle in (first, second, third)
    }
    settings = {"models.configmap.selector": f"{LABEL}={VALUE}"}
    service = watching(**settings)
    with service, Poster(service, builtin, first, second, third) as poster:
        one, two = halves[first.digest]
        namespace.create_map(one)
        namespace.create_map(two)
        poster.wait_for(first, PROMOTION)

        # Between the two writes the manifest is new and the card is old: no candidate, no alarm.
        before = service.models()["last_rejection"]
        one, two = halves[second.digest]
        namespace.replace_map(one)
        time.sleep(0.5)
        written = namespace.replace_map(two)
        seconds = poster.wait_for(second, PROMOTION) - written
        figure(f"the second of two ConfigMaps served after {seconds:.2f} s")
        assert service.models()["last_rejection"] == before

        # Half an update that stays half is refused, once it has settled.
        one, two = halves[third.digest]
        namespace.replace_map(one)
        rejection = service.wait_for_rejection("wrong_digest", REFUSAL)
        assert "MODEL_CARD.md" in rejection["detail"]
        namespace.replace_map(two)
        poster.wait_for(third, PROMOTION)

        # A part that goes leaves the whole serving.
        namespace.delete("ConfigMap", two["metadata"]["name"])
        time.sleep(STEADY)
        assert service.models()["serving"]["digest"] == third.digest
    assert poster.order == digests(builtin, first, second, third)


def test_a_service_that_ends_lets_go_of_its_watch(allowed, watching, packed, first):
    allowed.create_map(packed(first))
    with watching() as service:
        service.wait_for(first, PROMOTION)
        began = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - began < 5
