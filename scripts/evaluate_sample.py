"""Writes docs/evaluation.html: what `logtriage evaluate` shows, on lines that were held out.

The models of the first fold are fitted anew, without its products; the program then judges one line of
each template of these products. The corpus makes all lines, so nothing of anyone else is on the page.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from trainer import build, bundle, corpus, folds, models, program, settings
from trainer.common import ROOT, TrainerError, binary_path

FOLD = 0
NOTE = (
    "A sample of the report, on generated lines of corpus/: one line of each template of {products} of "
    "{all_products} products. They are held out from the models, which were fitted without them. They "
    "are not held out from the rules, whose authors wrote these lines too, nor from the one number of "
    "the classifier's calibration, so expect less on other products; bundles/default/MODEL_CARD.md "
    "has figures of lines that others labelled. Groups are products."
)


def labelled(line):
    """One line as `logtriage evaluate` reads it."""
    template = line.template
    fields = {"label": template.label, "group": template.product, "domain": template.group}
    return {**line.record(), **fields}


def serving_temperature():
    """The calibration that serves; fitted on all folds together, this one too."""
    manifest = json.loads((settings.BUNDLE / bundle.MANIFEST).read_text("utf-8"))
    return manifest["members"]["classifier"]["calibration"]["temperature"]


def write_bundle(path, paths, data, places):
    """A bundle whose models saw the lines at `places` alone."""
    fitted = models.fit(
        [data.lines[place] for place in places],
        [data.features[place] for place in places],
        data.schema,
        f"fold {FOLD}",
    )
    draft = build.first_draft(paths, corpus.read_release(paths.corpus))
    draft.name = "held-out"
    bundle.write(path, draft.files(fitted, serving_temperature()))


def write_page(paths, out):
    """Fits, judges, and has the program write the page; its text."""
    data = build.read_data(paths)
    assignment = folds.assign(data.templates)
    inside, outside = folds.split(data.lines, lambda line: line.template.product, assignment, FOLD)
    chosen = [data.lines[place] for place in outside if data.lines[place].index == 0]
    products = {line.template.product for line in chosen}
    note = NOTE.format(products=len(products), all_products=len(assignment))
    with tempfile.TemporaryDirectory(prefix="logtriage-sample-") as folder:
        made, lines = Path(folder) / "held-out", Path(folder) / "held-out.ndjson"
        write_bundle(made, paths, data, inside)
        lines.write_text("".join(json.dumps(labelled(line)) + "\n" for line in chosen), "utf-8")
        command = [paths.binary, "evaluate", lines, "--bundle", made, "--skip-golden"]
        return program.output([*command, "--by", "domain", "--note", note, "--html", out])


def main(argv=None):
    """0 well, 1 failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", help="the logtriage program (else LOGTRIAGE_BIN)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/evaluation.html")
    args = parser.parse_args(argv)
    try:
        binary = binary_path(args.bin)
        paths = build.Paths(binary, settings.CORPUS, settings.RULES, settings.BUNDLE)
        print(write_page(paths, args.out))
    except TrainerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
