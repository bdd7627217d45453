"""The installer of Prometheus: what a person names replaces what it would fetch."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def install(**variables):
    """Run the installer with nothing named but the given."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("PROMETHEUS", "PROMTOOL")
    }
    return subprocess.run(
        [ROOT / "scripts/tools/prometheus.sh"],
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_named_is_taken_and_nothing_is_fetched():
    done = install(PROMETHEUS="/bin/true", PROMTOOL="/bin/true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_program_that_is_not_there_is_named():
    for named in (
        {"PROMETHEUS": "/nowhere/program"},
        {"PROMETHEUS": "/bin/true", "PROMTOOL": "/nowhere/program"},
    ):
        done = install(**named)
        variable = list(named)[-1]
        assert done.returncode == 1
        assert f"{variable}: expected a program, found no /nowhere/program" in done.stderr
