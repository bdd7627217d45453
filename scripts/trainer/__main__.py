"""`python -m trainer`, the same as `python scripts/train.py`."""

import sys

from trainer.cli import main

if __name__ == "__main__":
    sys.exit(main())
