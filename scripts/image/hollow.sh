#!/usr/bin/env bash
# Puts sources that say nothing where Cargo looks for them, so that the dependencies can be compiled before
# the real ones are there. Run in the Dockerfile.
# usage: hollow.sh
set -euo pipefail

mkdir -p src benches
echo 'fn main() {}' >src/main.rs
: >src/lib.rs
# Benches are named in Cargo.toml, and looked for whatever is built.
sed -n '/^\[\[bench\]\]/,/^$/s/^name = "\(.*\)"$/\1/p' Cargo.toml | while read -r bench; do
    echo 'fn main() {}' >"benches/$bench.rs"
done
