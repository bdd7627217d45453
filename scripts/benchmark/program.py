"""Runs `logtriage bench` and reads its reports: the one place that knows its command line."""

import json
import os
import shlex
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "target/release/logtriage"
BAD_CONFIGURATION = 64


class BenchError(Exception):
    """A measurement that failed; the text says which and why."""


class NotAvailable(Exception):
    """The program knows a setting not (exit code 64): what needs it is shown as not available."""


def environment(settings):
    """The environment of a run: nothing of the caller's own configuration, then the settings.

    `settings` maps dotted keys (`engine.kind`) to values.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOGTRIAGE_", "ONNX_", "OTEL_"))
    }
    kept.pop("MODEL_PATH", None)
    kept.pop("RULES_PATH", None)
    return kept | variables(settings)


def variables(settings):
    """The settings as environment variables."""
    return {
        "LOGTRIAGE__" + key.upper().replace(".", "__"): str(value)
        for key, value in settings.items()
    }


def shown(arguments, settings):
    """The command as a person would type it."""
    words = [f"{name}={shlex.quote(value)}" for name, value in variables(settings).items()]
    return " ".join([*words, "target/release/logtriage", "bench", *map(str, arguments)])


def bench(arguments, settings=None, binary=BINARY):
    """The report of one `logtriage bench ARGUMENTS --json`.

    Raises NotAvailable where the configuration is refused, BenchError on any other failure, wrong
    answers included.
    """
    settings = settings or {}
    command = [str(binary), "bench", *map(str, arguments), "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(settings), cwd=ROOT
    )
    words = done.stderr.strip()[-1500:]
    if done.returncode == BAD_CONFIGURATION:
        raise NotAvailable(words)
    if done.returncode != 0:
        raise BenchError(f"`{shown(arguments, settings)}` ended with {done.returncode}: {words}")
    return json.loads(done.stdout)


def configuration(binary=BINARY):
    """What `logtriage config check` says holds by default, as text."""
    done = subprocess.run(
        [str(binary), "config", "check"],
        capture_output=True,
        text=True,
        check=False,
        env=environment({}),
        cwd=ROOT,
    )
    return done.stdout
