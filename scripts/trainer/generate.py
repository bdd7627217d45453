"""Templates -> lines, the same for the same seed.

Each line has a random generator of its own, seeded by (seed, template id, index): adding a template
or changing the order of files leaves the lines of all others as they were.
"""

from dataclasses import dataclass

from trainer import envelope, slots
from trainer.common import seeded
from trainer.corpus import Template

TRAIN_SEED = "train-1"
PARITY_SEED = "parity-1"
GOLDEN_SEED = "golden-1"
LINES = 3
"""Lines made of each template for training. Six gave no better figures on held-out products."""


@dataclass(frozen=True)
class Line:
    """One generated line, as a record would carry it."""

    template: Template
    index: int
    message: str
    source: str | None

    def record(self):
        """The record as JSON-ready mapping."""
        return record(self.message, self.source)


def record(message, source=None):
    """A record of a message, with its source where there is one."""
    return {"message": message, "source": source} if source else {"message": message}


def lines_of(template, seed, count=LINES):
    """`count` lines of one template."""
    return [line(template, seed, index) for index in range(count)]


def line(template, seed, index):
    """One line. Syslog forms take turns, starting where the template's own seed says."""
    rng = seeded(seed, template.id, index)
    context = slots.Context.start(rng)
    body = slots.fill(template.text, rng, template.format == "json", context)
    if template.format != "syslog":
        return Line(template, index, body, template.source if context.chance(0.75) else None)
    first = seeded(seed, template.id, "form").randrange(len(envelope.FORMS))
    form = envelope.FORMS[(first + index) % len(envelope.FORMS)]
    message = envelope.wrap(form, body, template, context)
    named = form == "bare" and context.chance(0.75)
    return Line(template, index, message, template.source if named else None)


def expand(templates, seed=TRAIN_SEED, count=LINES):
    """All lines of all templates, in the order of the templates."""
    return [made for template in templates for made in lines_of(template, seed, count)]
