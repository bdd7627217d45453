#!/usr/bin/env bash
# Installs the packages of a lock into .tools/python, a virtual environment, or into the one that
# VENV names.
# usage: python.sh LOCKFILE...   (scripts/requirements-train.txt, scripts/requirements-check.txt)
#
# Each lock has a stamp that holds its digest: with the lock unchanged nothing is done. The locks of
# trainer and checks agree on every version that they share, so one environment holds both.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

VENV=${VENV:-$TOOLS/python}

[ $# -gt 0 ] || die "usage: python.sh LOCKFILE..."

# The environment is made anew where its interpreter is gone or not the one of the locks.
ensure_venv() {
    if "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        return
    fi
    local python
    python=$(find_python)
    say "making a virtual environment with $("$python" --version)"
    rm -rf "$VENV"
    "$python" -m venv "$VENV" ||
        die "could not make a virtual environment; on Debian: apt-get install python3-venv"
}

install_lock() {
    local lock=$1 stamp key
    [ -f "$lock" ] || die "no such lock: $lock"
    stamp=$VENV/.installed-$(basename "$lock")
    key=$(sha256sum <"$lock" | cut -d' ' -f1)
    if done_already "$stamp" "$key"; then
        return
    fi
    say "installing $(basename "$lock") into $VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --only-binary=:all: --require-hashes -r "$lock"
    printf '%s' "$key" >"$stamp"
}

exclusive python
ensure_venv
for lock in "$@"; do
    install_lock "$lock"
done
