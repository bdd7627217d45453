#!/usr/bin/env bash
# Lays out the roots of the image, which starts from nothing: the program with the libraries that it is linked
# with, and ONNX Runtime with those that it needs beside. Run in the Dockerfile.
# usage: assemble.sh PROGRAM ONNXRUNTIME NATIVE_ROOT ONNXRUNTIME_ROOT
#
# Also writes what sbom.py reads: /parts/crates.json, /parts/debian.txt.
set -euo pipefail

program=$1 onnxruntime=$2 native=$3 more=$4

# libraries_of FILE : paths of the shared libraries that a file is linked with, the loader included.
libraries_of() {
    ldd "$1" | awk '$1 !~ /^linux-vdso/ { print ($2 == "=>") ? $3 : $1 }'
}

# copy_libraries FILE ROOT... : copies them into the first root, but those that are in another already.
copy_libraries() {
    local file=$1 root=$2 library
    shift
    for library in $(libraries_of "$file"); do
        for root in "$@"; do
            [ ! -e "$root$library" ] || continue 2
        done
        (cd / && cp --dereference --parents "${library#/}" "$1")
    done
}

# copyright_of ROOT : the terms of the Debian packages whose libraries are in a root.
copyright_of() {
    local root=$1 library package
    find "$root" -name '*.so*' -printf '/%P\n' | while read -r library; do
        # Packages say /usr/lib or /lib, whatever the link between the two is: one of the two is unknown.
        package=$({ dpkg-query -S "$library" "/usr$library" "${library#/usr}" 2>/dev/null || true; } |
            awk -F: 'NR == 1 { print $1 }')
        [ -n "$package" ] || continue
        mkdir -p "$root/usr/share/doc/$package"
        cp "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/"
        dpkg-query --show --showformat '${Package} ${Version} ${Architecture}\n' "$package"
    done | sort -u
}

# crate_licences FILE : the texts that the crates carry, each once, under the names of those that carry it.
crate_licences() {
    local scratch text name hash
    scratch=$(mktemp -d)
    for text in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/*/{LICEN[CS]E,COPYING,NOTICE,UNLICENSE}*; do
        [ -f "$text" ] || continue
        name=$(basename "$(dirname "$text")")
        hash=$(sha256sum <"$text" | cut -d' ' -f1)
        printf '%s: %s\n' "$name" "$(basename "$text")" >>"$scratch/$hash.names"
        cp --no-preserve=mode "$text" "$scratch/$hash.text"
    done
    for text in "$scratch"/*.names; do
        sort -u "$text"
        printf '\n'
        cat "${text%.names}.text"
        printf '\n\n----\n\n'
    done >"$1"
    rm -rf "$scratch"
}

mkdir -p "$native/base/etc" "$native/program/usr/bin" "$native/program/usr/share/logtriage" \
    "$more/usr/lib" "$more/usr/share/logtriage/onnxruntime" /parts
copy_libraries "$program" "$native/base"
# Without it the C library asks DNS before the hosts file.
echo 'hosts: files dns' >"$native/base/etc/nsswitch.conf"
copyright_of "$native/base" >/parts/debian.txt
cp "$program" "$native/program/usr/bin/"
cp LICENSE "$native/program/usr/share/logtriage/"
crate_licences "$native/program/usr/share/logtriage/THIRD-PARTY-LICENCES"

library=$(readlink -f "$onnxruntime/lib/libonnxruntime.so")
cp "$library" "$more/usr/lib/libonnxruntime.so"
cp "$onnxruntime"/{LICENSE,ThirdPartyNotices.txt} "$more/usr/share/logtriage/onnxruntime/"
copy_libraries "$library" "$more" "$native/base"
copyright_of "$more" >/parts/debian-onnxruntime.txt

cargo metadata --locked --format-version 1 \
    --filter-platform "$(rustc --version --verbose | sed -n 's/^host: //p')" >/parts/crates.json
