"""What the figures were measured on."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmark.program import BINARY, ROOT


def processor():
    """The processor's name, as Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_mib():
    """Memory of the machine in MiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def git(*arguments):
    """Output of a git command, or nothing outside a checkout."""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def describe():
    """What the document says of the machine and the program."""
    dirty = bool(git("status", "--porcelain", "--untracked-files=no", "--", ":!docs"))
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_mib": memory_mib(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": [round(value, 2) for value in os.getloadavg()],
        "commit": git("rev-parse", "--short=12", "HEAD") + (" and changes" if dirty else ""),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "binary_bytes": BINARY.stat().st_size,
    }
