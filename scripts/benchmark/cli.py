"""The commands: run, render, quantise, sizing."""

import argparse
import json
import sys

from benchmark import quantise, render, sizing, sizing_page, table
from benchmark.program import BINARY, ROOT, BenchError, NotAvailable

DOCUMENT = ROOT / "docs/benchmarks.md"
RESULTS = ROOT / "docs/benchmarks.json"
SIZING = ROOT / "docs/sizing.md"


def stored():
    """What earlier runs left: {"table": ..., "quantise": ...}."""
    return json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}


def store(part, found):
    """Keep the results of one command beside those of the other, and write the document once there
    is a table for it."""
    results = stored() | {part: found}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    if "table" in results:
        write(results)
    else:
        print(f"wrote {RESULTS.relative_to(ROOT)}; `make bench` adds the tables", file=sys.stderr)


def write(results):
    """Write the documents; without a table there is none of the budgets."""
    if "sizing" in results:
        SIZING.write_text(sizing_page.page(results["sizing"]), "utf-8")
        print(f"wrote {SIZING.relative_to(ROOT)}", file=sys.stderr)
    if "table" not in results:
        raise BenchError(f"expected results in {RESULTS}, found none; run `make bench` first")
    DOCUMENT.write_text(render.document(results["table"], results.get("quantise")), "utf-8")
    print(f"wrote {DOCUMENT.relative_to(ROOT)}", file=sys.stderr)


def main(arguments=None):
    """Run a command; the exit code."""
    parser = argparse.ArgumentParser(description="Measure, and write docs/benchmarks.md.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure the budget table")
    run.add_argument(
        "--quick", action="store_true", help="one short run a cell, within two minutes"
    )
    commands.add_parser("render", help="write the document again from the results that are kept")
    commands.add_parser("quantise", help="measure rounded copies of the default bundle's models")
    size = commands.add_parser("sizing", help="measure pods of several sizes, write docs/sizing.md")
    size.add_argument("--minutes", type=float, default=10, help="of all that a pod can do (10)")
    given = parser.parse_args(arguments)
    try:
        if given.command == "render":
            write(stored())
            return 0
        if not BINARY.is_file():
            raise BenchError(f"expected {BINARY}, found no file there; run `make bench`")
        if given.command == "run":
            store("table", table.measure(given.quick))
        elif given.command == "sizing":
            store("sizing", sizing.measure(seconds=5, runs=3, minutes=given.minutes))
        else:
            store("quantise", quantise.measure())
    except (BenchError, NotAvailable) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0
