"""The schema knows every value and lets no other pass."""

import json

import yaml
from chart.readme import SCHEMA, VALUES
from conftest import CASES

WHOLE = json.loads(SCHEMA.read_text("utf-8"))
# Objects of Kubernetes' own, which the API server checks, and Helm's.
PASSED_ON = {"global", "nodeAffinity", "podAffinity", "podAntiAffinity"}
PASSED_ON |= {"podSelector", "namespaceSelector", "ipBlock"}


def nodes(node, name=""):
    """Every schema within a schema, with the name that it stands under."""
    if isinstance(node, dict):
        yield name, node
        for key, child in node.items():
            yield from nodes(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from nodes(child, name)


def resolved(node):
    """A schema with its reference followed."""
    while "$ref" in node:
        node = WHOLE["definitions"][node["$ref"].rpartition("/")[2]]
    return node


def test_no_object_takes_what_is_not_named():
    objects = [(name, node) for name, node in nodes(WHOLE) if node.get("type") == "object"]
    assert len(objects) > 40
    for name, node in objects:
        if name == "items" and "minProperties" in node and "properties" not in node:
            continue  # asInKubernetes
        if name not in PASSED_ON:
            assert "additionalProperties" in node, name
            assert node["additionalProperties"] is not True, name
    for name, node in nodes(WHOLE):
        if isinstance(node.get("properties"), dict) and "type" in node:
            assert node["additionalProperties"] is False, name


def compare(values, schema, path=""):
    """Values and schema name the same keys; dictionaries that are empty are the user's to fill."""
    schema = resolved(schema)
    if not isinstance(values, dict) or not values or "properties" not in schema:
        return
    assert set(values) == set(schema["properties"]) - {"global"}, path
    for key, value in values.items():
        compare(value, schema["properties"][key], f"{path}.{key}")


def test_values_and_schema_name_the_same_keys():
    compare(yaml.safe_load(VALUES.read_text("utf-8")), WHOLE)


def test_every_reference_leads_somewhere_and_every_definition_is_used():
    used = {node["$ref"].rpartition("/")[2] for _, node in nodes(WHOLE) if "$ref" in node}
    assert used == set(WHOLE["definitions"])


def leaves(tree, path=()):
    """Paths of a tree's leaves; lists are leaves."""
    if not isinstance(tree, dict) or not tree:
        return {path}
    return {leaf for key, child in tree.items() for leaf in leaves(child, (*path, key))}


def test_the_cases_set_every_value_to_something_else():
    defaults = yaml.safe_load(VALUES.read_text("utf-8"))
    tried = set()
    for case in CASES.values():
        for path in leaves(case):
            tried |= {path[:length] for length in range(1, len(path) + 1)}
    untried = {".".join(path) for path in leaves(defaults)} - {".".join(path) for path in tried}
    assert not untried
