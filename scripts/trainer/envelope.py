"""The transport forms that one and the same syslog message comes in."""

from datetime import UTC, datetime

from trainer import slots_net, words

FORMS = ("rfc3164", "file", "rfc5424", "bare", "file_iso")
"""RFC 3164 with PRI; as syslog daemons write it to a file; RFC 5424; the message alone; the file
form with an ISO 8601 time."""

FACILITIES = {"identity": (4, 10), "mail": (2,), "os": (0, 3), "security": (4, 16)}
OTHER_FACILITIES = (3, 16, 17, 20, 23)
QUIET_SEVERITIES = (4, 5, 6, 6)
"""Where a template names no severity, warning to info stand in, whatever its label."""


def wrap(form, body, template, context):
    """The message as it comes in that form."""
    if form == "bare":
        return body
    when = datetime.fromtimestamp(context.when, UTC)
    stamp = f"{words.MONTHS[when.month - 1]} {when.day:2} {when:%H:%M:%S}"
    iso = f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond:06}+00:00"
    host = slots_net.host(context, None)
    pid = context.between(2, 99999)
    with_pid = template.source != "kernel"
    tag = f"{template.source}[{pid}]" if with_pid else "kernel"
    if not with_pid and context.chance(0.5):
        body = f"[{context.between(1, 999999):5}.{context.between(0, 999999):06}] {body}"
    if form == "rfc5424":
        head = f"<{priority(template, context)}>1 {iso} {host} {template.source}"
        return f"{head} {pid if with_pid else '-'} - - {body}"
    if form == "rfc3164":
        return f"<{priority(template, context)}>{stamp} {host} {tag}: {body}"
    return f"{iso if form == 'file_iso' else stamp} {host} {tag}: {body}"


def priority(template, context):
    """Facility times eight plus severity."""
    facility = context.pick(FACILITIES.get(template.group, OTHER_FACILITIES))
    severity = template.severity
    if severity is None:
        severity = context.pick(QUIET_SEVERITIES)
    return facility * 8 + severity
