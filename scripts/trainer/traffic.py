"""Ordinary traffic: how much of it is forwarded, and whether it should be.

A simulated day is drawn from the corpus with the shares of `caution.MIX`; each line is judged by the bundle
of the fold that held its product out. Beside it stand real logs (`scripts/traffic_logs.sh` gathers them),
judged by the bundle that ships. What a person thought of a forwarded line is kept in a file of patterns.
"""

import re
from collections import Counter, defaultdict

import numpy as np
import yaml

from trainer import build, caution, corpus, evaluate, features, generate, votes
from trainer.common import LABELS, seeded, write_text
from trainer.markdown import percent, table

LINES = 50_000
"""Lines of the simulated day."""
SEED = "traffic-1"
SHOWN = 25
LONGEST = 80


def run(paths, logs, out, judged_file):
    """Writes the page."""
    say = build.Progress()
    data = build.read_data(paths)
    held, _ = evaluate.hold_out(data)
    say("fitted the folds")
    draft = build.first_draft(paths, corpus.read_release(paths.corpus))
    day = judge_day(data, held, paths.binary, draft)
    say("judged the day")
    opinions = yaml.safe_load(judged_file.read_text("utf-8")) if judged_file.is_file() else []
    real = [judge_log(paths, path) for path in sorted(logs.glob("*.log"))] if logs else []
    write_text(out, page(day, real, opinions))
    say(f"wrote {out}")


def judge_day(data, held, binary, draft):
    """[(template, verdict)] of the lines of a day, in no order."""
    drawn = draw(data.templates)
    day = []
    for part in held.parts:
        products = {data.lines[place].template.product for place in part.held_out}
        lines = [
            generate.line(template, SEED, index)
            for template, count in drawn
            if template.product in products
            for index in range(count)
        ]
        records = [line.record() for line in lines]
        answers = evaluate.judge_by(part, held.temperature, binary, draft, records)
        day += [(line.template, answer) for line, answer in zip(lines, answers, strict=True)]
    return day


def draw(templates):
    """[(template, how many lines)]: labels by MIX, then products alike, then their templates."""
    rng = seeded(SEED, "day")
    by_label = {label: defaultdict(list) for label in LABELS}
    for template in templates:
        by_label[template.label][template.product].append(template)
    counts = Counter()
    for label, share in caution.MIX.items():
        products = sorted(by_label[label])
        for _ in range(round(share * LINES)):
            product = rng.choice(products)
            counts[rng.choice(by_label[label][product])] += 1
    return sorted(counts.items(), key=lambda item: item[0].id)


def judge_log(paths, path):
    """(name, [(masked text, message, verdict)]) of a log's lines that are not blank."""
    texts = [text for text in path.read_text("utf-8", "replace").split("\n") if text.strip()]
    records = [generate.record(text) for text in texts]
    answers = votes.judge(paths.binary, paths.bundle, records)
    masked = [one.normalized for one in features.extract(paths.binary, records)]
    return path.stem, list(zip(masked, texts, answers, strict=True))


def page(day, real, opinions):
    """The page's text."""
    return TEXT.format(
        lines=len(day),
        mix=", ".join(f"{percent(share)} {label}" for label, share in caution.MIX.items()),
        products=len({template.product for template, _ in day}),
        day=day_table(day),
        day_share=percent(np.mean([answer.verdict["forward"] for _, answer in day])),
        day_forwarded=day_forwarded(day),
        real=real_table(real),
        real_forwarded=real_forwarded(real, opinions),
    )


def day_table(day):
    """One row a label."""
    rows = []
    for label in LABELS:
        inside = [answer for template, answer in day if template.label == label]
        forwarded = sum(answer.verdict["forward"] for answer in inside)
        judged = Counter(LABELS[answer.category] for answer in inside)
        share = percent(forwarded / len(inside))
        rows.append([label, len(inside), forwarded, share, *(judged[name] for name in LABELS)])
    return table(["label", "lines", "forwarded", "share", *(f"as {n}" for n in LABELS)], rows)


def day_forwarded(day):
    """What is forwarded most often, and whether the corpus' label wants that."""
    counts, example = Counter(), {}
    for template, answer in day:
        if answer.verdict["forward"]:
            counts[template.id] += 1
            example.setdefault(template.id, (template, answer))
    rows = []
    for name, count in counts.most_common(SHOWN):
        template, answer = example[name]
        wanted = "yes" if LABELS.index(template.label) < 2 else "no"
        rows.append([count, name, why(answer), template.label, wanted])
    return table(["lines", "template", "judged", "label", "should it be"], rows)


def why(answer):
    """Category, what decided it, and the flags."""
    verdict = answer.verdict
    rules = f" ({answer.rules[0]})" if answer.rules and answer.votes["rules"].voted else ""
    flags = "".join(f" {flag}" for flag in verdict["flags"])
    return f"{verdict['category']}, {verdict['reason']}{rules}{flags}"


def real_table(real):
    """One row a log."""
    rows = []
    for name, lines in real:
        forwarded = sum(answer.verdict["forward"] for _, _, answer in lines)
        judged = Counter(LABELS[answer.category] for _, _, answer in lines)
        share = percent(forwarded / len(lines))
        rows.append([name, len(lines), forwarded, share, *(judged[label] for label in LABELS)])
    return table(["log", "lines", "forwarded", "share", *LABELS], rows)


def real_forwarded(real, opinions):
    """The kinds of lines that are forwarded, most frequent first, with a person's opinion."""
    rows = []
    for name, lines in real:
        counts, example = Counter(), {}
        for masked, text, answer in lines:
            if answer.verdict["forward"]:
                counts[masked] += 1
                example.setdefault(masked, (text, answer))
        for masked, count in counts.most_common(8):
            text, answer = example[masked]
            shown = masked if len(masked) <= LONGEST else masked[: LONGEST - 3] + "..."
            shown = shown.replace("|", "\\|").replace("`", "'")
            rows.append([count, name, f"`{shown}`", why(answer), opinion(text, opinions)])
    return table(["lines", "log", "masked text", "judged", "should it be"], rows)


def opinion(text, opinions):
    """What the first pattern that matches says."""
    for entry in opinions:
        if re.search(entry["pattern"], text, re.IGNORECASE):
            return f"{entry['forward']}: {entry['because']}"
    return "nobody looked"


TEXT = """# Ordinary traffic

How much of a day's traffic reaches the SIEM, and whether it should. `make traffic` writes this page.

## A simulated day

{lines:,} lines drawn from the corpus: {mix};
within a category every product counts alike ({products} of them). Each line is judged by the bundle
of the fold that held its product out, so no product is known to what judges it. Its labels are those of the corpus. **{day_share} of the day is forwarded.**

{day}

What is forwarded most often:

{day_forwarded}

## Real logs

Logs of one development machine and of programs that were started on it for a minute
(`scripts/traffic_logs.sh`), judged by the default bundle, one record a line; the journal is what those
programs wrote to a journal daemon. After a look some lines of a boot, of a control plane's start and of its
audit log, of the package manager, of the balancer and of the database's vacuum were added to the corpus, so
these figures are too good: before that most of the audit log was forwarded.

{real}

Every kind of line that is forwarded, up to eight a log, most frequent first; what stands under "should it
be" is a person's opinion, kept in `docs/traffic-opinions.yaml`:

{real_forwarded}
"""
