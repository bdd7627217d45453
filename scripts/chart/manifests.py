"""`deploy/kubernetes` and the base of `deploy/kustomize`: the chart's own form as plain manifests."""

import re
import shutil

from chart import CHART, ROOT, helm

PLAIN = ROOT / "deploy/kubernetes"
BASE = ROOT / "deploy/kustomize/base"
RULES = ROOT / "deploy/prometheus/logtriage.rules.yaml"
CHART_RULES = CHART / "files/logtriage.rules.yaml"
VALUES = ROOT / "deploy/plain-values.yaml"
HEAD = (
    "# Rendered from helm/logtriage with deploy/plain-values.yaml by `make chart`; do not edit.\n"
)
# First in the order of names, in which kubectl applies a directory.
NAMESPACE = "00-namespace.yaml"
NAMESPACE_TEXT = f"""{HEAD}apiVersion: v1
kind: Namespace
metadata:
  name: logtriage
  labels:
    # Every pod here must keep to the restricted level of Pod Security; logtriage's do.
    pod-security.kubernetes.io/enforce: restricted
"""
# Labels that speak of Helm say nothing true of what kubectl applies.
OF_HELM = re.compile(r"^ +(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*\n", re.MULTILINE)
SOURCE = re.compile(r"^# Source: logtriage/templates/(\S+)\n", re.MULTILINE)


def rendered(program):
    """The plain manifests by file name."""
    text = helm.render(program, "--values", VALUES, "--skip-tests")
    files = {}
    for part in re.split(r"^---\n", text, flags=re.MULTILINE):
        source = SOURCE.match(part)
        if source:
            body = OF_HELM.sub("", part[source.end() :]).rstrip() + "\n"
            name = source[1]
            files[name] = f"{files[name]}---\n{body}" if name in files else HEAD + body
    return files


def expected(program):
    """Every generated file of the manifests: path to text."""
    files = rendered(program)
    made = {PLAIN / name: text for name, text in files.items()}
    made[PLAIN / NAMESPACE] = NAMESPACE_TEXT
    made |= {BASE / name: text for name, text in files.items()}
    resources = "".join(f"  - {name}\n" for name in sorted(files))
    made[BASE / "kustomization.yaml"] = (
        f"{HEAD}apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"resources:\n{resources}"
    )
    made[CHART_RULES] = RULES.read_text("utf-8")
    return made


def found():
    """What stands there now, in the directories that hold nothing else."""
    paths = [*PLAIN.iterdir(), *BASE.iterdir(), CHART_RULES]
    return {path: path.read_text("utf-8") for path in paths}


def write(program):
    """Writes the files anew, and removes what the chart no longer makes."""
    made = expected(program)
    for directory in (PLAIN, BASE):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
    for path, text in made.items():
        path.write_text(text, "utf-8")
    return made
