"""Questions to a running Prometheus over its HTTP API."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

SECONDS = 30


class QueryError(Exception):
    """A question that Prometheus refuses; the text says what it was, and why."""


@dataclass(frozen=True)
class Series:
    """Labels, and values by time in seconds since 1970. Values that are no numbers are left out."""

    labels: dict
    points: list

    def named(self, legend):
        """Its name by Grafana's form: labels in double braces."""
        if not legend:
            return ", ".join(f"{key}={value}" for key, value in sorted(self.labels.items()))
        for key, value in self.labels.items():
            legend = legend.replace(f"{{{{{key}}}}}", value)
        return legend


class Api:
    """A Prometheus at an address such as http://127.0.0.1:9090."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def ask(self, path, **given):
        """The `data` of an answer."""
        text = urllib.parse.urlencode(given)
        try:
            # Posted, because an expression can be longer than an address may be.
            with urllib.request.urlopen(
                f"{self.url}/api/v1/{path}", text.encode() if given else None, SECONDS
            ) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            told = error.read().decode("utf-8", "replace")[:500]
            raise QueryError(f"{given.get('query', path)}: {told}") from error

    def ready(self):
        """Whether it answers queries."""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=SECONDS) as answer:
                return answer.status == 200
        except OSError:
            return False

    def at(self, expr, time):
        """What an expression gives at one moment."""
        found = self.ask("query", query=expr, time=time)["result"]
        return series((one["metric"], [one["value"]]) for one in found)

    def over(self, expr, begin, end, step):
        """What an expression gives between two moments."""
        found = self.ask("query_range", query=expr, start=begin, end=end, step=step)["result"]
        return series((one["metric"], one["values"]) for one in found)


def series(found):
    """Series out of what the API says, without those that have no number."""
    made = []
    for labels, values in found:
        points = [(float(time), float(value)) for time, value in values]
        points = [(time, value) for time, value in points if math.isfinite(value)]
        if points:
            made.append(Series(labels, points))
    return made
