#!/usr/bin/env bash
# Builds cargo-deny, which `make check-deny` runs, into .tools/cargo. About two minutes on two cores.
# usage: cargo-deny.sh
#
# Built without optimisation, because it runs for two seconds and would compile for many minutes;
# without its default features, because fetching advisories itself is not wanted here.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

VERSION=0.20.2
# SHA-256 of the published crate, whose own lock pins the hash of everything else.
HASH=e528dfcbe739af7ce37a77d3d6df1b29dd6887b1c701d888820c0f16b864f737
TARGET=$TOOLS/cargo

verify_crate() {
    local crate found
    for crate in "${CARGO_HOME:-$HOME/.cargo}"/registry/cache/*/"cargo-deny-$VERSION.crate"; do
        [ -f "$crate" ] || die "expected cargo-deny-$VERSION.crate in Cargo's cache, found none"
        found=$(sha256sum <"$crate" | cut -d' ' -f1)
        [ "$found" = "$HASH" ] || die "cargo-deny $VERSION: expected SHA-256 $HASH, found $found"
    done
}

exclusive cargo
key=$(digest "$VERSION" "$HASH" unoptimised)
if done_already "$TARGET/.installed-cargo-deny" "$key" && [ -x "$TARGET/bin/cargo-deny" ]; then
    exit 0
fi

say "building cargo-deny $VERSION into .tools/cargo (about two minutes, once)"
CARGO_PROFILE_DEV_DEBUG=false CARGO_INCREMENTAL=0 cargo install cargo-deny --quiet --force \
    --version "=$VERSION" --locked --no-default-features --debug --root "$TARGET"
verify_crate
printf '%s' "$key" >"$TARGET/.installed-cargo-deny"
