"""Tables and numbers as Markdown shows them."""

import math


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def number(value):
    """Three digits, or a dash where there is no figure."""
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"


def percent(share):
    """A share with one digit."""
    return f"{100 * share:.1f}%"
