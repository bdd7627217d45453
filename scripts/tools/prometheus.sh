#!/usr/bin/env bash
# Puts prometheus and promtool into .tools/prometheus, out of Debian's package.
# usage: prometheus.sh   (nothing is done where PROMETHEUS and PROMTOOL both name a program)
#
# A point release of Debian 12 can replace the package, and the archive then holds the old one no more.
# To move the pin: set VERSION to what `apt-cache policy prometheus` calls the candidate after an
# `apt-get update`, and each hash to the SHA256 that `apt-cache show prometheus` prints for that
# machine's kind; then `make test-alerts test-observability`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

VERSION=2.42.0+ds-5+deb12u1
TARGET=$TOOLS/prometheus
instead='name both programs with PROMETHEUS=/path/to/prometheus PROMTOOL=/path/to/promtool, or move the
pin as the head of scripts/tools/prometheus.sh says'

# named VARIABLE : true where it names a program; what is no program ends the run.
named() {
    local path=${!1:-}
    [ -n "$path" ] || return 1
    [ -x "$path" ] || die "$1: expected a program, found no $path"
}

if named PROMETHEUS && named PROMTOOL; then
    exit 0
fi

case $(uname -m) in
x86_64) hash=81d59a24fce84f7fbe97a45a4f2914b6a5881b5cd1db2a6a0e129e515e1a5f55 ;;
aarch64) hash=ca131aa102390083398afbc80be9c8dd1dda78f9f92154fc00df8f7f1f4556e9 ;;
*) die "expected x86_64 or aarch64, found $(uname -m); $instead" ;;
esac

exclusive prometheus
key=$(digest "$VERSION" "$hash" layout-1)
if done_already "$TARGET/.installed" "$key" && [ -x "$TARGET/prometheus" ] && [ -x "$TARGET/promtool" ]; then
    exit 0
fi

say "installing prometheus $VERSION into .tools/prometheus"
scratch=$(mktemp -d "$TOOLS/.prometheus-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
debian_open "$scratch/apt" "$instead"
debian_unpack prometheus "$VERSION" "$hash" "$scratch/package"
mkdir "$scratch/prometheus"
mv "$scratch"/package/usr/bin/{prometheus,promtool} "$scratch/package/usr/share/doc/prometheus/copyright" \
    "$scratch/prometheus"
printf '%s' "$key" >"$scratch/prometheus/.installed"
rm -rf "$TARGET"
mv "$scratch/prometheus" "$TARGET"
