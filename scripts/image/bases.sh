#!/usr/bin/env bash
# Makes what stands in for the two base images where there is no container registry: Debian 12 with a C
# compiler and Python, and in it, mounted and not copied, this machine's own Rust. For `make image-test`.
# usage: bases.sh BUILDAH... : the command with its options; the image is localhost/logtriage-base:dev
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/common.sh"

PACKAGES=ca-certificates,gcc,libc6-dev,libstdc++6,python3,python3-pip
SOURCES=/etc/apt/sources.list.d/debian.sources
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/logtriage
TAR=$CACHE/image-base-$(digest "$PACKAGES" layout-1 | cut -c1-16).tar

for needed in mmdebstrap buildah; do
    command -v "$needed" >/dev/null ||
        die "expected $needed, found none; on Debian 12: apt-get install buildah mmdebstrap"
done
[ "$(id -u)" = 0 ] || die "expected to be root, which laying out a system takes; found $(id -un)"
[ -f "$SOURCES" ] || die "expected Debian 12's $SOURCES, found none"

exclusive image-base "$CACHE"
if [ ! -f "$TAR" ]; then
    say "laying out Debian 12 in $TAR (a minute, once)"
    mmdebstrap --quiet --variant=minbase --mode=root --include="$PACKAGES" \
        --dpkgopt='path-exclude=/usr/share/{man,locale}/*' bookworm "$TAR.new.tar" "$SOURCES"
    mv "$TAR.new.tar" "$TAR"
fi

container=$("$@" from scratch)
"$@" add --quiet "$container" "$TAR" / >/dev/null
"$@" config --env PATH=/usr/local/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env CARGO_HOME=/usr/local/cargo "$container"
"$@" commit --quiet --rm "$container" localhost/logtriage-base:dev >/dev/null
