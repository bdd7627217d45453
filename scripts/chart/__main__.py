"""`python -m chart write`: makes anew what is made from the chart. Run by `make chart`."""

import sys

from chart import ROOT, ChartError, helm, manifests, readme


def main():
    """Writes everything; 1 where something of it cannot be made."""
    if sys.argv[1:] != ["write"]:
        print("usage: python -m chart write", file=sys.stderr)
        return 64
    try:
        readme.README.write_text(readme.expected(), "utf-8")
        written = [readme.README, *manifests.write(helm.PROGRAMS["helm4"])]
    except ChartError as error:
        print(f"chart: {error}", file=sys.stderr)
        return 1
    print(f"wrote {len(written)} files: {', '.join(str(p.relative_to(ROOT)) for p in written)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
