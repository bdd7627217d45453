#!/usr/bin/env bash
# Builds kube-apiserver, the real API server that `make test-cluster` watches, out of Debian's source
# package `kubernetes`, which carries everything it is built from. About ten minutes on two cores.
# usage: kube-apiserver.sh   (nothing is done where KUBECONFIG names a cluster, or KUBE_APISERVER a binary)
#
# The binary is kept outside the checkout, in ${XDG_CACHE_HOME:-~/.cache}/logtriage, so that a fresh
# clone finds it; .tools/kube-apiserver points at it. Debian's Go compiles it, unpacked beside the
# sources and removed with them, because no newer one has to be proved to compile them.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

VERSION=1.20.2
SOURCE="kubernetes_1.20.5+really$VERSION.orig.tar.gz"
SOURCE_HASH=b83c0780efb182d928dc63d46488a847f161f04e40a94b96bf5247dd671ecdfc
GO=1.19
GO_VERSION=1.19.8-2
GO_LIBRARY_HASH=2dfa82fe4f08f4e0193c532e561af4c91871f5235608f04f2bb8d57bb288df5a
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/logtriage
LINK=$TOOLS/kube-apiserver
instead='name an API server with KUBE_APISERVER=/path/to/kube-apiserver, or a running cluster with KUBECONFIG'

# `make` of these sources uses rsync for one thing, to copy a file: `rsync -pc FILE DIRECTORY`.
stand_in_for_rsync() {
    cat >"$1/rsync" <<'RSYNC'
#!/bin/sh
[ $# -eq 3 ] && [ "$1" = -pc ] || { echo "rsync: expected -pc FILE DIRECTORY, found $*" >&2; exit 1; }
exec cp -p "$2" "$3"
RSYNC
    chmod +x "$1/rsync"
}

unpack_parts() {
    local go=$scratch/debian
    debian_open "$scratch/apt" "$instead"
    debian_unpack "golang-$GO-go" "$GO_VERSION" "$go_hash" "$go"
    debian_unpack "golang-$GO-src" "$GO_VERSION" "$GO_LIBRARY_HASH" "$go"
    mkdir "$scratch/bin" "$scratch/source"
    local source
    source=$(debian_source kubernetes "$SOURCE" "$SOURCE_HASH")
    tar xzf "$source" -C "$scratch/source" --strip-components=1
    rm -rf "$scratch/apt"
    stand_in_for_rsync "$scratch/bin"
}

# The environment is emptied first: flags of Go, or of the `make` that runs this, would change the build.
build() {
    local go=$scratch/debian/usr/lib/go-$GO
    cd "$scratch/source"
    mkdir -p .go/src/k8s.io
    ln -s ../../.. .go/src/k8s.io/kubernetes
    env -i HOME="$scratch" PATH="$scratch/bin:$go/bin:/usr/local/bin:/usr/bin:/bin" LC_ALL=C.UTF-8 \
        GOROOT="$go" GOPATH="$PWD/.go" GOCACHE="$scratch/go-build" GO111MODULE=off GOPROXY=off \
        CGO_ENABLED=0 KUBE_GIT_VERSION="v$VERSION" KUBE_GIT_MAJOR=1 KUBE_GIT_MINOR=20 \
        KUBE_GIT_COMMIT=debian KUBE_GIT_TREE_STATE=archive \
        make WHAT=cmd/kube-apiserver >"$scratch/build.log" 2>&1 || {
        tail -n 40 "$scratch/build.log" >&2
        die "kube-apiserver $VERSION does not build (above are the last lines); $instead"
    }
    cd "$ROOT"
}

[ -z "${KUBECONFIG:-}" ] || exit 0
if [ -n "${KUBE_APISERVER:-}" ]; then
    [ -x "$KUBE_APISERVER" ] || die "KUBE_APISERVER: expected a program, found no $KUBE_APISERVER"
    exit 0
fi

case $(uname -m) in
x86_64) go_hash=545123039b6c79e75cf2d86528781a825424cf33ce9d3f4513d772d7144cd531 ;;
aarch64) go_hash=c087d91b306be6cb69085a1fd5ba5a9c841c6e7a5c8d27705bb5a6928c6d3f74 ;;
*) die "expected x86_64 or aarch64, found $(uname -m); $instead" ;;
esac

key=$(digest "$SOURCE_HASH" "$GO_VERSION" "$go_hash" "$GO_LIBRARY_HASH" "$(uname -m)" build-1)
place=$CACHE/kube-apiserver-$VERSION-${key:0:16}

# Checkouts share the cache, so the lock is there too.
exclusive kube-apiserver "$CACHE"
mkdir -p "$TOOLS"
ln -sfn "$place/kube-apiserver" "$LINK"
if done_already "$place/.built" "$key" && [ -x "$LINK" ]; then
    exit 0
fi

say "building kube-apiserver $VERSION into $place (about ten minutes on two cores, once)"
began=$SECONDS
# Whoever was killed while building left his parts; the lock says that nobody builds now.
rm -rf "$CACHE"/.build-*
scratch=$(mktemp -d "$CACHE/.build-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
unpack_parts
build
mkdir "$scratch/made"
mv "$scratch/source/_output/local/go/bin/kube-apiserver" "$scratch/source/LICENSE" "$scratch/made"
"$scratch/made/kube-apiserver" --version | grep -qx "Kubernetes v$VERSION" ||
    die "kube-apiserver: expected it to say Kubernetes v$VERSION, found" \
        "$("$scratch/made/kube-apiserver" --version 2>&1)"
printf '%s' "$key" >"$scratch/made/.built"
rm -rf "$place"
mv "$scratch/made" "$place"
say "built kube-apiserver $VERSION in $((SECONDS - began)) s"
