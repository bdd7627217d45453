#!/usr/bin/env bash
# Puts the ONNX Runtime library into .tools/onnxruntime/lib, out of the official Python wheel.
# usage: onnxruntime.sh
#
# Only the shared library and its licences are kept: the service loads it at run time, from there
# or from where ORT_DYLIB_PATH or engine.library says. Version and hashes are those of the
# trainer's lock, so what serves a model is what checked it when it was trained. Where ORT_DYLIB_PATH
# already names a library, nothing is installed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

LOCK=$ROOT/scripts/requirements-train.txt
TARGET=$TOOLS/onnxruntime

# locked NAME : prints the lock's requirement of one package, with the lines of its hashes.
locked() {
    awk -v name="$1==" 'index($0, name) == 1 { on = 1 } on { print; if (!/\\$/) exit }' "$LOCK"
}

wheel_platform() {
    local machine
    machine=$(uname -s)-$(uname -m)
    case $machine in
    Linux-x86_64) echo manylinux_2_28_x86_64 ;;
    Linux-aarch64) echo manylinux_2_28_aarch64 ;;
    *) die "expected Linux on x86_64 or aarch64, found $machine; install ONNX Runtime $version" \
        "yourself and point ORT_DYLIB_PATH at its library" ;;
    esac
}

# Any Python with pip can fetch the wheel, because its platform is named; nothing in it is run.
fetch_wheel() {
    local directory=$1
    printf '%s\n' "$requirement" >"$directory/lock.txt"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --require-hashes --implementation cp --python-version 3.11 --platform "$platform" \
        --dest "$directory" -r "$directory/lock.txt" ||
        die "could not download onnxruntime $version with pip; is $python -m pip there (on Debian:" \
            "apt-get install python3-pip), and does it reach a package index?"
}

unpack_wheel() {
    local wheel=$1 directory=$2
    "$python" - "$wheel" "$directory" "$version" <<'PYTHON'
import sys
import zipfile
from pathlib import Path

wheel, directory, version = sys.argv[1:]
library = f"libonnxruntime.so.{version}"
wanted = {
    f"onnxruntime/capi/{library}": f"lib/{library}",
    "onnxruntime/LICENSE": "LICENSE",
    "onnxruntime/ThirdPartyNotices.txt": "ThirdPartyNotices.txt",
}
with zipfile.ZipFile(wheel) as archive:
    for name, place in wanted.items():
        path = Path(directory, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.read(name))
Path(directory, "lib", library).chmod(0o755)
Path(directory, "lib", "libonnxruntime.so").symlink_to(library)
PYTHON
}

if [ -n "${ORT_DYLIB_PATH:-}" ]; then
    [ -e "$ORT_DYLIB_PATH" ] || die "ORT_DYLIB_PATH: expected a library, found no $ORT_DYLIB_PATH"
    exit 0
fi

requirement=$(locked onnxruntime)
[ -n "$requirement" ] || die "expected a line onnxruntime==VERSION in $LOCK, found none"
version=$(sed -n '1s/^onnxruntime==\([0-9.]*\).*/\1/p' <<<"$requirement")
platform=$(wheel_platform)

exclusive onnxruntime
key=$(digest "$requirement" "$platform" layout-1)
if done_already "$TARGET/.installed" "$key" && [ -e "$TARGET/lib/libonnxruntime.so" ]; then
    exit 0
fi

say "installing ONNX Runtime $version into .tools/onnxruntime"
python=$(find_python any)
# Made complete under another name and then renamed: no half-written library is ever found.
scratch=$(mktemp -d "$TOOLS/.onnxruntime-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
fetch_wheel "$scratch"
unpack_wheel "$scratch"/onnxruntime-*.whl "$scratch/unpacked"
printf '%s' "$key" >"$scratch/unpacked/.installed"
rm -rf "$TARGET"
mv "$scratch/unpacked" "$TARGET"
