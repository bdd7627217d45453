"""Helm, in the versions that the chart must work with."""

import subprocess

import yaml

from chart import CHART, ROOT, ChartError

PROGRAMS = {
    "helm3": ROOT / ".tools/helm3/helm",
    "helm4": ROOT / ".tools/kubernetes/helm",
}
"""By name; scripts/tools/helm3.sh and kubectl.sh install them."""


def run(program, *arguments):
    """Runs Helm; what it printed, or ChartError with what it complained of."""
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ChartError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr}")
    return done.stdout


def render(program, *arguments, chart=CHART, release="logtriage", namespace="logtriage"):
    """The text of all objects, as `helm template` writes it."""
    return run(program, "template", release, chart, "--namespace", namespace, *arguments)


def objects(text):
    """The objects of a rendered text."""
    return [item for item in yaml.safe_load_all(text) if item]
