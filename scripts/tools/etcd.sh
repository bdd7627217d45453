#!/usr/bin/env bash
# Puts etcd, which keeps the data of the test's API server, into .tools/etcd, out of Debian's package.
# usage: etcd.sh   (nothing is done where KUBECONFIG names a cluster, or ETCD names a binary)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

VERSION=3.4.23-4+b4
TARGET=$TOOLS/etcd
instead='name an etcd with ETCD=/path/to/etcd, or a running cluster with KUBECONFIG'

[ -z "${KUBECONFIG:-}" ] || exit 0
if [ -n "${ETCD:-}" ]; then
    [ -x "$ETCD" ] || die "ETCD: expected a program, found no $ETCD"
    exit 0
fi

case $(uname -m) in
x86_64) hash=3a9445d4560ad6de1c375756b2a17d97713df44cbd20a658c871fe108af7ef5d ;;
aarch64) hash=821e59be145fa42bd72b3e003d275640947c3d824b4c06b1ed2a01a631d555a1 ;;
*) die "expected x86_64 or aarch64, found $(uname -m); $instead" ;;
esac

exclusive etcd
key=$(digest "$VERSION" "$hash" layout-1)
if done_already "$TARGET/.installed" "$key" && [ -x "$TARGET/etcd" ]; then
    exit 0
fi

say "installing etcd $VERSION into .tools/etcd"
scratch=$(mktemp -d "$TOOLS/.etcd-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
debian_open "$scratch/apt" "$instead"
debian_unpack etcd-server "$VERSION" "$hash" "$scratch/package"
mkdir "$scratch/etcd"
mv "$scratch/package/usr/bin/etcd" "$scratch/package/usr/share/doc/etcd-server/copyright" "$scratch/etcd"
printf '%s' "$key" >"$scratch/etcd/.installed"
rm -rf "$TARGET"
mv "$scratch/etcd" "$TARGET"
