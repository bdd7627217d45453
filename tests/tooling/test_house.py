"""Promises of the repository itself: it explains its commands, and it stands alone."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Written in two halves so that this file does not contain what it looks for.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("static", "crates", "io"),
        ("index", "crates", "io"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("proxy", "golang", "org"),
    )
)
OUTSIDE = ".." + "/shared"
HOME = re.compile(r"(?<![\w./-])/(?:root|home/[a-z][\w-]*|Users/\w+)/")
# Log lines name hosts and homes: there they are data.
DATA = (
    "corpus/",
    "configs/rules/",
    "configs/compliance/",
    "bundles/",
    "tests/",
    "src/",
    "benches/",
)


def repository_files() -> dict[str, str]:
    """Text of every file that git tracks or would take in, by path."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    texts = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file():
            texts[name] = path.read_text(encoding="utf-8", errors="replace")
    return texts


def is_data(name: str) -> bool:
    return name.startswith(DATA) and not name.startswith("tests/tooling/")


def make(*arguments: str) -> str:
    done = subprocess.run(
        ["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^\.PHONY: *(.+)$", makefile, re.MULTILINE))
    rules = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    listed = set(re.findall(r"^ +make ([a-z-]+) +\S", make("help"), re.MULTILINE))
    assert targets == rules, "every target is a command, none is a file"
    assert listed == rules
    assert {"run", "test", "check", "bench", "model", "parity", "clean-tools"} <= listed


def test_make_alone_prints_the_help():
    assert make() == make("help")


def test_no_file_reaches_outside_the_repository():
    found = [name for name, text in repository_files().items() if OUTSIDE in text]
    assert not found


def test_no_file_names_this_checkout():
    found = [name for name, text in repository_files().items() if f"{ROOT}/" in text]
    assert not found


def test_no_file_names_the_host_of_a_package_registry():
    found = [
        f"{name}: {host}"
        for name, text in repository_files().items()
        for host in REGISTRY_HOSTS
        if host in text and not is_data(name)
    ]
    assert not found


def test_no_file_names_a_home_directory():
    found = [
        f"{name}: {match.group()}"
        for name, text in repository_files().items()
        if not is_data(name)
        for match in HOME.finditer(text)
    ]
    assert not found


def test_shell_scripts_are_found_by_the_linter():
    # `make check-scripts` looks at *.sh and at .ci/ alone.
    scripts = [
        name
        for name, text in repository_files().items()
        if re.match(r"#!\s*/(usr/)?bin/(env )?(ba|da)?sh\b", text)
    ]
    assert scripts
    assert [n for n in scripts if not n.endswith(".sh") and not n.startswith(".ci/")] == []
    for name in scripts:
        assert "set -euo pipefail" in (ROOT / name).read_text(), name


def test_every_locked_package_has_a_hash():
    for lock in (
        "requirements-train.txt",
        "requirements-check.txt",
        "requirements-dashboards.txt",
        "requirements-traces.txt",
    ):
        text = (ROOT / "scripts" / lock).read_text()
        entries = re.split(r"\n(?=[a-z])", text.partition("\n")[2])
        for entry in entries:
            assert re.match(r"[a-z0-9-]+==\S+", entry), entry
            assert "--hash=sha256:" in entry, entry


def test_the_licence_is_the_standard_text():
    manifest = (ROOT / "Cargo.toml").read_text()
    text = (ROOT / "LICENSE").read_text()
    assert 'license = "Apache-2.0"' in manifest
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
