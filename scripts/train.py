"""Entry point of the trainer: `python scripts/train.py COMMAND` (see `trainer/cli.py`)."""

import sys

from trainer.cli import main

if __name__ == "__main__":
    sys.exit(main())
