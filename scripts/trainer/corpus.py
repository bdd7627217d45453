"""Reads corpus/*.yaml into templates, and refuses what would spoil a model.

All faults of all files are reported at once, each with its file and template.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml

from trainer import slots
from trainer.common import FORMATS, LABELS, TrainerError, seeded

RELEASE_FILE = "RELEASE.yaml"
GROUPS = (
    "os",
    "identity",
    "network",
    "web",
    "database",
    "container",
    "cloud",
    "security",
    "app",
    "hardware",
    "mail",
    "storage",
    "ci",
)
SEVERITIES = {
    "emerg": 0,
    "panic": 0,
    "alert": 1,
    "crit": 2,
    "critical": 2,
    "err": 3,
    "error": 3,
    "warning": 4,
    "warn": 4,
    "notice": 5,
    "info": 6,
    "debug": 7,
}
PRODUCT_KEYS = {"product", "vendor", "group", "source", "format", "about", "basis", "templates"}
TEMPLATE_KEYS = {"id", "label", "severity", "reason", "template", "format", "source"}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
APP_NAME = re.compile(r"[!-~]{1,48}")


@dataclass(frozen=True)
class Template:
    """One labelled template of one product."""

    id: str
    product: str
    group: str
    label: str
    format: str
    source: str
    severity: int | None
    reason: str
    text: str


@dataclass(frozen=True)
class Release:
    """What the bundle is called and when its data were released."""

    version: str
    created: str


def product_files(directory):
    """The product files of a corpus directory, in the order of their names."""
    directory = Path(directory)
    if not directory.is_dir():
        raise TrainerError(f"expected a corpus directory at {directory}, found none")
    return sorted(p for p in directory.glob("*.yaml") if p.name != RELEASE_FILE)


def read_release(directory):
    """Version and date of the corpus release, from RELEASE.yaml."""
    path = Path(directory) / RELEASE_FILE
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
        return Release(version=str(data["version"]), created=str(data["created"]))
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise TrainerError(f"{path}: expected the keys version and created: {error}") from error


def read(directory):
    """All templates of a corpus, ordered by product and place in the file.

    Raises TrainerError with every fault found.
    """
    templates, faults = read_with_faults(directory)
    if faults:
        listed = "\n  ".join(faults)
        raise TrainerError(f"{len(faults)} faults in the corpus:\n  {listed}")
    if not templates:
        raise TrainerError(f"expected product files in {directory}, found none")
    return templates


def read_with_faults(directory):
    """(templates that could be read, faults as text)."""
    templates, faults = [], []
    for path in product_files(directory):
        found, wrong = read_product(path)
        templates += found
        faults += [f"{path.name}: {fault}" for fault in wrong]
    faults += duplicate_faults(templates)
    return templates, faults


def read_product(path):
    """(templates, faults) of one product file."""
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [], [f"not YAML: {' '.join(str(error).split())}"]
    faults = product_faults(data, path.stem)
    if faults:
        return [], faults
    templates = []
    for place, entry in enumerate(data["templates"], start=1):
        wrong = template_faults(entry, data)
        name = entry.get("id", f"template {place}") if isinstance(entry, dict) else place
        faults += [f"{name}: {fault}" for fault in wrong]
        if not wrong:
            templates.append(make_template(entry, data))
    labels = {t.label for t in templates}
    if len(labels) < 2 and not faults:
        faults.append(f"expected at least two labels in a product, found {sorted(labels)}")
    return templates, faults


def product_faults(data, stem):
    """Faults in the head of a product file."""
    if not isinstance(data, dict):
        return ["expected a mapping with product, vendor, group, source, format, basis, templates"]
    faults = [f"unknown key {key!r}" for key in sorted(set(data) - PRODUCT_KEYS)]
    faults += [f"missing key {key!r}" for key in sorted(PRODUCT_KEYS - set(data))]
    if data.get("product") != stem:
        faults.append(f"expected product {stem!r} (the file's name), found {data.get('product')!r}")
    if data.get("group") not in GROUPS:
        faults.append(f"expected a group of {', '.join(GROUPS)}, found {data.get('group')!r}")
    if data.get("format") not in FORMATS:
        faults.append(f"expected a format of {', '.join(FORMATS)}, found {data.get('format')!r}")
    if not isinstance(data.get("templates"), list) or not data.get("templates"):
        faults.append("expected a list of templates")
    basis = data.get("basis")
    if not isinstance(basis, list) or not basis or not all(isinstance(b, str) for b in basis):
        faults.append("expected basis as a list of texts: what the labels rest on")
    return faults


def template_faults(entry, product):
    """Faults in one template."""
    if not isinstance(entry, dict):
        return ["expected a mapping with id, label, reason, template"]
    faults = [f"unknown key {key!r}" for key in sorted(set(entry) - TEMPLATE_KEYS)]
    for key in ("id", "label", "reason", "template"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            faults.append(f"missing {key}")
    if faults:
        return faults
    if not NAME.fullmatch(entry["id"]):
        faults.append("expected an id in kebab-case")
    if entry["label"] not in LABELS:
        faults.append(f"expected a label of {', '.join(LABELS)}, found {entry['label']!r}")
    if entry.get("format", "plain") not in FORMATS:
        faults.append(f"expected a format of {', '.join(FORMATS)}, found {entry['format']!r}")
    if entry.get("severity") not in (None, *SEVERITIES):
        faults.append(
            f"expected a severity of {', '.join(SEVERITIES)}, found {entry['severity']!r}"
        )
    return faults or text_faults(make_template(entry, product))


def text_faults(template):
    """Faults that show only in the text of a template, or in a line made of it."""
    text = template.text
    if "\n" in text or "\r" in text:
        return ["expected one line, found a line break"]
    faults = slots.faults(text)
    if faults:
        return faults
    if template.format == "syslog" and not APP_NAME.fullmatch(template.source):
        faults.append(f"expected a source usable as syslog app-name, found {template.source!r}")
    start = {"cef": "CEF:0|", "leef": "LEEF:"}.get(template.format, "")
    if start not in text:
        faults.append(f"expected {start} in the text")
    if template.format == "json":
        line = slots.fill(text, seeded("lint", template.id), escape_json=True)
        try:
            json.loads(line)
        except ValueError as error:
            faults.append(f"a line made of it is not JSON: {error}: {line[:120]}")
    return faults


def masked_faults(lines, features):
    """Templates of different labels of which a line looks the same to the models: one of the labels is
    wrong, or both lines lack the word that tells them apart."""
    seen, faults = {}, {}
    for line, one in zip(lines, features, strict=True):
        template = line.template
        first = seen.setdefault(one.tokens, template)
        if first.label != template.label:
            faults[(first.id, template.id)] = (
                f"{template.product}.yaml: {template.id}: same words as {first.product}.yaml: "
                f"{first.id} once numbers and names are masked, and another label "
                f"({template.label}, {first.label})"
            )
    return list(faults.values())


def check_masked(lines, features):
    """Raises TrainerError with every fault of `masked_faults`."""
    faults = masked_faults(lines, features)
    if faults:
        listed = "\n  ".join(faults)
        raise TrainerError(f"{len(faults)} faults in the corpus:\n  {listed}")


def make_template(entry, product):
    """A Template out of checked YAML."""
    return Template(
        id=entry["id"],
        product=product["product"],
        group=product["group"],
        label=entry["label"],
        format=entry.get("format", product["format"]),
        source=str(entry.get("source", product["source"])),
        severity=SEVERITIES.get(entry.get("severity")),
        reason=entry["reason"],
        text=entry["template"].rstrip("\n"),
    )


def duplicate_faults(templates):
    """Ids used twice, and texts that are equal once slots are replaced by their types."""
    faults = [
        f"{template_id}: the id is used {count} times"
        for template_id, count in Counter(t.id for t in templates).items()
        if count > 1
    ]
    seen = {}
    for template in templates:
        text = slots.type_of(template.text)
        first = seen.setdefault(text, template)
        if first is not template:
            faults.append(
                f"{template.product}.yaml: {template.id}: same text as {first.product}.yaml: "
                f"{first.id} (labels {template.label}, {first.label})"
            )
    return faults
