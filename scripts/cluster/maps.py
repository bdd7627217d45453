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
LARGEST = 64 * 2**20


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
    spoiled_body = copy.deepcopy(body)
    (key,) = [key for key in body["binaryData"] if plain(key) == file]
    held = base64.b64decode(body["binaryData"][key])
    compressed = key.endswith(".zst")
    if compressed:
        held = zstandard.ZstdDecompressor().decompress(held, max_output_size=LARGEST)
    middle = len(held) // 2
    held = held[:middle] + bytes([held[middle] ^ 1]) + held[middle + 1 :]
    if compressed:
        held = zstandard.ZstdCompressor(level=19).compress(held)
    spoiled_body["binaryData"][key] = base64.b64encode(held).decode("ascii")
    return spoiled_body


def plain(key):
    """The bundle's file that a key holds."""
    return key.removesuffix(".zst")
