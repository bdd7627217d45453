#!/usr/bin/env bash
# Puts haproxy into .tools/haproxy, out of Debian's packages, with the libraries that few machines have.
# usage: haproxy.sh   (nothing is done where HAPROXY names a program)
#
# A point release of Debian 12 can replace a package, and the archive then holds the old one no more. To
# move a pin: set the version to what `apt-cache policy` calls the candidate after an `apt-get update`,
# and each hash to the SHA256 that `apt-cache show` prints for that kind of machine; then
# `make test-rollout`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

TARGET=$TOOLS/haproxy
instead='name the program with HAPROXY=/path/to/haproxy, or move the pins as the head of
scripts/tools/haproxy.sh says'

if [ -n "${HAPROXY:-}" ]; then
    [ -x "$HAPROXY" ] || die "HAPROXY: expected a program, found no $HAPROXY"
    exit 0
fi

# Package, version, SHA-256 for x86_64, SHA-256 for aarch64.
PACKAGES="
haproxy 2.6.12-1+deb12u4 97ca097d12b43fc5cb1b17aa5e84957735ef312a2e02cf8a99512fa1abe8a955 2ea3a5fe010fbe691b5af37d5eaed6c1294f38178f2ef3f82671557988946c58
liblua5.3-0 5.3.6-2 576ad8ef2e9f6ad21f29f0c90dac17448deefee8f3912877c2a0911b77e5d3ca a6ced38c031a049097fef0acdf57cac7d16d7f642006e8a2c17358bb47caa318
libopentracing-c-wrapper0 1.1.3-3+b1 68013bf6296a776923622c871bed26bc7b6bfe5f84b0fa2707a06382d1db2692 36751ed62c207843d9997e7984aec6cd7482fdd703f43849bc9e31e09c4c4d55
libopentracing1 1.6.0-4 af62b62a99979253a79e3443f7dabe13f1f33bc2fc024f99039e3868a67f26f4 5fe103e1d8ab56f8ee381aa3cca9ec0e40e61ea24f25d0ac9933cf9c5820b3a4
"
case $(uname -m) in
x86_64 | aarch64) ;;
*) die "expected x86_64 or aarch64, found $(uname -m); $instead" ;;
esac

exclusive haproxy
key=$(digest "$PACKAGES" layout-1)
if done_already "$TARGET/.installed" "$key" && [ -x "$TARGET/haproxy" ]; then
    exit 0
fi

say "installing haproxy into .tools/haproxy"
scratch=$(mktemp -d "$TOOLS/.haproxy-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
debian_open "$scratch/apt" "$instead"
while read -r package version x86 arm; do
    [ -n "$package" ] || continue
    hash=$x86
    [ "$(uname -m)" = x86_64 ] || hash=$arm
    debian_unpack "$package" "$version" "$hash" "$scratch/package"
done <<<"$PACKAGES"
mkdir -p "$scratch/haproxy/lib"
mv "$scratch/package/usr/sbin/haproxy" "$scratch/haproxy/haproxy.bin"
mv "$scratch/package/usr/share/doc/haproxy/copyright" "$scratch/haproxy"
cp -a "$scratch/package/usr/lib/$(uname -m)-linux-gnu"/lib*.so* "$scratch/haproxy/lib"
cat >"$scratch/haproxy/haproxy" <<'PROGRAM'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$here/lib exec "$here/haproxy.bin" "$@"
PROGRAM
chmod 755 "$scratch/haproxy/haproxy"
printf '%s' "$key" >"$scratch/haproxy/.installed"
rm -rf "$TARGET"
mv "$scratch/haproxy" "$TARGET"
