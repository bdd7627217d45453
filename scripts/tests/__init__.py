"""Tests of the trainer: `python -m unittest discover -s scripts/tests -t scripts`."""
