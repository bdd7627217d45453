"""Runs the program over records: the one place that knows its command line."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from trainer.common import TrainerError

KEPT_ENVIRONMENT = ("HOME", "LD_LIBRARY_PATH", "ORT_DYLIB_PATH", "PATH", "TMPDIR")
"""What the program sees of the environment: no setting of a site may reach a bundle."""


def run(command, records):
    """Run a command with a file of records (NDJSON) as its last argument; its answers, one a record.

    Shape: len(records) parsed JSON objects.
    """
    with tempfile.TemporaryDirectory(prefix="logtriage-train-") as folder:
        path = Path(folder) / "records.ndjson"
        path.write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
        answers = [json.loads(text) for text in output([*command, str(path)]).splitlines()]
    if len(answers) != len(records):
        raise TrainerError(
            f"expected {len(records)} answers of `{' '.join(map(str, command))}`, "
            f"found {len(answers)}"
        )
    return answers


def runtime_library():
    """The ONNX Runtime library that came with the Python package of the same name."""
    import onnxruntime  # slow to load, and only its place is wanted

    return next(Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so*"), "")


def output(command):
    """Standard output of a command; TrainerError with its standard error where it fails."""
    environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    environment.setdefault("ORT_DYLIB_PATH", str(runtime_library()))
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, check=False, env=environment
    )
    if done.returncode != 0:
        tail = done.stderr.decode("utf-8", "replace").strip()[-2000:]
        shown = " ".join(map(str, command))
        raise TrainerError(f"`{shown}` ended with exit code {done.returncode}: {tail}")
    return done.stdout.decode("utf-8")
