#!/usr/bin/env bash
# Installs Grafana's types and the TypeScript compiler, which `make check-dashboards` holds the dashboards
# to, into .tools/grafana-schema. scripts/dashboards/schema/package-lock.json pins both by their hashes.
# usage: grafana-schema.sh   (nothing is done where there is no npm: the check says that it is skipped)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

SOURCE=$ROOT/scripts/dashboards/schema
TARGET=$TOOLS/grafana-schema

if ! command -v npm >/dev/null; then
    say "grafana-schema: skipped, expected Node 18 or newer with npm, found none"
    exit 0
fi

exclusive grafana-schema
key=$(digest "$(cat "$SOURCE/package-lock.json")" layout-1)
if done_already "$TARGET/.installed" "$key" && [ -x "$TARGET/node_modules/.bin/tsc" ]; then
    exit 0
fi

say "installing Grafana's types into .tools/grafana-schema"
scratch=$(mktemp -d "$TOOLS/.grafana-schema-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cp "$SOURCE/package.json" "$SOURCE/package-lock.json" "$scratch"
npm ci --prefix "$scratch" --ignore-scripts --no-audit --no-fund --silent ||
    die "could not install scripts/dashboards/schema/package-lock.json with npm; does it reach a registry?"
printf '%s' "$key" >"$scratch/.installed"
rm -rf "$TARGET"
mv "$scratch" "$TARGET"
