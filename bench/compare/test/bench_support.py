"""What the tests of aether_bench share: fake programs, and running it on them."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "bench/bench.schema.json").read_text())
FAKE = pathlib.Path(__file__).with_name("fake_bench.py")
TIME_LIMIT = 120  # seconds, for one run

programs = argparse.Namespace()

TITLES = {"append": "Append, distinct actors", "replay": "Replay", "latest": "Latest version"}


def wait_until(condition):
    deadline = time.monotonic() + TIME_LIMIT
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def benchmark(name, per_second, durability="device", limit=None, **counters):
    """One line of --list, with what is to be measured: "file/append/threads:8"."""
    store, workload, *rest = name.split("/")
    parameter, value = rest[0].split(":") if rest else (None, None)
    return {
        "name": name,
        "store": store,
        "durability": durability,
        "workload": workload,
        "parameter": parameter,
        "value": value and int(value),
        "title": TITLES.get(workload, workload),
        "unit": "events",
        "limit": limit,
        "per_second": per_second,
        "counters": counters,
    }


LATENCY = {"p50_us": 100, "p99_us": 250, "max_us": 900}


def appends(store, speed=10000, **options):
    return [benchmark(f"{store}/append/threads:{n}", speed * n, **options, **LATENCY) for n in (1, 8, 64)]


class BenchTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.report = self.directory / "report"
        self.options = []

    def add(self, name, benchmarks, baseline=False, **spec):
        """Adds a program to the run. Answers its path."""
        program = ("baseline-" if baseline else "") + name
        path = self.directory / program
        spec.update(program=program, benchmarks=benchmarks, log=str(self.directory / "log.txt"))
        spec.setdefault("seed", program)
        (self.directory / f"{program}.json").write_text(json.dumps(spec))
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "{path}.json" "$@"\n')
        path.chmod(0o755)
        self.options += ["--baseline-program" if baseline else "--program", f"{name}={path}"]
        return path

    def command(self, *options):
        return [str(word) for word in (programs.bench, *self.options, *options)]

    def run_bench(self, *options, exit_code=0, **environment):
        """Runs with --report. Answers what it printed; bench.json is in self.bench."""
        done = subprocess.run(
            self.command("--report", self.report, "--scratch", self.directory, *options),
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            env={**os.environ, **environment},
            check=False,
        )
        self.error = done.stderr
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        self.read_report()
        return done.stdout

    def read_report(self):
        self.bench = json.loads((self.report / "bench.json").read_text())
        jsonschema.Draft202012Validator(SCHEMA).validate(self.bench)
        self.figures = {figure["name"]: figure for figure in self.bench["figures"]}

    def refuse(self, text, *options):
        """The run ends with 2 before it measures anything, and says `text`."""
        done = subprocess.run(
            self.command(*options), capture_output=True, text=True, timeout=TIME_LIMIT, check=False
        )
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn(text, done.stderr)
        self.assertFalse((self.directory / "log.txt").exists(), "something was measured")

    def log(self):
        return [line.split(" ") for line in (self.directory / "log.txt").read_text().splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", required=True, type=pathlib.Path)
    _, rest = parser.parse_known_args(namespace=programs)
    unittest.main(module="__main__", argv=[sys.argv[0], *rest])
