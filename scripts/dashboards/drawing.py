"""Pictures of the dashboards, for those who have no Grafana at hand: the same places, colours, limits,
units and names, out of the same queries."""

import math
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dashboards import boards, units
from dashboards.board import COLUMNS

WIDTH_INCHES, ROW_INCHES, DOTS = 17.0, 0.36, 90
POINTS = 240
"""Values of a line, as many as can be told apart in a panel."""
COLOURS = {
    "green": "#56a64b",
    "yellow": "#e0b400",
    "orange": "#ff780a",
    "red": "#e02f44",
    "blue": "#3274d9",
}
PALETTE = (
    *("#56a64b", "#e0b400", "#3274d9", "#ff780a", "#a352cc"),
    *("#e02f44", "#1f9ea3", "#8f3bb8", "#7c8a99", "#c15c17"),
)
LETTER = 0.128
"""Width of a letter of a table, in columns of the grid."""
INK, FAINT, PAPER, CARD = "#24292e", "#8a9199", "#f4f5f5", "#ffffff"


@dataclass(frozen=True)
class View:
    """What Grafana's variables and its time picker would say."""

    source: object
    namespace: str
    release: str
    begin: float
    end: float
    window: str = "5m"

    def asked(self, target):
        """Series of a query."""
        expr = boards.filled(target["expr"], self.namespace, self.release, window=self.window)
        if target["instant"]:
            return self.source.at(expr, self.end)
        return self.source.over(expr, self.begin, self.end, self.step)

    @property
    def step(self):
        """Seconds between two values of a line."""
        return max(1, math.ceil((self.end - self.begin) / POINTS))


def colour_of(value, thresholds):
    """The colour that holds from the highest limit that is reached."""
    name = "green"
    for step in thresholds["steps"]:
        if step["value"] is None or value >= step["value"]:
            name = step["color"]
    return COLOURS[name]


class Canvas:
    """A figure in the units of Grafana's grid."""

    def __init__(self, height):
        self.height = height
        self.figure = Figure(figsize=(WIDTH_INCHES, height * ROW_INCHES), dpi=DOTS, facecolor=PAPER)

    def box(self, x, y, w, h, left=0.0, top=0.0, right=0.0, bottom=0.0):
        """A rectangle of the grid in the figure's own units, its margins taken off (grid units)."""
        return (
            (x + left) / COLUMNS,
            1 - (y + h - bottom) / self.height,
            (w - left - right) / COLUMNS,
            (h - top - bottom) / self.height,
        )

    def card(self, place, colour):
        """The ground of a panel."""
        x, y, w, h = self.box(*place, left=0.06, top=0.08, right=0.06, bottom=0.08)
        self.figure.add_artist(
            Rectangle((x, y), w, h, facecolor=colour, edgecolor="#dcdfe3", linewidth=0.6, zorder=-1)
        )

    def write(self, x, y, text, **style):
        """Text at a point of the grid."""
        self.figure.text(x / COLUMNS, 1 - y / self.height, text, **{"color": INK} | style)


def place_of(panel):
    """Where a panel stands: x, y, w, h."""
    return tuple(panel["gridPos"][key] for key in ("x", "y", "w", "h"))


def draw_stat(canvas, panel, view):
    """Large values on the colour of the worst of them."""
    x, y, w, h = place_of(panel)
    defaults = panel["fieldConfig"]["defaults"]
    values = []
    for target in panel["targets"]:
        for one in view.asked(target):
            values.append((one.points[-1][1], target["legendFormat"]))
    ground = colour_of(values[0][0], defaults["thresholds"]) if values else CARD
    ink = "white" if values else FAINT
    canvas.card((x, y, w, h), ground)
    canvas.write(x + 0.2, y + 0.8, panel["title"], fontsize=9, color="white" if values else INK)
    shown = [
        units.text(value, defaults["unit"], defaults.get("decimals")) for value, _ in values
    ] or [defaults["noValue"]]
    for number, text in enumerate(shown):
        middle = x + w * (number + 0.5) / len(shown)
        large = 19 if values else 12
        canvas.write(middle, y + 2.6, text, fontsize=large, color=ink, ha="center", weight="bold")
        if len(shown) > 1:
            canvas.write(middle, y + 3.4, values[number][1], fontsize=8, color=ink, ha="center")


def draw_lines(canvas, panel, view):
    """Values over time, their limits dashed, their names below."""
    x, y, w, h = place_of(panel)
    defaults = panel["fieldConfig"]["defaults"]
    custom = defaults["custom"]
    found = [
        (one.named(target["legendFormat"]), one)
        for target in panel["targets"]
        for one in view.asked(target)
    ]
    canvas.card((x, y, w, h), CARD)
    canvas.write(x + 0.2, y + 0.75, panel["title"], fontsize=9)
    lines = max(1, math.ceil(len(found) / per_line(found, w)))
    bottom = 1.0 + 0.5 * lines
    axes = canvas.figure.add_axes(canvas.box(x, y, w, h, 1.15, 1.2, 0.25, bottom))
    dress(axes, view, defaults)
    if not found:
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", color=FAINT)
        return
    fixed = {
        rule["matcher"]["options"]: COLOURS[rule["properties"][0]["value"]["fixedColor"]]
        for rule in panel["fieldConfig"]["overrides"]
    }
    colours = [
        fixed.get(name, PALETTE[number % len(PALETTE)]) for number, (name, _) in enumerate(found)
    ]
    if custom["stacking"]["mode"] == "normal":
        stack(axes, view, found, colours, custom)
    else:
        for (_, one), colour in zip(found, colours, strict=True):
            times, values = with_gaps(one.points, view)
            style = "steps-post" if custom["lineInterpolation"] == "stepAfter" else "default"
            axes.plot(times, values, color=colour, linewidth=1.3, drawstyle=style)
    limit(axes, defaults)
    names(canvas, found, colours, (x, y, w, h), lines)


def per_line(found, w):
    """How many names fit beside each other."""
    longest = max((len(name) for name, _ in found), default=1)
    return max(1, int((w - 0.4) / (0.125 * longest + 0.5)))


def names(canvas, found, colours, place, lines):
    """The legend, in as many lines as it takes."""
    x, y, w, h = place
    fit = math.ceil(len(found) / lines)
    width = (w - 0.5) / fit
    for number, ((name, _), colour) in enumerate(zip(found, colours, strict=True)):
        left = x + 0.3 + (number % fit) * width
        line = y + h - 0.28 - 0.5 * (lines - 1 - number // fit)
        canvas.write(left, line, "\u2014", fontsize=8, color=colour, weight="bold")
        canvas.write(left + 0.28, line, name, fontsize=7)


def dress(axes, view, defaults):
    """Axes, grid and ticks."""
    axes.set_facecolor(CARD)
    axes.set_xlim(0, view.end - view.begin)
    axes.tick_params(labelsize=7, colors=FAINT, length=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#dcdfe3")
    axes.grid(color="#eceef0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{int(value) // 60}:{int(value) % 60:02}")
    )
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=defaults.get("decimals") == 0))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: units.text(value, defaults["unit"]))
    )


def limit(axes, defaults):
    """The ends of the axis, and the limits that are near enough to be seen."""
    top = defaults.get("max") or max(axes.get_ylim()[1], 1e-9)
    for step in defaults["thresholds"]["steps"]:
        value = step["value"]
        if value is not None and value <= 4 * top:
            top = max(top, value * 1.1)
            axes.axhline(value, color=COLOURS[step["color"]], linewidth=0.9, linestyle="--")
    axes.set_ylim(defaults["min"], top)


def with_gaps(points, view):
    """Times since the begin, and values, with nothing drawn where there were none."""
    times, values = [], []
    for time, value in points:
        if times and time - view.begin - times[-1] > 1.5 * view.step:
            times.append(times[-1] + view.step)
            values.append(math.nan)
        times.append(time - view.begin)
        values.append(value)
    return times, values


def stack(axes, view, found, colours, custom):
    """Values on top of each other; what is not there counts nothing."""
    times = sorted({time for _, one in found for time, _ in one.points})
    held = [dict(one.points) for _, one in found]
    layers = [[values.get(time, 0.0) for time in times] for values in held]
    step = "post" if custom["lineInterpolation"] == "stepAfter" else None
    below = [0.0] * len(times)
    since = [time - view.begin for time in times]
    for layer, colour in zip(layers, colours, strict=True):
        above = [low + value for low, value in zip(below, layer, strict=True)]
        axes.fill_between(since, below, above, color=colour, alpha=0.45, step=step, linewidth=0)
        axes.plot(
            since,
            above,
            color=colour,
            linewidth=1.0,
            drawstyle="steps-post" if step else "default",
        )
        below = above


def draw_table(canvas, panel, view):
    """The columns that the panel keeps, with its headings."""
    x, y, w, h = place_of(panel)
    columns = panel["transformations"][1]["options"]["renameByName"]
    rows = sorted(
        tuple(one.labels.get(label, "") for label in columns)
        for target in panel["targets"]
        for one in view.asked(target)
    )
    canvas.card((x, y, w, h), CARD)
    canvas.write(x + 0.2, y + 0.75, panel["title"], fontsize=9)
    lines = [tuple(columns.values()), *rows]
    fit = int((h - 1.6) / 0.55)
    if len(lines) > fit:
        canvas.write(x + w - 0.3, y + 0.75, f"and {len(lines) - fit} more", fontsize=8, ha="right")
        lines = lines[:fit]
    needed = [LETTER * max(len(row[place]) for row in lines) + 0.5 for place in range(len(columns))]
    # What is too long for the panel is cut in the longest column, a digest as a rule.
    longest = needed.index(max(needed))
    needed[longest] = min(needed[longest], w - 0.6 - sum(needed) + needed[longest])
    for line, row in enumerate(lines):
        left = x + 0.3
        for cell, width in zip(row, needed, strict=True):
            most = int((width - 0.4) / LETTER)
            text = cell if len(cell) <= most else f"{cell[: most - 1]}\u2026"
            heading = {"color": FAINT} if line == 0 else {}
            canvas.write(left, y + 1.5 + 0.55 * line, text, fontsize=8, **heading)
            left += width


DRAWERS = {"stat": draw_stat, "timeseries": draw_lines, "table": draw_table}


def draw(made, view, path):
    """Draws one dashboard."""
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in made["panels"])
    canvas = Canvas(height)
    for panel in made["panels"]:
        if panel["type"] == "row":
            x, y, _, _ = place_of(panel)
            canvas.write(x + 0.12, y + 0.75, panel["title"], fontsize=11, weight="bold")
        else:
            DRAWERS[panel["type"]](canvas, panel, view)
    canvas.figure.savefig(path, metadata={"Software": None, "Title": made["title"]})


def draw_all(view, directory):
    """Draws all dashboards; the files."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, make in boards.MAKERS.items():
        paths.append(directory / f"{name}.png")
        draw(make(), view, paths[-1])
    return paths
