"""Typed slots: `{{name}}` or `{{name:argument}}` in a template, and what fills them.

The list of slots is closed: a name that is not here is a fault of the template. A generator takes
the line's context and the argument, and returns text.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from trainer import slots_cloud, slots_net, words

SLOT = re.compile(r"\{\{([a-zA-Z0-9_]*)(?::(.*?))?\}\}")
EARLIEST, LATEST = 1_704_067_200, 1_793_404_800
"""Times of lines lie between 2024-01-01 and 2026-10-31, in seconds since 1970."""


@dataclass
class Context:
    """What the slots of one line share: its random generator and its time."""

    rng: object
    when: float

    @classmethod
    def start(cls, rng):
        """A context with a time of its own."""
        return cls(rng, rng.randrange(EARLIEST * 1000, LATEST * 1000) / 1000)

    def pick(self, options):
        """One of the options."""
        return options[self.rng.randrange(len(options))]

    def between(self, low, high):
        """A whole number, both ends included."""
        return self.rng.randrange(low, high + 1)

    def hex(self, digits):
        """That many hexadecimal digits."""
        return "".join(self.pick("0123456789abcdef") for _ in range(digits))

    def chance(self, share):
        """True in that share of calls."""
        return self.rng.random() < share


def syllables(c, low=2, high=3):
    """An invented word."""
    return "".join(c.pick(words.SYLLABLES) for _ in range(c.between(low, high)))


def user(c, _):
    """People, service accounts and invented names, the same for every label."""
    kind = c.between(0, 9)
    first, last = c.pick(words.FIRST_NAMES), c.pick(words.LAST_NAMES)
    if kind < 3:
        return c.pick(words.SERVICE_USERS)
    if kind < 5:
        return first
    if kind < 7:
        return c.pick(
            (f"{first}.{last}", f"{first[0]}{last}", f"{first}_{last}", f"{last}{first[0]}")
        )
    if kind < 8:
        return f"{first}{c.between(1, 99)}"
    return syllables(c, 2, 4) + c.pick(("", "", str(c.between(1, 999))))


def word(c, _):
    """A word of no consequence: half from a list, half invented."""
    return c.pick(words.WORDS) if c.chance(0.5) else syllables(c)


def integer(c, argument):
    """A whole number in LO-HI, or 0 to 9999; small and large sizes are equally likely."""
    if argument:
        low, high = (int(part) for part in argument.split("-"))
        return str(c.between(low, high))
    return str(c.between(0, c.pick((9, 99, 999, 9999))))


def choice(c, argument):
    """One of a|b|c."""
    return c.pick(argument.split("|"))


def digest(name):
    """A generator of digests of that kind."""
    return lambda c, _: hashlib.new(name, c.hex(16).encode(), usedforsecurity=False).hexdigest()


def uuid(c, _):
    """A version 4 UUID."""
    return f"{c.hex(8)}-{c.hex(4)}-4{c.hex(3)}-{c.pick('89ab')}{c.hex(3)}-{c.hex(12)}"


def file_name(c, _):
    """A file name with an extension."""
    stem = c.pick(words.FILE_STEMS) if c.chance(0.6) else word(c, None)
    number = c.pick(("", "", "", f"-{c.between(1, 999)}", f"_{c.between(1, 9)}"))
    return f"{stem}{number}.{c.pick(words.FILE_ENDS)}"


def path_unix(c, _):
    """An absolute path with two or more segments."""
    folder = c.pick(words.UNIX_DIRS)
    if folder == "/home":
        folder = f"/home/{c.pick(words.FIRST_NAMES)}"
    if c.chance(0.3):
        folder += "/" + word(c, None)
    return f"{folder}/{file_name(c, None)}"


def path_windows(c, _):
    r"""A path such as C:\Windows\Temp\name.exe."""
    folder = c.pick(words.WINDOWS_DIRS)
    if c.chance(0.3):
        folder = rf"C:\Users\{c.pick(words.FIRST_NAMES)}\{c.pick(('Desktop', 'Downloads'))}"
    return rf"{folder}\{file_name(c, None)}"


def serial(c, _):
    """A device's serial number."""
    return "".join(c.pick("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(c.between(8, 12)))


def version(c, _):
    """A dotted version."""
    return f"{c.between(0, 24)}.{c.between(0, 20)}.{c.between(0, 30)}"


def one_of(options):
    """A generator that picks from a list."""
    return lambda c, _: c.pick(options)


def number(low, high):
    """A generator of whole numbers."""
    return lambda c, _: str(c.between(low, high))


def decimal(low, high, digits):
    """A generator of decimal numbers."""
    return lambda c, _: f"{c.rng.uniform(low, high):.{digits}f}"


SLOTS = {
    "user": user,
    "admin_user": lambda c, _: c.pick(words.ADMIN_USERS) if c.chance(0.6) else user(c, _),
    "word": word,
    "int": integer,
    "choice": choice,
    "float": lambda c, _: f"{c.rng.uniform(0, c.pick((1, 10, 100, 1000))):.{c.between(1, 4)}f}",
    "hex": lambda c, argument: c.hex(int(argument)),
    "uuid": uuid,
    "guid": lambda c, _: "{" + uuid(c, _).upper() + "}",
    "md5": digest("md5"),
    "sha1": digest("sha1"),
    "sha256": digest("sha256"),
    "path_unix": path_unix,
    "path_windows": path_windows,
    "file": file_name,
    "pid": lambda c, _: str(c.between(1, c.pick((999, 32767, 4194303)))),
    "duration_ms": lambda c, _: str(c.between(0, c.pick((20, 500, 30000)))),
    "duration_s": lambda c, _: f"{c.rng.uniform(0, c.pick((2, 60, 3600))):.{c.between(0, 3)}f}",
    "bytes": lambda c, _: str(c.between(0, c.pick((999, 99999, 99999999)))),
    "size_h": lambda c, _: f"{c.between(1, 999)} {c.pick(('KiB', 'MiB', 'GiB'))}",
    "percent": number(0, 100),
    "temperature": number(18, 110),
    "service": one_of(words.SERVICES),
    "process": one_of(words.PROCESSES),
    "device": lambda c, _: c.pick(
        (f"sd{c.pick('abcdefgh')}", f"nvme{c.between(0, 3)}n1", "vda", "md0", "dm-0")
    ),
    "iface": lambda c, _: c.pick(
        (f"eth{c.between(0, 3)}", f"ens{c.between(3, 192)}", "eno1", "bond0", "wlan0", "br0")
    ),
    "country": one_of(words.COUNTRIES),
    "sql_table": one_of(words.TABLES),
    "db_name": lambda c, _: c.pick(words.WORDS) + c.pick(("", "_prod", "_dev", "db")),
    "serial": serial,
    "version": version,
    **slots_net.SLOTS,
    **slots_cloud.SLOTS,
}
NEEDS_ARGUMENT = {"choice": r".+", "hex": r"[1-9]\d{0,2}"}
TAKES_ARGUMENT = {"int": r"\d+-\d+"}


def faults(text):
    """What is wrong with the slots of a template's text."""
    found = []
    for name, argument in ((m[1], m[2]) for m in SLOT.finditer(text)):
        pattern = NEEDS_ARGUMENT.get(name) or TAKES_ARGUMENT.get(name)
        if name not in SLOTS:
            found.append(f"unknown slot {name!r}")
        elif argument is None and name in NEEDS_ARGUMENT:
            found.append(f"slot {name!r} needs an argument")
        elif argument is not None and pattern is None:
            found.append(f"slot {name!r} takes no argument, found {argument!r}")
        elif argument is not None and not re.fullmatch(pattern, argument):
            found.append(f"slot {name!r} has a malformed argument {argument!r}")
        elif name == "int" and argument and len(set(map(int, argument.split("-")))) == 2:
            low, high = map(int, argument.split("-"))
            found += [f"slot 'int' has an empty range {argument!r}"] if low > high else []
    if "{{" in SLOT.sub("", text):
        found.append("'{{' without a slot name and '}}'")
    return found


def type_of(text):
    """The text with every slot replaced by its type: what makes two templates the same."""
    return SLOT.sub(lambda m: f"<{m[1]}>", text)


def fill(text, rng, escape_json=False, context=None):
    """A line: the text with every slot filled. Values are escaped where they stand in JSON."""
    c = context or Context.start(rng)

    def value(match):
        made = SLOTS[match[1]](c, match[2])
        if match[1] == "choice" or not escape_json:
            return made
        return json.dumps(made, ensure_ascii=False)[1:-1]

    return SLOT.sub(value, text)
