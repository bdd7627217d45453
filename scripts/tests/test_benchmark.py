"""The benchmark's own arithmetic: budgets, limits, rounding, and a document that hides nothing."""

import json
import os
import tempfile
import unittest
from pathlib import Path

import numpy as np
from benchmark import budgets, limits, overload, program, quantise, render, stages, table


def figures(**changed):
    """The medians of one load."""
    return {
        "records_per_second": 40_000.0,
        "megabytes_per_second": 5.6,
        "records_per_cpu_second": 120_000.0,
        "client_cpu_share": 0.1,
        "p50": 1.0,
        "p99": 2.0,
        "p99.9": 3.0,
        "max": 4.0,
        "service_p99": 0.8,
        "resident_mib": 30.0,
        "peak_mib": 31.0,
        "errors": 0,
        "unsent": 0,
        "line_bytes": 141.0,
    } | changed


def results(engines=("native", "onnxruntime"), **changed):
    """Results as `table.measure` gives them."""
    cells = [
        {
            "engine": engine,
            "cache": "on",
            "workload": workload,
            "batch": batch,
            "command": f"bench {engine} {workload} {batch}",
            "median": figures(),
        }
        for engine in engines
        for workload in table.WORKLOADS
        for batch in table.BATCHES
    ]
    one = {"command": "bench one", "median": figures()}
    foot = {"command": "bench foot", "start_ms": 50, "slowest_start_ms": 60, "resident_mib": 30.0}
    staged = {name: 1.0 for name, _ in stages.STAGES} | {stages.WHOLE: 12.5}
    return {
        "quick": False,
        "runs": 3,
        "seconds": 500,
        "machine": {
            "processor": "a processor",
            "cores": 2,
            "memory_mib": 1024,
            "kernel": "Linux",
            "load": [0.1, 0.2, 0.3],
            "commit": "abc",
            "date": "2026-11-22 12:00 UTC",
            "binary_bytes": 10_000_000,
        },
        "refusals": {},
        "cells": cells,
        "idle": dict.fromkeys(engines, one),
        "footprint": dict.fromkeys(engines, foot),
        "coalescing": {
            engine: {"256": one, "1": {**one, "median": figures(records_per_second=10_000.0)}}
            for engine in engines
        },
        "many": {
            "command": "bench many",
            "records": 1_000_000,
            "errors": {},
            "first_mib": 30.0,
            "last_mib": 30.5,
            "max_mib": 31.0,
            "second_quarter_mib": 30.0,
            "last_quarter_mib": 30.5,
        },
        "confined": [
            {
                "cores": 0.25,
                "memory_mib": 128,
                "how": "control group quota; RLIMIT_DATA",
                "rate": 10_000,
                "seconds": 60,
                "command": "bench confined",
                "overloaded": True,
                "median": figures(),
            }
        ],
        "stages": dict.fromkeys(engines, staged),
        "stages_command": "cargo bench",
        "max_delay_ms": 1.0,
    } | changed


def verdicts(found):
    return {row["what"]: row["verdict"] for row in budgets.rows(found)}


class Budgets(unittest.TestCase):
    def test_what_is_missed_is_called_so(self):
        found = results()
        slow = next(c for c in found["cells"] if c["batch"] == 100 and c["workload"] == "unseen")
        slow["median"] = figures(records_per_cpu_second=99_999.0)
        found["footprint"]["onnxruntime"] = {**found["footprint"]["native"], "resident_mib": 64.1}
        judged = verdicts(found)
        native = next(what for what in judged if what.endswith("native") and "unseen" not in what)
        self.assertEqual(judged[native], "**not met**")
        self.assertEqual(judged["resident memory after load, onnxruntime"], "**not met**")
        self.assertEqual(judged["resident memory after load, native"], "met")
        self.assertEqual(judged["start to ready, native"], "met")
        repetitive = next(what for what in judged if "repetitive" in what)
        self.assertEqual(judged[repetitive], "**not met**", "120,000 of 400,000")

    def test_the_slower_of_the_large_batches_counts_and_small_ones_do_not(self):
        found = results()
        for cell in found["cells"]:
            rate = {1: 1.0, 10: 2.0, 100: 50_000.0, 1000: 60_000.0}[cell["batch"]]
            cell["median"] = figures(records_per_cpu_second=rate)
        self.assertEqual(budgets.rate_of(found, engine="native", workload="unseen"), 50_000.0)

    def test_an_engine_that_is_not_there_is_shown(self):
        words = 'engine.kind: expected one of auto, onnxruntime, found "native"'
        found = results(engines=("onnxruntime",), refusals={"engine native": words})
        judged = verdicts(found)
        self.assertEqual(judged["start to ready, native"], "not available")
        text = render.document(found)
        self.assertIn("Not available in this build: engine native", text)
        self.assertIn(words, text)

    def test_growth_to_the_last_quarter_is_growth(self):
        found = results()
        found["many"]["last_quarter_mib"] = 31.5
        self.assertEqual(verdicts(found)["memory over 1,000,000 records"], "**not met**")


class Overload(unittest.TestCase):
    def test_rounds_give_the_usual_rate_and_the_worst_of_the_rest(self):
        def one(rate, of_best, p99, refused):
            errors = {"429": refused} if refused else {}
            return {
                "records_per_second": rate,
                "of_best": of_best,
                "p99": p99,
                "errors": errors,
                "peak_mib": 50.0,
                "health_ms": 5.0,
                "health_asked": 10,
                "health_failed": 0,
                "command": "bench over",
                "due": 400,
                "refused": refused,
            }

        rounds = [one(100, 0.9, 20, 3), one(300, 0.95, 10, 0), one(90, 0.5, 15, 4)]
        merged = overload.merged(rounds)
        self.assertEqual((merged["records_per_second"], merged["of_best"]), (100, 0.9))
        self.assertEqual((merged["p99"], merged["errors"], merged["refused"]), (20, {"429": 7}, 7))
        self.assertEqual(merged["health_asked"], 30)
        found = results(overload={"how": "a quota", "best": merged, "loads": [merged]})
        found["overload"] |= {"times": (4,), "seconds": 5, "rounds": 3}
        goodput = "goodput at 4 times the capacity, of its best"
        self.assertEqual(verdicts(found)[goodput], "met")
        self.assertIn("\n## More than it can do\n", render.document(found))
        found["overload"]["loads"] = [merged | {"of_best": 0.89}]
        self.assertEqual(verdicts(found)[goodput], "**not met**")


class Document(unittest.TestCase):
    def test_every_section_and_every_command_is_there(self):
        quantised = {
            "lines": 5400,
            "nodes": 36_942,
            "forms": [
                {
                    "form": "float32",
                    "packed_bytes": 1000,
                    "decisions_changed": 0,
                    "forward_changed": 0,
                    "largest_difference": 0.0,
                }
            ],
        }
        text = render.document(results(), quantised)
        for title in (
            *("Budgets", "Throughput over HTTP", "One record a request", "Memory and start"),
            *("Under limits", "Stages", "Rounded models"),
        ):
            self.assertIn(f"\n## {title}\n", text)
        for command in ("bench one", "bench foot", "bench many", "bench confined", "cargo bench"):
            self.assertIn(f"    {command}\n", text)
        self.assertIn("4.00 times", text)
        self.assertIn("| sum | 10.00 |", text)
        self.assertIn("| explained by the sum | 80% |", text)

    def test_a_quick_run_says_so(self):
        self.assertIn("quick run", render.document(results(quick=True)))

    def test_it_can_be_written_again_from_what_is_kept(self):
        kept = json.loads(json.dumps(results()))
        self.assertEqual(render.document(kept), render.document(results()))


class Programs(unittest.TestCase):
    def program(self, script):
        path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "program.py"
        path.write_text("#!/usr/bin/env python3\nimport os, sys\n" + script, "utf-8")
        path.chmod(0o755)
        return path

    def test_refused_settings_are_not_available_and_failures_are_errors(self):
        refuses = self.program("print('no such engine', file=sys.stderr); sys.exit(64)\n")
        with self.assertRaisesRegex(program.NotAvailable, "no such engine"):
            program.bench([], {"engine.kind": "native"}, refuses)
        fails = self.program("print('a wrong answer', file=sys.stderr); sys.exit(1)\n")
        with self.assertRaisesRegex(program.BenchError, "a wrong answer"):
            program.bench([], {}, fails)

    def test_only_the_given_settings_reach_the_program(self):
        os.environ["LOGTRIAGE__ENGINE__WORKERS"] = "7"
        self.addCleanup(os.environ.pop, "LOGTRIAGE__ENGINE__WORKERS")
        script = (
            "import json\n"
            "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('LOGTRIAGE_')}))\n"
        )
        seen = program.bench([], {"cache.enabled": "false"}, self.program(script))
        self.assertEqual(seen, {"LOGTRIAGE__CACHE__ENABLED": "false"})

    def test_the_delay_is_read_from_the_configuration(self):
        self.assertEqual(table.max_delay_ms("batch:\n  max_delay: 1ms\n"), 1.0)
        self.assertEqual(table.max_delay_ms("batch:\n  max_delay: 500us\n"), 0.5)
        self.assertEqual(table.max_delay_ms("batch:\n  max_records: 256\n"), 0.0)

    def test_estimates_are_microseconds_a_record(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in [f"stage/{stage}" for stage, _ in stages.STAGES] + [stages.WHOLE]:
            path = folder / name / "new" / "estimates.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({"median": {"point_estimate": 2_048_000.0}}))
        self.assertEqual(set(stages.read(folder).values()), {2.0})
        (folder / "stage/read/new/estimates.json").unlink()
        with self.assertRaisesRegex(program.BenchError, "make bench-stages"):
            stages.read(folder)


class Limits(unittest.TestCase):
    def test_a_group_that_somebody_else_manages_is_left_alone(self):
        groups = limits.own_groups("4:memory:/manager/x\n2:cpuacct,cpu:/\n1:name=systemd:/\n0::/\n")
        cpu, memory = limits.candidates(groups, Path("/nowhere"))
        self.assertIsNone(memory)
        self.assertEqual(cpu[0].parent, Path("/nowhere/cpu"))

    def test_version_2_has_one_group_for_both(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (root / "cgroup.controllers").write_text("cpu memory\n")
        cpu, memory = limits.candidates(limits.own_groups("0::/\n"), root)
        self.assertEqual(cpu[0], memory[0])
        values = {"quota": 25_000, "period": 100_000, "memory": 2**27}
        self.assertIsNotNone(limits.make(cpu, values))
        limits.make(memory, values)
        self.assertEqual((cpu[0] / "cpu.max").read_text(), "25000 100000")
        self.assertEqual((cpu[0] / "memory.max").read_text(), "134217728")
        self.assertIsNone(limits.make((root / "no/such", {}), values))


class Rounding(unittest.TestCase):
    def test_order_is_kept(self):
        values = np.sort(np.random.default_rng(1).normal(size=5_000).astype(np.float32))
        for rounded in (quantise.to_float16(values), quantise.to_levels(values)):
            self.assertTrue((np.diff(rounded) >= 0).all())
            self.assertLess(np.abs(rounded - values).mean(), 0.01)
        self.assertLessEqual(len(np.unique(quantise.to_levels(values))), 256)

    def test_few_values_stay_and_columns_have_their_own_levels(self):
        few = np.array([0.5, 1.5, 0.5], dtype=np.float32)
        self.assertEqual(quantise.to_levels(few).tolist(), few.tolist())
        values = np.array([0.1, 0.2, 100.0, 200.0], dtype=np.float32)
        rounded = quantise.by_column(
            values, np.array([0, 0, 1, 1]), lambda v: quantise.to_levels(v, levels=2)
        )
        self.assertEqual(rounded.tolist(), values.tolist())

    def test_a_rounded_graph_keeps_its_shape(self):
        data = (quantise.BUNDLE / "classifier.onnx").read_bytes()
        rounded = quantise.rounded_graph(data, quantise.to_float16)
        self.assertEqual(quantise.count_nodes(rounded), quantise.count_nodes(data))
        self.assertNotEqual(rounded, data)
