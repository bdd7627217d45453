"""Queries, put together of the few forms that the dashboards use."""

SCOPE = ('namespace="$namespace"', 'job="$release"', 'pod=~"$pod"')
"""What every query is limited to: the variables at the top of each dashboard."""
JUDGING = 'route=~"classify|older_.+"'
"""Routes that judge records; the alerts count the same ones."""
WINDOW = "$__rate_interval"


def series(metric, *where):
    """A metric within the scope."""
    return f"{metric}{{{', '.join([*SCOPE, *where])}}}"


def recorded(metric):
    """A series that the rules record for a release as a whole."""
    return f"{metric}{{{', '.join(SCOPE[:2])}}}"


def rate(metric, *where):
    """Growth of a counter in a second, series by series."""
    return f"rate({series(metric, *where)}[{WINDOW}])"


def grouped(function, expression, *labels):
    """`function` over an expression, kept apart by these labels."""
    by = f" by ({', '.join(labels)}) " if labels else ""
    return f"{function}{by}({expression})"


def total(expression, *labels):
    """The sum, kept apart by these labels."""
    return grouped("sum", expression, *labels)


def or_zero(expression):
    """Zero where a counter has no series, because what it counts never happened."""
    return f"({expression} or vector(0))"


def share(part, whole):
    """A part of a whole that may have no series."""
    return f"{or_zero(total(part))} / {total(whole)}"


def quantile(q, histogram, *labels, where=()):
    """A quantile of a histogram, kept apart by these labels."""
    buckets = total(rate(f"{histogram}_bucket", *where), "le", *labels)
    return f"histogram_quantile({q}, {buckets})"


def mean(histogram, *labels):
    """The mean of a histogram's values, kept apart by these labels."""
    return (
        f"{total(rate(f'{histogram}_sum'), *labels)} / {total(rate(f'{histogram}_count'), *labels)}"
    )


def flagged(flags):
    """Records a second that carry one of the flags (a regular expression)."""
    return rate("logtriage_verdict_flags_total", f'flag=~"{flags}"')


RECORDS = rate("logtriage_records_total")
REQUESTS = rate("logtriage_http_requests_total", JUDGING)


def answered(codes):
    """Requests a second that were answered with these status codes (a regular expression)."""
    return rate("logtriage_http_requests_total", JUDGING, f'code=~"{codes}"')
