"""Entry point of the benchmarks: `python scripts/bench.py run|render|quantise` (`benchmark/cli.py`)."""

import sys

from benchmark.cli import main

if __name__ == "__main__":
    sys.exit(main())
