"""The same rules, in less time: an hour becomes a minute.

Every duration of a rule (`for`, the range of a selector or of a subquery and its step, an offset) is
divided by 60, rounded up to a whole second, and none stays longer than a minute, so that what asks for
a day or three shows within a test. Nothing else changes: the limits are those of the file.
"""

import math
import re

import yaml

FACTOR = 60
LONGEST = 60
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
DURATION = re.compile(r"(\d+)([smhdw])")
# Where a duration can stand in an expression; a name may end like one (ratio_rate5m).
RANGE = re.compile(r"\[(\w+)(?::(\w+))?\]")
OFFSET = re.compile(r"\boffset (\w+)")


def shorter(duration):
    """A duration as the lens shows it."""
    found = DURATION.fullmatch(duration)
    if not found:
        raise ValueError(f"expected a duration of one unit, such as 5m, found {duration}")
    seconds = int(found[1]) * UNITS[found[2]]
    return f"{min(math.ceil(seconds / FACTOR), LONGEST)}s"


def expression(expr):
    """An expression as the lens shows it."""

    def ranged(found):
        whole, step = found.groups()
        return f"[{shorter(whole)}{f':{shorter(step)}' if step else ''}]"

    return OFFSET.sub(lambda found: f"offset {shorter(found[1])}", RANGE.sub(ranged, expr))


def rules(text):
    """A file of rules as the lens shows it."""
    document = yaml.safe_load(text)
    for group in document["groups"]:
        for rule in group["rules"]:
            rule["expr"] = expression(rule["expr"])
            if "for" in rule:
                rule["for"] = shorter(rule["for"])
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
