"""Arguments to a command.

lint       read the corpus and say what is wrong with it
train      corpus -> held-out figures, bundle, parity file
validate   figures of a written bundle on a file of labelled lines
parity     compare the program's votes with XGBoost's and scikit-learn's own on any file of lines
traffic    write docs/traffic.md: what is forwarded of a simulated day and of real logs
search     what product-wise validation says about parameters, weights and thresholds
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from trainer import build, bundle, card, corpus, search, settings, traffic, validate
from trainer.common import TrainerError, binary_path


def arguments(argv):
    """The parsed command line."""
    parser = argparse.ArgumentParser(
        prog="train.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=settings.CORPUS)
    parser.add_argument("--rules", type=Path, default=settings.RULES)
    parser.add_argument("--bundle", type=Path, default=settings.BUNDLE)
    parser.add_argument(
        "--bin", help="the logtriage program (else LOGTRIAGE_BIN, else target/release)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lint")
    train = commands.add_parser("train")
    train.add_argument("--validate", type=Path, help="labelled lines to measure the bundle on")
    train.add_argument("--validation-out", type=Path, default=settings.VALIDATION)
    train.add_argument("--parity-out", type=Path, default=settings.PARITY)
    commands.add_parser("validate").add_argument("file", type=Path)
    commands.add_parser("parity").add_argument("file", type=Path)
    traffic_page = commands.add_parser("traffic")
    traffic_page.add_argument("--logs", type=Path, help="a directory of real logs (*.log)")
    traffic_page.add_argument("--out", type=Path, default=settings.TRAFFIC)
    traffic_page.add_argument("--opinions", type=Path, default=settings.OPINIONS)
    commands.add_parser("search")
    return parser.parse_args(argv)


def lint(args):
    """Reads the corpus; prints its size."""
    templates = corpus.read(args.corpus)
    corpus.read_release(args.corpus)
    labels = Counter(t.label for t in templates)
    products = len({t.product for t in templates})
    counted = ", ".join(f"{count} {label}" for label, count in sorted(labels.items()))
    print(f"{len(templates)} templates of {products} products: {counted}")


def paths_of(args):
    """What every command reads and writes."""
    return build.Paths(binary_path(args.bin), args.corpus, args.rules, args.bundle)


def train(args):
    """Builds bundle and parity file."""
    paths = paths_of(args)
    paths.validation, paths.parity = args.validation_out, args.parity_out
    paths.external = args.validate
    build.train(paths)


def check_external(args):
    """Prints the figures of a written bundle on a file."""
    made = {path.name: path.read_bytes() for path in args.bundle.iterdir()}
    digest = bundle.judging_digest(made)
    measured = validate.measure(binary_path(args.bin), args.bundle, args.file, digest)
    print(card.validation_section(measured, digest))


def check_lines(args):
    """Compares the program's votes on the lines of a file with XGBoost and scikit-learn."""
    build.compare_lines(paths_of(args), args.file)


def search_parameters(args):
    """Prints what validation prefers."""
    search.run(paths_of(args))


def write_traffic(args):
    """Writes the page about ordinary traffic."""
    traffic.run(paths_of(args), args.logs, args.out, args.opinions)


COMMANDS = {
    "lint": lint,
    "train": train,
    "validate": check_external,
    "parity": check_lines,
    "traffic": write_traffic,
    "search": search_parameters,
}


def main(argv=None):
    """Runs a command; 0 well, 1 failed."""
    args = arguments(argv)
    try:
        COMMANDS[args.command](args)
    except TrainerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
