"""Arguments to a command.

write   make the dashboards' files anew
check   say which of them are not what the code makes
typed   write them as TypeScript into a directory, with the types that they are held to
draw    draw them to PNG from what a Prometheus has scraped
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

from dashboards import ROOT, boards

PICTURES = ROOT / "docs/dashboards"
SCHEMA = Path(__file__).with_name("schema")


def arguments(argv):
    """The parsed command line."""
    parser = argparse.ArgumentParser(
        prog="dashboards", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write")
    commands.add_parser("check")
    commands.add_parser("typed").add_argument("directory", type=Path)
    draw = commands.add_parser("draw")
    draw.add_argument("url", help="of a Prometheus, such as http://127.0.0.1:9090")
    draw.add_argument("--namespace", required=True)
    draw.add_argument("--release", required=True, help="the value of the label job")
    draw.add_argument("--end", type=float, default=time.time(), help="seconds since 1970; now")
    draw.add_argument("--seconds", type=float, default=3 * 3600, help="how far back; three hours")
    draw.add_argument("--window", default="5m", help="what $__rate_interval stands for; 5m")
    draw.add_argument("--out", type=Path, default=PICTURES)
    return parser.parse_args(argv)


def write():
    """Makes the files."""
    for path, text in boards.files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


def check():
    """1 where a file is not what the code makes."""
    stale = [
        path
        for path, text in boards.files().items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is not what the code makes; run `make dashboards`")
    return 1 if stale else 0


def typed(directory):
    """Writes what the compiler looks at."""
    for name in ("board.ts", "tsconfig.json"):
        shutil.copy(SCHEMA / name, directory)
    values = [
        f"export const {path.stem}: Board = {text.rstrip()};\n"
        for path, text in boards.files().items()
    ]
    head = 'import type { Board } from "./board";\n'
    (directory / "boards.ts").write_text(head + "".join(values), "utf-8")
    return 0


def draw(args):
    """Draws all dashboards."""
    # matplotlib is large, and nothing else needs it.
    from dashboards import drawing, prometheus

    view = drawing.View(
        source=prometheus.Api(args.url),
        namespace=args.namespace,
        release=args.release,
        begin=args.end - args.seconds,
        end=args.end,
        window=args.window,
    )
    for path in drawing.draw_all(view, args.out):
        print(f"drew {path}")
    return 0


def main(argv=None):
    """Runs a command; 0 well, 1 failed."""
    args = arguments(sys.argv[1:] if argv is None else argv)
    if args.command == "draw":
        return draw(args)
    if args.command == "typed":
        return typed(args.directory)
    return {"write": write, "check": check}[args.command]()
