#!/usr/bin/env bash
# Builds both targets of the Dockerfile with buildah, runs each as a kubelet would (its own user, a read-only
# root), posts a batch, and prints the size by layer. Needs root, and ten minutes on two cores.
# usage: test.sh   (KEEP=1 keeps the images, in the directory that is printed)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/common.sh"

place=$(mktemp -d "${TMPDIR:-/tmp}/logtriage-image-XXXXXX")
buildah=(buildah --root "$place/storage" --runroot "$place/run" --storage-driver overlay)
cleanup() {
    [ -z "${KEEP:-}" ] || { say "kept: ${buildah[*]} images" && return; }
    "${buildah[@]}" rm --all >/dev/null 2>&1 || true
    "${buildah[@]}" rmi --all --force >/dev/null 2>&1 || true
    umount "$place/storage/overlay" 2>/dev/null || true
    rm -rf "$place"
}
trap cleanup EXIT

"$ROOT/scripts/image/bases.sh" "${buildah[@]}"
# Of this machine, while building: its Rust, the authorities that it trusts, how its pip finds an index.
mounts=("--volume=$(rustc --print sysroot):/usr/local/rust:ro")
for file in /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    [ ! -f "$file" ] || mounts+=("--volume=$file:$file:ro")
done

for target in native logtriage; do
    began=$SECONDS
    "${buildah[@]}" bud --quiet --isolation chroot --pull-never --layers --target "$target" \
        --build-arg RUST_IMAGE=localhost/logtriage-base:dev \
        --build-arg PYTHON_IMAGE=localhost/logtriage-base:dev \
        --build-arg REVISION="$(git -C "$ROOT" rev-parse HEAD)" \
        "${mounts[@]}" --tag "localhost/logtriage:$target" "$ROOT"
    say "built the target $target in $((SECONDS - began)) s"
    "${buildah[@]}" push --quiet "localhost/logtriage:$target" "oci:$place/$target"
    container=$("${buildah[@]}" from "localhost/logtriage:$target")
    "$TOOLS/python/bin/python" "$ROOT/scripts/image/trial.py" \
        "$("${buildah[@]}" mount "$container")" "$place/$target" "$target"
    "${buildah[@]}" rm "$container" >/dev/null
done
