# shellcheck shell=bash
# What the installers share: where the tools live, how they speak, how they know they are done.
# Sourced, never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TOOLS=$ROOT/.tools

say() { printf 'tools: %s\n' "$*"; }

die() {
    printf 'tools: error: %s\n' "$*" >&2
    exit 1
}

# digest WORD... : one key over all the inputs that an installed tool depends on.
digest() { printf '%s\n' "$@" | sha256sum | cut -d' ' -f1; }

# done_already STAMP KEY : true when STAMP records that exactly this was installed.
done_already() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# exclusive NAME [DIRECTORY] : only one installer of NAME into DIRECTORY (.tools unless given) at a
# time; a second one waits, then finds it done.
exclusive() {
    local directory=${2:-$TOOLS}
    mkdir -p "$directory"
    exec 9>"$directory/.lock-$1"
    flock 9
}

# find_python [any] : prints a CPython 3.11, the version that the locks were made for, or, where
# `any` will do, a Python of 3.9 or newer.
find_python() {
    local candidate accept='sys.version_info[:2] == (3, 11)' expected='CPython 3.11'
    if [ "${1:-}" = any ]; then
        accept='sys.version_info >= (3, 9)' expected='Python 3.9 or newer'
    fi
    for candidate in "${PYTHON:-}" python3.11 python3 python; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null &&
            "$candidate" -c "import sys; sys.exit(not ($accept))" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "expected $expected as python3.11 or python3, found none; install it, or name it:" \
        "PYTHON=/path/to/python3"
}
