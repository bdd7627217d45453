"""Microseconds a record of each stage, from the estimates that criterion leaves in target/."""

import json
import subprocess

from benchmark.program import ROOT, BenchError, environment

RECORDS = 1024
"""Records of one iteration, as in benches/stages.rs."""

STAGES = (
    ("read", "JSON body into records"),
    ("parse", "header of the message"),
    ("masks", "normalised text"),
    ("rules", "rules and compliance"),
    ("tf-idf", "tokens and tf-idf"),
    ("numeric", "numeric features"),
    ("classifier", "classifier"),
    ("anomaly", "anomaly detector"),
    ("ensemble", "votes into a verdict"),
    ("write", "verdicts into JSON"),
)
WHOLE = "library/all"


def command(quick):
    """How the benches are run."""
    seconds = ("0.3", "0.5") if quick else ("0.5", "1.5")
    times = ["--warm-up-time", seconds[0], "--measurement-time", seconds[1], "--sample-size", "20"]
    return ["cargo", "bench", "--locked", "--bench", "stages", "--", "--noplot", *times]


def run(quick, settings=None):
    """Run the benches; criterion writes what it found."""
    done = subprocess.run(
        [*command(quick), "stage|all"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environment(settings or {}),
    )
    if done.returncode != 0:
        raise BenchError(f"the criterion benches failed: {done.stderr.strip()[-1500:]}")


def read(target=ROOT / "target/criterion"):
    """Microseconds a record by stage, and of the whole."""
    found = {}
    for name in [f"stage/{stage}" for stage, _ in STAGES] + [WHOLE]:
        path = target / name / "new" / "estimates.json"
        if not path.is_file():
            raise BenchError(f"expected {path}, found no file there; run `make bench-stages` first")
        nanoseconds = json.loads(path.read_text("utf-8"))["median"]["point_estimate"]
        found[name.removeprefix("stage/")] = round(nanoseconds / 1e3 / RECORDS, 3)
    return found
