#!/usr/bin/env bash
# Runs cargo-deny with deny.toml; of advisories only where a copy of their database is.
# usage: check-deny.sh   (after scripts/tools/cargo-deny.sh)
#
# The RustSec database is a git repository, which the package registries do not carry, so a build
# that may use only them cannot fetch it. Whoever has a copy (`cargo deny fetch` makes one in Cargo's
# home) gets the check too; the others are told that it did not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

DENY=.tools/cargo/bin/cargo-deny
DATABASES=${CARGO_HOME:-$HOME/.cargo}/advisory-dbs

checks=(bans licenses sources)
if compgen -G "$DATABASES/*/" >/dev/null; then
    checks+=(advisories)
else
    echo "deny: advisories not checked: no copy of the advisory database in $DATABASES"
fi
# The crates first, so that the rest can be told to stay off the network.
cargo fetch --locked --quiet
"$DENY" --locked --offline check --hide-inclusion-graph "${checks[@]}"
