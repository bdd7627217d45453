"""The corpus reader refuses what would spoil a model, and says where."""

import tempfile
import unittest
from pathlib import Path

from trainer import corpus, features, generate, slots
from trainer.common import TrainerError

GOOD = """
product: demo
vendor: Demo
group: app
source: demo
format: syslog
about: made for a test
basis: ['severity definition of RFC 5424']
templates:
  - {id: demo-a, label: routine, reason: it works, template: "user {{user}} logged in"}
  - {id: demo-b, label: critical, severity: crit, reason: it fails, template: "disk {{device}} failed"}
"""


def faults_of(text, name="demo"):
    """Faults of a corpus of one product file."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{name}.yaml").write_text(text, "utf-8")
        return corpus.read_with_faults(folder)[1]


class ReadsCorpus(unittest.TestCase):
    """Good files are read, each fault is found."""

    def test_good_file_has_no_faults(self):
        self.assertEqual(faults_of(GOOD), [])

    def test_faults_name_file_template_and_cause(self):
        cases = {
            "unknown slot 'usr'": GOOD.replace("{{user}}", "{{usr}}"),
            "demo-b: missing reason": GOOD.replace("reason: it fails", "reason: ''"),
            "expected a label of": GOOD.replace("label: critical", "label: bad"),
            "expected at least two labels": GOOD.replace("label: critical", "label: routine"),
            "unknown key 'lable'": GOOD.replace("label: critical", "lable: critical"),
            "same text as demo.yaml: demo-a": GOOD.replace(
                "disk {{device}} failed", "user {{user}} logged in"
            ),
            "the id is used 2 times": GOOD.replace("id: demo-b", "id: demo-a"),
            "expected one line": GOOD.replace("disk {{device}}", "disk\\n{{device}}"),
            "is not JSON": GOOD.replace("reason: it fails", "reason: it fails, format: json"),
            "expected CEF:0|": GOOD.replace("reason: it fails", "reason: it fails, format: cef"),
            "expected a severity of": GOOD.replace("severity: crit", "severity: worse"),
        }
        for expected, text in cases.items():
            with self.subTest(expected):
                found = faults_of(text)
                self.assertTrue(any(expected in fault for fault in found), found)
                self.assertTrue(all("demo.yaml" in fault or "used" in fault for fault in found))

    def test_a_slot_needs_a_type(self):
        for slot in ("{{}}", "{{:5}}"):
            found = faults_of(GOOD.replace("{{user}}", slot))
            self.assertTrue(any("demo-a" in fault for fault in found), (slot, found))

    def test_lines_that_masks_make_equal_need_one_label(self):
        one, other = (
            corpus.Template(f"demo-{label}", "demo", "app", label, "plain", "demo", None, "", "")
            for label in ("routine", "critical")
        )
        lines = [generate.Line(template, 0, "", None) for template in (one, one, other)]
        seen = [features.Features("plain", "", (word, "<num>"), ()) for word in ("up", "off", "up")]
        found = corpus.masked_faults(lines, seen)
        self.assertEqual(len(found), 1)
        self.assertIn("demo-critical: same words as demo.yaml: demo-routine", found[0])
        with self.assertRaisesRegex(TrainerError, "1 faults"):
            corpus.check_masked(lines, seen)
        self.assertEqual(corpus.masked_faults(lines[:2], seen[:2]), [])

    def test_product_is_named_as_its_file(self):
        self.assertTrue(any("expected product 'other'" in f for f in faults_of(GOOD, "other")))

    def test_faults_stop_reading(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "demo.yaml").write_text("- nothing", "utf-8")
            with self.assertRaisesRegex(TrainerError, "1 faults"):
                corpus.read(folder)


class KnowsSlots(unittest.TestCase):
    """The list of slots is closed and their arguments are checked."""

    def test_faults_of_slots(self):
        for text in (
            "{{nothing}}",
            "{{choice}}",
            "{{int:5}}",
            "{{int:9-1}}",
            "{{hex:x}}",
            "{{user:a}}",
            "{{",
            "{{ user }}",
        ):
            with self.subTest(text):
                self.assertNotEqual(slots.faults(text), [])
        self.assertEqual(slots.faults('{"a":{"b":{{int:1-5}}}} {{choice:a|b c|{x}}'), [])


if __name__ == "__main__":
    unittest.main()
