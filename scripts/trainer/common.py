"""What every part of the trainer shares: labels, paths, seeds, and files that are written the same
way each time."""

import hashlib
import json
import os
import random
from pathlib import Path

LABELS = ("critical", "suspicious", "routine", "noise")
"""The four categories, most severe first: the order of every score array."""

FORMATS = ("plain", "syslog", "json", "cef", "leef", "logfmt", "access", "klog")
"""The envelopes that a template may ask for."""

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""


class TrainerError(Exception):
    """Something the user can put right; the text says what was expected, found, and where."""


def seeded(*parts):
    """A random generator that depends on the given parts alone, not on the order of calls."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return random.Random(int.from_bytes(digest[:16], "big"))


def digest_bytes(data):
    """SHA-256 of bytes, as lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def digest_files(paths):
    """SHA-256 over names and contents of files, in the order of their names."""
    whole = hashlib.sha256()
    for path in sorted(paths, key=lambda p: p.name):
        whole.update(path.name.encode("utf-8") + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def dump_json(value, indent=2):
    """JSON text of a value, the same for equal values, with a final newline.

    Floats are written in Python's shortest form that reads back to the same number.
    """
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=False) + "\n"


def write_text(path, text):
    """Write a UTF-8 text file with unix line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def binary_path(given=None):
    """Where the program is: the argument, else LOGTRIAGE_BIN, else the release build."""
    path = Path(given or os.environ.get("LOGTRIAGE_BIN") or ROOT / "target/release/logtriage")
    if not path.is_file():
        raise TrainerError(
            f"expected the logtriage program at {path}, found no file there; build it with "
            "`cargo build --release`, or name it by --bin or LOGTRIAGE_BIN"
        )
    return path
