"""The chart's README.md: `helm/logtriage/README.md.in` with tables of every value.

A value's row is the comment above it in values.yaml. The keys of `config` are those that the schema knows,
explained by the comments of configs/logtriage.yaml.
"""

import json
import re

import yaml

from chart import CHART, ROOT, ChartError

TEMPLATE = ROOT / "scripts/chart/README.md.in"
README = CHART / "README.md"
VALUES = CHART / "values.yaml"
SCHEMA = CHART / "values.schema.json"
CONFIG = ROOT / "configs/logtriage.yaml"
KEY = re.compile(r"^( *)([A-Za-z_][\w-]*):(?: +(.*))?$")


def documented(text):
    """Dotted path to comment, in the file's order; comments that stand apart explain nothing."""
    comments, path, waiting, whole = {}, [], [], yaml.safe_load(text)
    inside = None
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if inside is not None and line.strip() and indent > inside:
            continue
        found = KEY.match(line)
        if line.lstrip().startswith("# "):
            waiting.append(line.strip()[2:])
        elif found:
            inside = None
            path = [*path[: indent // 2], found[2]]
            dotted = ".".join(path)
            if waiting:
                comments[dotted] = " ".join(waiting)
            value = at(whole, dotted)
            if waiting or not isinstance(value, dict) or not value:
                # What is explained as a whole is not taken apart.
                inside = indent
                comments.setdefault(dotted, "")
            waiting = []
        else:
            waiting = []
    return comments


def at(tree, dotted):
    """The value at a dotted path."""
    for name in dotted.split("."):
        tree = tree[name]
    return tree


def row(*cells):
    """A row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def values_table():
    """Key, default and meaning of every value."""
    text = VALUES.read_text("utf-8")
    tree, comments = yaml.safe_load(text), documented(text)
    silent = [key for key, comment in comments.items() if not comment]
    if silent:
        raise ChartError(f"{VALUES.name}: expected a comment above {', '.join(silent)}, found none")
    rows = [row("value", "default", "meaning"), row("---", "---", "---")]
    for key, comment in comments.items():
        default = json.dumps(at(tree, key), ensure_ascii=False)
        rows.append(row(f"`{key}`", f"`{default}`", comment))
    return "\n".join(rows)


def config_keys():
    """Every key that the schema lets stand under `config`, dotted."""
    schema = json.loads(SCHEMA.read_text("utf-8"))

    def below(node, path):
        if "properties" in node:
            for name, child in node["properties"].items():
                yield from below(child, [*path, name])
        else:
            yield ".".join(path)

    return list(below(schema["definitions"]["config"], []))


def config_comments():
    """Dotted key of the example configuration to (default, comment)."""
    found, path, last = {}, [], None
    for line in CONFIG.read_text("utf-8").splitlines():
        code, _, comment = line.partition("#")
        key = KEY.match(code.rstrip())
        if key:
            path = [*path[: len(key[1]) // 2], key[2]]
            last = ".".join(path)
            found[last] = [(key[3] or "").strip(), comment.strip()]
        elif last and not code.strip() and line.startswith("    ") and comment:
            found[last][1] = f"{found[last][1]} {comment.strip()}".strip()
        else:
            last = None
    return found


def config_table():
    """Key, default and meaning of every key of `config`."""
    comments = config_comments()
    rows = [row("key of `config`", "default", "meaning"), row("---", "---", "---")]
    for key in config_keys():
        default, comment = comments.get(key, ("", ""))
        parent, _, _ = key.rpartition(".")
        comment = comment or comments.get(parent, ("", ""))[1]
        rows.append(row(f"`{key}`", f"`{default}`" if default else "", comment))
    return "\n".join(rows)


def expected():
    """The text that README.md must have."""
    text = TEMPLATE.read_text("utf-8")
    return text.replace("@VALUES@", values_table()).replace("@CONFIG@", config_table())
