"""Writes the Python locks: requirements-NAME.txt of train, check, dashboards, traces, fixtures.

Run it with any Python that has pip 23 or newer, from anywhere:

    python3 scripts/tools/lock_python.py

pip itself chooses the versions for CPython 3.11 on glibc Linux, x86_64, and reports them with
their hashes without installing anything. The hash of the aarch64 wheel is added beside; where a
package has none, its line is limited to x86_64. Each lock is resolved under the versions of those
before it, because they are installed into one environment; that of the fixtures has one of its own,
since the exporters need older packages. Named after the command (requirements-dashboards), a lock is
made alone, and the others stay as they are.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
LOCKS = (
    "requirements-train",
    "requirements-check",
    "requirements-dashboards",
    "requirements-traces",
    "requirements-fixtures",
)
# Installed into an environment of its own.
ALONE = ("requirements-fixtures",)
# Debian 12 has glibc 2.36, so wheels built for anything up to that will load.
GLIBC_MINORS = range(17, 37)


def platforms(machine: str) -> list[str]:
    """pip's options that accept every wheel a Debian 12 machine of this kind can load."""
    names = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS]
    names.append(f"manylinux2014_{machine}")
    return [f"--platform={name}" for name in names]


def resolve(machine: str, *wanted: str) -> dict[str, tuple[str, str]] | None:
    """Maps each package pip would install to its version and hash; None if it finds no answer.

    For one package alone (--no-deps) no answer is an ordinary one: it has no wheel there.
    """
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
        command += ["--ignore-installed", "--report", str(report), "--target", scratch]
        command += ["--only-binary=:all:", "--implementation=cp", "--python-version=3.11"]
        command += [*platforms(machine), *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            if "--no-deps" not in wanted:
                print(done.stderr.strip(), file=sys.stderr)
            return None
        installs = json.loads(report.read_text())["install"]
    packages = {}
    for item in installs:
        name = item["metadata"]["name"].lower().replace("_", "-")
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        packages[name] = (item["metadata"]["version"], digest)
    return packages


def lock_lines(packages: dict[str, tuple[str, str]]) -> list[str]:
    """One requirement a package, with the hash of each machine's wheel."""
    lines = []
    for name, (version, digest) in sorted(packages.items()):
        other = resolve("aarch64", "--no-deps", f"{name}=={version}")
        hashes = [digest]
        marker = ""
        if other is None:
            marker = ' ; platform_machine == "x86_64"'
        elif other[name][1] != digest:
            hashes.append(other[name][1])
        pins = "".join(f" \\\n    --hash=sha256:{value}" for value in hashes)
        lines.append(f"{name}=={version}{marker}{pins}")
    return lines


def written(lock: str) -> dict[str, str]:
    """The versions of a lock that stays as it is."""
    return dict(re.findall(r"^(\S+)==(\S+)", (SCRIPTS / f"{lock}.txt").read_text(), re.MULTILINE))


def main() -> int:
    named = [lock for lock in LOCKS if lock in sys.argv[1:]]
    if len(named) < len(sys.argv[1:]):
        print(f"expected some of {', '.join(LOCKS)}", file=sys.stderr)
        return 1
    fixed: dict[str, str] = {}
    for lock in LOCKS:
        if named and lock not in named:
            fixed |= {} if lock in ALONE else written(lock)
            continue
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
            bound = {} if lock in ALONE else fixed
            constraints.writelines(f"{name}=={version}\n" for name, version in bound.items())
            constraints.flush()
            source = SCRIPTS / f"{lock}.in"
            packages = resolve("x86_64", "-r", str(source), "-c", constraints.name)
        if packages is None:
            print(f"{source.name}: pip found no set of versions that fit", file=sys.stderr)
            return 1
        if lock not in ALONE:
            fixed |= {name: version for name, (version, _) in packages.items()}
        head = f"# Made from {source.name} by scripts/tools/lock_python.py; do not edit.\n"
        text = head + "\n".join(lock_lines(packages)) + "\n"
        (SCRIPTS / f"{lock}.txt").write_text(text)
        print(f"{lock}.txt: {len(packages)} packages")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
