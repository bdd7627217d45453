"""What docs/troubleshooting.md quotes is what the program says and counts."""

import re

from chart import CHART, ROOT

TEXT = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
# Strings go over lines in the sources: by a backslash in Rust, not at all in templates.
SOURCE = re.sub(
    r"\\\n\s*", "", "\n".join(p.read_text("utf-8") for p in sorted((ROOT / "src").rglob("*.rs")))
)
TEMPLATES = "\n".join(p.read_text("utf-8") for p in (CHART / "templates").glob("*.tpl"))


def said():
    """What the page says that the program writes: backticked, on the lines of a "Says"."""
    for item in re.findall(r"^- (?:Says|With `native`)(.*?)(?=^- |^#|^$)", TEXT, re.M | re.S):
        item = " ".join(item.split()).replace("\\`", "\0")
        for quoted in re.findall(r"`([^`]+)`", item):
            yield quoted.replace("\0", "`")


def fragments(message):
    """Its parts between the names and numbers that differ."""
    return [part.strip(" .:") for part in message.split("...") if len(part.strip(" .:")) > 4]


def test_every_message_is_one_of_the_program():
    messages = list(said())
    assert len(messages) >= 18
    for message in messages:
        for part in fragments(message):
            assert part in SOURCE, f"{part!r} of {message!r}"


def test_every_metric_is_one_of_the_program():
    names = set(re.findall(r"`logtriage_(\w+)`", TEXT))
    assert len(names) > 8
    for name in names:
        assert f'"{name}"' in SOURCE, name


def test_every_value_is_one_of_the_chart():
    readme = (CHART / "README.md").read_text("utf-8")
    sections = "adminToken|model|networkPolicy|rbac|resources|monitoring"
    names = set(re.findall(rf"`((?:{sections})\.\w+(?:\.\w+)*)`", TEXT))
    assert len(names) > 6
    for name in names:
        assert f"| `{name}` |" in readme, name
    assert "shutdown.delay and shutdown.grace of config), found" in TEMPLATES


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
