"""Values as a person reads them, by the names that Grafana gives its units."""

import math

SUFFIX = {"cps": "/s", "reqps": " req/s", "ops": "/s", "none": "", "short": ""}
DECIMAL = ("", " k", " M", " G", " T")
BINARY = (" B", " KiB", " MiB", " GiB", " TiB")
RATES = (" B/s", " kB/s", " MB/s", " GB/s", " TB/s")
TIMES = ((1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86400.0, "d"))


def digits(value, decimals=None):
    """Three figures at most, or as many decimals as were asked for."""
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def scaled(value, base, names, decimals):
    """With the prefix that leaves one to three figures before the point."""
    place = 0
    while abs(value) >= base and place < len(names) - 1:
        value, place = value / base, place + 1
    return digits(value, decimals) + names[place]


def duration(seconds, decimals):
    """In the largest unit of which there is at least one."""
    factor, name = next(
        ((factor, name) for factor, name in reversed(TIMES) if abs(seconds) >= factor), TIMES[0]
    )
    return "0 s" if seconds == 0 else f"{digits(seconds / factor, decimals)} {name}"


def text(value, unit, decimals=None):
    """A value with its unit."""
    if unit == "percentunit":
        return f"{digits(value * 100, decimals)} %"
    if unit == "s":
        return duration(value, decimals)
    if unit == "bytes":
        return scaled(value, 1024, BINARY, decimals)
    if unit == "Bps":
        return scaled(value, 1000, RATES, decimals)
    if unit == "none":
        return digits(value, decimals)
    return scaled(value, 1000, DECIMAL, decimals) + SUFFIX[unit]
