"""Generated lines: every slot is filled, the same seed gives the same line."""

import ipaddress
import json
import unittest

from trainer import generate, slots
from trainer.common import LABELS, seeded
from trainer.corpus import Template

ARGUMENTS = {"choice": "one|two", "hex": "12", "int": "5-9"}


def template(name="demo-a", form="syslog", text="user {{user}} from {{ipv4}}", severity=None):
    """A template for a test."""
    return Template(name, "demo", "app", LABELS[2], form, "demo", severity, "reason", text)


class FillsSlots(unittest.TestCase):
    """Each slot of the closed list gives one line of text."""

    def test_every_slot_gives_text(self):
        for name in slots.SLOTS:
            written = "{{" + name + (f":{ARGUMENTS[name]}" if name in ARGUMENTS else "") + "}}"
            made = [slots.fill(written, seeded("test", name, i)) for i in range(60)]
            with self.subTest(name):
                self.assertEqual(slots.faults(written), [])
                self.assertTrue(all(text and "\n" not in text for text in made))
                self.assertNotIn("{{", "".join(made))
                self.assertGreater(len(set(made)), 1)

    def test_addresses_are_for_documentation(self):
        nets = [
            ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
        ]
        for i in range(200):
            public = ipaddress.ip_address(slots.fill("{{ipv4_public}}", seeded(i)))
            self.assertTrue(any(public in net for net in nets))
            self.assertTrue(
                ipaddress.ip_address(slots.fill("{{ipv4_private}}", seeded(i))).is_private
            )
            ipaddress.IPv6Address(slots.fill("{{ipv6}}", seeded(i)))

    def test_values_are_escaped_in_json(self):
        text = '{"path":"{{path_windows}}","user":"{{user}}"}'
        for i in range(50):
            self.assertIn("\\", json.loads(slots.fill(text, seeded(i), escape_json=True))["path"])

    def test_int_keeps_its_range(self):
        made = {int(slots.fill("{{int:3-5}}", seeded(i))) for i in range(100)}
        self.assertEqual(made, {3, 4, 5})


class GeneratesTheSame(unittest.TestCase):
    """A line depends on seed, template id and index alone."""

    def test_same_seed_same_lines(self):
        one = generate.expand([template("a"), template("b")])
        two = generate.expand([template("b"), template("a")])
        self.assertEqual({line.message for line in one}, {line.message for line in two})
        other = generate.expand([template("a")], "another seed")
        self.assertFalse({line.message for line in one} & {line.message for line in other})

    def test_known_line(self):
        line = generate.line(template(form="plain"), "fixed", 0)
        self.assertEqual(line.message, generate.line(template(form="plain"), "fixed", 0).message)

    def test_syslog_lines_take_every_form(self):
        messages = [line.message for line in generate.lines_of(template(severity=2), "forms", 10)]
        self.assertEqual(sum(m.startswith("<") and ">1 " in m for m in messages), 2)
        self.assertEqual(sum(m.startswith("<") and ">1 " not in m for m in messages), 2)
        self.assertEqual(sum(m.startswith("user ") for m in messages), 2)
        priorities = [int(m[1 : m.index(">")]) for m in messages if m.startswith("<")]
        self.assertTrue(all(value % 8 == 2 for value in priorities))


if __name__ == "__main__":
    unittest.main()
