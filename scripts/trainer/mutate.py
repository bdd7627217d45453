"""Lines that no template would give: to test parity far away from the training data."""

from trainer import words
from trainer.generate import line, record

STRANGE = (
    "",
    " ",
    "\t",
    ".",
    "-",
    "0",
    "a",
    "ERROR",
    "ok",
    "null",
    "{}",
    "[]",
    '{"a":',
    "CEF:0|",
    "<34>1 ",
    "<999>x",
    "LEEF:2.0|a|b|1|2|^|",
    "=",
    "a=",
    '"',
    "\u0000",
    "\ufeffhello",
    "ünïcödé Fehler: Gerät",
    "ошибка входа пользователя root",
    "ログイン失敗 ユーザー admin",
    "登录失败 用户 root",
    "🔥 disk /dev/sda1 is full 🔥",
    "e\u0301chec d'authentification",
    "x" * 41,
    "A" * 500,
    "1.2.3.4",
    "::1",
    "%s%n%x",
    "' OR 1=1 --",
    "\\x00\\x01\\x02",
    "a" * 5000,
    "error " * 2000,
    "failed password " * 1000,
    "9" * 3000,
    "word \u2028 separator",
    "tab\tseparated\tvalues\t1\t2",
)


def drop_words(rng, text):
    """The text without about a quarter of its words."""
    return " ".join(word for word in text.split(" ") if rng.random() > 0.25)


def shuffle_words(rng, text):
    """The same words in another order."""
    parts = text.split(" ")
    rng.shuffle(parts)
    return " ".join(parts)


def cut(rng, text):
    """A part of the text."""
    start = rng.randrange(len(text) // 2 + 1)
    return text[start : start + 1 + rng.randrange(len(text) - start + 1)]


def spoil_characters(rng, text):
    """The text with some characters replaced."""
    made = list(text)
    for _ in range(1 + len(made) // 20):
        made[rng.randrange(len(made))] = chr(rng.choice((rng.randrange(32, 127), 0xE9, 0x4E2D)))
    return "".join(made)


def invent(rng, _):
    """Words of no template."""
    pool = (*words.WORDS, *words.SERVICES, *words.FILE_STEMS, *words.PROCESSES, *words.URL_PARTS)
    return " ".join(rng.choice(pool) for _ in range(rng.randrange(1, 40)))


SINGLE = (drop_words, shuffle_words, cut, spoil_characters, invent)


def records(templates, rng, seed, count):
    """`count` records: changed lines, pairs of lines of different templates, and noise."""
    made = [record(text) for text in STRANGE if text.strip()]
    while len(made) < count:
        first = line(rng.choice(templates), seed, rng.randrange(1000)).message
        kind = rng.randrange(len(SINGLE) + 1)
        if kind < len(SINGLE):
            text = SINGLE[kind](rng, first)
        else:
            text = first + " " + line(rng.choice(templates), seed, rng.randrange(1000)).message
        if text.strip():
            made.append(record(text, rng.choice((None, None, "app", "sshd", "kernel"))))
    return made[:count]
