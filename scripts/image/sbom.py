"""Writes the image's SBOM as CycloneDX 1.5 JSON: crates, Debian's libraries, ONNX Runtime. Standard library only.

usage: sbom.py PARTS CARGO_LOCK [PYTHON_LOCK]

PARTS is what assemble.sh wrote. With a Python lock ONNX Runtime is in the image, and in the SBOM.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote


def crates(parts, lock):
    """(root, components) of what the program is compiled of, without what only builds or tests it."""
    metadata = json.loads((parts / "crates.json").read_text("utf-8"))
    locked = tomllib.loads(lock.read_text("utf-8"))["package"]
    hashes = {(p["name"], p["version"]): p.get("checksum") for p in locked}
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    linked, waiting = set(), [root]
    while waiting:
        name = waiting.pop()
        if name not in linked:
            linked.add(name)
            waiting += [
                dependency["pkg"]
                for dependency in nodes[name]["deps"]
                if any(kind["kind"] is None for kind in dependency["dep_kinds"])
            ]
    made = {name: crate(packages[name], hashes) for name in linked}
    return made.pop(root), list(made.values())


def crate(package, hashes):
    """A crate as a component."""
    name, version = package["name"], package["version"]
    made = component("library", name, version, f"pkg:cargo/{name}@{version}")
    if package.get("license"):
        # The slash is what crates wrote before SPDX expressions.
        expression = package["license"].replace("/", " OR ")
        made["licenses"] = [{"expression": re.sub(r" +", " ", expression)}]
    if hashes.get((name, version)):
        made["hashes"] = [{"alg": "SHA-256", "content": hashes[name, version]}]
    return made


def debian(parts, *names):
    """Debian's packages whose libraries are in the image."""
    lines = {line for name in names for line in (parts / name).read_text("utf-8").splitlines()}
    for line in sorted(lines):
        package, version, machine = line.split()
        purl = f"pkg:deb/debian/{package}@{quote(version, safe='')}?arch={machine}&distro=debian-12"
        yield component("library", package, version, purl)


def onnxruntime(lock):
    """The wheel that the library is taken from."""
    text = lock.read_text("utf-8")
    (version,) = re.findall(r"^onnxruntime==(\S+)", text, re.MULTILINE)
    made = component("library", "onnxruntime", version, f"pkg:pypi/onnxruntime@{version}")
    made["licenses"] = [{"license": {"id": "MIT"}}]
    return made


def component(kind, name, version, purl):
    """What every component has."""
    return {"type": kind, "name": name, "version": version, "purl": purl, "bom-ref": purl}


def bom(parts, cargo_lock, python_lock=None):
    """The whole document."""
    root, components = crates(parts, cargo_lock)
    names = ["debian.txt"]
    if python_lock:
        components.append(onnxruntime(python_lock))
        names.append("debian-onnxruntime.txt")
    components += debian(parts, *names)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": root | {"type": "application"}},
        "components": sorted(components, key=lambda made: made["purl"]),
    }


def main():
    """Writes it to standard output."""
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 64
    json.dump(bom(*map(Path, sys.argv[1:])), sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
