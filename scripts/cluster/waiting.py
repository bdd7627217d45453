"""Waiting for something with an end to it."""

import time


class TookTooLong(AssertionError):
    """What was waited for did not come; the text says what, and what was there instead."""


def until(look, seconds, what, instead=None, every=0.02):
    """The first true answer of `look()`; TookTooLong after so many seconds, naming `what`.

    `instead()`, where given, tells what is there at the end.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            told = f"; found: {instead()}" if instead else ""
            raise TookTooLong(f"expected within {seconds} s: {what}{told}")
        time.sleep(every)
