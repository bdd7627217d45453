"""role.yaml is minimal: each verb is taken away in turn, and something stops working that is named.

Whatever is missing, the service goes on serving and says in its log what the API server refused.
"""

import copy

import pytest
from cluster import testbed
from cluster.service import Poster
from cluster.waiting import until

NAME = "logtriage-bundle"
SECONDS = 30


def pairs():
    """(resource, verb) of everything that role.yaml allows."""
    return [
        (rule["resources"][0], verb)
        for document in testbed.documents(testbed.MANIFESTS / "role.yaml")
        for rule in document.get("rules", [])
        for verb in rule["verbs"]
    ]


def without(role, resource, verb):
    """A role that lacks one verb."""
    lacking = copy.deepcopy(role)
    for document in lacking:
        for rule in document.get("rules", []):
            if resource in rule["resources"]:
                rule["verbs"].remove(verb)
        # The API server takes no rule without a verb.
        if "rules" in document:
            document["rules"] = [rule for rule in document["rules"] if rule["verbs"]]
    return lacking


def denied(service, resource, verb):
    """Waits until the log holds the server's own words for what it did not let the service do."""
    words = (f"cannot {verb} resource", resource)
    levels = ("INFO", "WARN", "ERROR")
    until(
        lambda: service.said(*words, levels=levels),
        SECONDS,
        f"something that needs {verb} on {resource} (if nothing does, take it out of role.yaml)",
        service.told,
    )


class Scene:
    """A service in a namespace, and two bundles to go back and forth between."""

    def __init__(self, service, namespace, packed, first, second):
        self.service, self.namespace, self.packed = service, namespace, packed
        self.first, self.second = first, second

    def promote(self, bundle):
        """Put a bundle into the ConfigMap, and wait until it serves."""
        self.namespace.replace_map(self.packed(bundle))
        self.service.wait_for(bundle, SECONDS)

    def events(self):
        """Events of promotions."""
        return self.namespace.events("ModelPromoted", self.service.pod)

    def counted(self):
        """Events that were counted instead of told anew."""
        return [event for event in self.events() if event.get("series")]


def not_served(scene):
    """Without the first list there is no bundle."""
    denied(scene.service, "configmaps", "list")
    assert scene.service.models()["serving"]["stand_in"] is True


def asked_again(scene):
    """Without the watch it says what it may not do, and only asks again and again."""
    scene.service.wait_for(scene.first, SECONDS)
    denied(scene.service, "configmaps", "watch")
    assert scene.service.models()["last_rejection"]["code"] == "forbidden"
    scene.promote(scene.second)


def not_told(scene):
    """Without create nobody is told."""
    scene.service.wait_for(scene.first, SECONDS)
    scene.promote(scene.second)
    denied(scene.service, "events", "create")
    assert scene.events() == []


def not_counted(scene):
    """Without patch an Event that comes again is not counted."""
    scene.service.wait_for(scene.first, SECONDS)
    for bundle in (scene.second, scene.first, scene.second):
        scene.promote(bundle)
    denied(scene.service, "events", "patch")
    assert scene.counted() == []


LOST = {
    ("configmaps", "list"): not_served,
    ("configmaps", "watch"): asked_again,
    ("events", "create"): not_told,
    ("events", "patch"): not_counted,
}


def test_with_the_whole_role_everything_works(namespace, role, watching, packed, first, second):
    namespace.create_map(packed(first))
    namespace.allow(role)
    with watching() as service:
        scene = Scene(service, namespace, packed, first, second)
        service.wait_for(first, SECONDS)
        with Poster(service, first, second) as poster:
            poster.wait_for(first, SECONDS)
            for bundle in (second, first, second):
                scene.promote(bundle)
            until(scene.counted, SECONDS, "an Event that is counted", scene.events)
            status, body = service.reload()
            assert status in (200, 202), body
        assert service.models()["last_rejection"] is None
        assert not service.said("cannot "), "nothing is refused"


@pytest.mark.parametrize(("resource", "verb"), pairs())
def test_each_verb_is_needed(
    namespace, role, watching, packed, first, second, builtin, resource, verb
):
    namespace.create_map(packed(first))
    namespace.allow(without(role, resource, verb))
    with watching() as service, Poster(service, builtin, first, second):
        LOST[resource, verb](Scene(service, namespace, packed, first, second))
        assert service.ready()
