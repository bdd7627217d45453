"""Runs the program over records: the one place that knows its command line."""

import json
import subprocess
import tempfile
from pathlib import Path

from trainer.common import TrainerError


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


def output(command):
    """Standard output of a command; TrainerError with its standard error where it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    if done.returncode != 0:
        tail = done.stderr.decode("utf-8", "replace").strip()[-2000:]
        shown = " ".join(map(str, command))
        raise TrainerError(f"`{shown}` ended with exit code {done.returncode}: {tail}")
    return done.stdout.decode("utf-8")
