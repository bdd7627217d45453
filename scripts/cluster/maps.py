"""Bundles for tests, and the ConfigMaps that hold them."""

import base64
import copy
import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml
import zstandard

from cluster import ROOT, ClusterError

DEFAULT = ROOT / "bundles/default"
MANIFEST = "manifest.json"
# The card takes no part in a verdict, so a bundle whose card differs passes the same golden samples.
CARD = "MODEL_CARD.md"


@dataclass(frozen=True)
class Bundle:
    """A good bundle in a directory."""

    directory: Path
    version: str
    digest: str


def digest(directory):
    """A bundle's own digest: that of its manifest."""
    return "sha256:" + hashlib.sha256((directory / MANIFEST).read_bytes()).hexdigest()


def builtin():
    """The bundle that is built into the program."""
    manifest = json.loads((DEFAULT / MANIFEST).read_bytes())
    return Bundle(DEFAULT, manifest["version"], digest(DEFAULT))


def variant(directory, version):
    """A copy of the default bundle under another version, with a card of its own.

    Two files differ between any two variants, so that one spread over two ConfigMaps can be caught
    half replaced.
    """
    shutil.copytree(DEFAULT, directory)
    card = directory / CARD
    card.write_text(card.read_text("utf-8") + f"\nVersion {version} is a test's.\n", "utf-8")
    manifest = json.loads((directory / MANIFEST).read_bytes())
    manifest["version"] = version
    held = card.read_bytes()
    manifest["files"][CARD] = {"sha256": hashlib.sha256(held).hexdigest(), "size": len(held)}
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (directory / MANIFEST).write_text(text, "utf-8")
    return Bundle(directory, version, digest(directory))


def packed(program, bundle, name):
    """The ConfigMap that `logtriage bundle pack --configmap NAME` makes of a bundle."""
    command = [str(program), "bundle", "pack", "--configmap", name, str(bundle.directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        told = done.stderr.strip()[-1000:]
        raise ClusterError(f"`{' '.join(command)}` ended with {done.returncode}: {told}")
    body = yaml.safe_load(done.stdout)
    found = (body.get("apiVersion"), body.get("kind"), body.get("metadata", {}).get("name"))
    if found != ("v1", "ConfigMap", name):
        raise ClusterError(
            f"`{' '.join(command)}`: expected the v1 ConfigMap {name}, found {found}"
        )
    return body


def split(body, labels):
    """A ConfigMap as two, found by labels: the manifest is in the first, the card in the second."""
    keys = sorted(body["binaryData"], key=lambda key: (plain(key) != MANIFEST, plain(key) == CARD))
    half = len(keys) // 2
    name = body["metadata"]["name"]
    return [
        body
        | {
            "metadata": {"name": f"{name}-{number}", "labels": labels},
            "binaryData": {key: body["binaryData"][key] for key in part},
        }
        for number, part in enumerate((keys[:half], keys[half:]), start=1)
    ]


def spoiled(body, file):
    """A ConfigMap with one bit of one of the bundle's files turned, its size as it was."""
    changed = copy.deepcopy(body)
    key = key_of(body, file)
    held = bytearray(content(body, key))
    held[len(held) // 2] ^= 1
    if key.endswith(".zst"):
        held = zstandard.ZstdCompressor(level=19).compress(bytes(held))
    changed["binaryData"][key] = base64.b64encode(held).decode("ascii")
    return changed


def as_text(body, *files):
    """A ConfigMap with some files as text, uncompressed: what kubectl makes of files in UTF-8."""
    changed = copy.deepcopy(body)
    changed["data"] = {file: content(body, key_of(body, file)).decode("utf-8") for file in files}
    for file in files:
        del changed["binaryData"][key_of(body, file)]
    return changed


def content(body, key):
    """What a key of a ConfigMap holds, uncompressed."""
    held = base64.b64decode(body["binaryData"][key])
    if not key.endswith(".zst"):
        return held
    with zstandard.ZstdDecompressor().stream_reader(held) as reader:
        return reader.read()


def key_of(body, file):
    """The key that holds a file of the bundle."""
    (key,) = [key for key in body["binaryData"] if plain(key) == file]
    return key


def plain(key):
    """The bundle's file that a key holds."""
    return key.removesuffix(".zst")
