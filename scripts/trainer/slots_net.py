"""Slots of networks, hosts, the web and time."""

from datetime import UTC, datetime

from trainer import words

SERVICE_PORTS = words.listed(
    "21 22 23 25 53 80 110 123 143 161 389 443 445 465 587 636 993 1433 1521 3306 3389 5432 5672 "
    "5900 6379 8000 8080 8443 9090 9200 27017"
)
DOCUMENTATION_NETS = ("192.0.2", "198.51.100", "203.0.113")


def ipv4_private(c, _):
    """An address of RFC 1918."""
    kind = c.between(0, 2)
    if kind == 0:
        return f"10.{c.between(0, 255)}.{c.between(0, 255)}.{c.between(1, 254)}"
    if kind == 1:
        return f"172.{c.between(16, 31)}.{c.between(0, 255)}.{c.between(1, 254)}"
    return f"192.168.{c.between(0, 255)}.{c.between(1, 254)}"


def ipv4_public(c, _):
    """An address of the documentation ranges, which stand for the outside world."""
    return f"{c.pick(DOCUMENTATION_NETS)}.{c.between(1, 254)}"


def ipv4(c, _):
    """Either kind."""
    return ipv4_private(c, _) if c.chance(0.5) else ipv4_public(c, _)


def ipv6(c, _):
    """An address of the documentation range, short or long, or a link-local one."""
    if c.chance(0.2):
        return f"fe80::{c.hex(4)}:{c.hex(2)}ff:fe{c.hex(2)}:{c.hex(4)}"
    if c.chance(0.5):
        return f"2001:db8:{c.hex(4)}::{c.hex(c.between(1, 4))}"
    return "2001:db8:" + ":".join(c.hex(4) for _ in range(6))


def mac(c, _):
    """A locally administered address."""
    return ":".join(["02", *(c.hex(2) for _ in range(5))])


def label(c):
    """One label of a domain name."""
    text = c.pick(words.WORDS)
    if c.chance(0.4):
        text = "".join(c.pick(words.SYLLABLES) for _ in range(c.between(2, 4)))
    return text + c.pick(("", "", "", str(c.between(1, 99))))


def domain(c, _):
    """A domain below example.com, .net or .org."""
    return f"{label(c)}.example.{c.pick(('com', 'net', 'org'))}"


def host(c, _):
    """A short host name."""
    role, number = c.pick(words.HOST_ROLES), c.between(1, 40)
    return c.pick(
        (
            f"{role}{number}",
            f"{role}-{number:02}",
            f"{c.pick(words.WORDS)}-{role}{number}",
            label(c),
        )
    )


def fqdn(c, _):
    """A full host name."""
    ends = (
        "example.com",
        "example.net",
        "corp.example.com",
        "prod.example.net",
        "lab.local",
        "dc1.internal",
    )
    return f"{host(c, _)}.{c.pick(ends)}"


def url_path(c, _):
    """A path of one to four segments, sometimes with a query."""
    parts = [c.pick(words.URL_PARTS) for _ in range(c.between(1, 3))]
    if c.chance(0.3):
        parts.append(str(c.between(1, 99999)))
    if c.chance(0.15):
        parts[-1] = (
            f"{c.pick(words.FILE_STEMS)}.{c.pick(('html', 'js', 'css', 'png', 'php', 'json'))}"
        )
    query = ""
    if c.chance(0.25):
        query = f"?{c.pick(('id', 'page', 'q', 'sort', 'lang'))}={c.pick((str(c.between(1, 500)), label(c)))}"
    return "/" + "/".join(parts) + query


def url(c, _):
    """An http or https URL."""
    return f"{c.pick(('http', 'https', 'https'))}://{c.pick((domain(c, _), fqdn(c, _)))}{url_path(c, _)}"


def email(c, _):
    """An address at a documentation domain."""
    first, last = c.pick(words.FIRST_NAMES), c.pick(words.LAST_NAMES)
    name = c.pick((f"{first}.{last}", first, f"{first[0]}{last}", c.pick(words.SERVICE_USERS)))
    return f"{name}@{c.pick(('example.com', 'example.org', 'example.net', domain(c, _)))}"


def agent(agents, low, high):
    """A generator of User-Agents with one version number."""
    return lambda c, _: c.pick(agents).format(c.between(low, high))


def moment(c):
    """The line's time; repeated slots move on by a few milliseconds."""
    c.when += c.between(0, 40) / 1000
    return datetime.fromtimestamp(c.when, UTC)


def iso_time(c, _):
    """RFC 3339, with and without fraction and offset."""
    t = moment(c)
    base = t.strftime("%Y-%m-%dT%H:%M:%S")
    millis = f"{t.microsecond // 1000:03}"
    return base + c.pick(
        ("Z", f".{millis}Z", f".{t.microsecond:06}Z", "+00:00", f".{millis}+01:00")
    )


def syslog_time(c, _):
    """`Jan  2 03:04:05`."""
    t = moment(c)
    return f"{words.MONTHS[t.month - 1]} {t.day:2} {t:%H:%M:%S}"


def clf_time(c, _):
    """`02/Jan/2006:15:04:05 +0000`."""
    t = moment(c)
    return f"{t.day:02}/{words.MONTHS[t.month - 1]}/{t:%Y:%H:%M:%S} {c.pick(('+0000', '+0100', '-0500'))}"


def win_time(c, _):
    """`2006-01-02 15:04:05`, or the American form."""
    t = moment(c)
    return c.pick((f"{t:%Y-%m-%d %H:%M:%S}", f"{t.month}/{t.day}/{t:%Y} {t:%I:%M:%S %p}"))


def klog_time(c, _):
    """`0102 15:04:05.000000`, as it follows the level letter in klog lines."""
    t = moment(c)
    return f"{t:%m%d %H:%M:%S}.{t.microsecond:06}"


def one_of(options):
    """A generator that picks from a list."""
    return lambda c, _: c.pick(options)


SLOTS = {
    "host": host,
    "fqdn": fqdn,
    "ipv4": ipv4,
    "ipv4_private": ipv4_private,
    "ipv4_public": ipv4_public,
    "ipv6": ipv6,
    "mac": mac,
    "port": lambda c, _: str(c.between(32768, 60999)),
    "port_service": one_of(SERVICE_PORTS),
    "email": email,
    "url": url,
    "url_path": url_path,
    "domain": domain,
    "iso_time": iso_time,
    "syslog_time": syslog_time,
    "clf_time": clf_time,
    "win_time": win_time,
    "klog_time": klog_time,
    "epoch": lambda c, _: str(int(moment(c).timestamp())),
    "epoch_ms": lambda c, _: str(int(moment(c).timestamp() * 1000)),
    "user_agent_browser": agent(words.BROWSERS, 100, 131),
    "user_agent_tool": agent(words.TOOL_AGENTS, 1, 30),
    "http_method": one_of(("GET", "GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "PATCH")),
    "http_status_ok": one_of(("200", "200", "200", "201", "204", "206", "301", "302", "304")),
    "http_status_client": one_of(
        ("400", "401", "403", "404", "404", "405", "408", "409", "410", "413", "422", "429")
    ),
    "http_status_server": one_of(("500", "500", "501", "502", "503", "504")),
}
