"""How products that watch large machines fare when they were held out: failures of hardware and system
must be forwarded, their informational neighbours not."""

import re

from trainer.common import LABELS, TrainerError

PRODUCTS = (
    "cray-ras",
    "hpc-node",
    "infiniband-opensm",
    "lustre",
    "nvidia-gpu-xid",
    "pbs-torque",
    "rasdaemon-mcelog",
    "slurm",
    "spectrum-scale",
)
KINDS = {
    "memory and cache errors": r"parity|uncorrect|\becc\b|memory error|cache error|bad page|dimm",
    "link failures": r"\blink\b|lane|\bport\b.*(down|error)|hsn|fabric",
    "machine checks": r"machine.?check|\bmce\b|mcelog|hardware error",
    "file-system failures": r"lbug|lustre|\bmds\b|\bost\b|file ?system|mmfs|gpfs|xfs|ext4",
    "kernel failures": r"oops|panic|kernel bug|\bbug:|lockup|call trace|unable to handle",
    "nodes down": r"node.*(down|fail|not respond|unreachable|dead)|heartbeat",
}
MATTERS = 2
"""Labels below this place in LABELS are to be forwarded."""
LEAST_FORWARDED = 0.85
MOST_FORWARDED = 0.25
"""Shares of failures and of informational lines, over all products, without which there is no bundle."""


def rows(data, judged):
    """(kind or product, forwarded, of how many that matter, forwarded, of how many that do not)."""
    cases = [
        (data.lines[place].template, answer)
        for place, answer in sorted(judged.items())
        if data.lines[place].template.product in PRODUCTS
    ]
    made = []
    for kind, pattern in KINDS.items():
        words = re.compile(pattern, re.IGNORECASE)
        inside = [case for case in cases if words.search(f"{case[0].text} {case[0].reason}")]
        made.append((kind, *counted(inside)))
    for product in PRODUCTS:
        made.append((product, *counted([case for case in cases if case[0].product == product])))
    return made


def check(found):
    """Refuses a bundle whose folds miss the failures of machines that they never saw, or forward what
    stands beside them. found: the answer of `rows`."""
    products = [row[1:] for row in found if row[0] in PRODUCTS]
    hit, wanted, wrong, quiet = (sum(numbers) for numbers in zip(*products, strict=True))
    if hit < LEAST_FORWARDED * wanted or wrong > MOST_FORWARDED * quiet:
        raise TrainerError(
            f"large machines held out: expected at least {LEAST_FORWARDED:.0%} of the failures and at "
            f"most {MOST_FORWARDED:.0%} of the informational lines forwarded, found {hit} of {wanted} "
            f"and {wrong} of {quiet}"
        )


def counted(cases):
    """(forwarded, all) of the lines that matter, then of those that do not."""
    numbers = []
    for matters in (True, False):
        inside = [
            answer
            for template, answer in cases
            if (LABELS.index(template.label) < MATTERS) == matters
        ]
        numbers += [sum(answer.verdict["forward"] for answer in inside), len(inside)]
    return tuple(numbers)
