"""What the tests of the command line share: running programs, and looking at their reports."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "conformance/report.schema.json").read_text())
TIME_LIMIT = 400  # seconds, for one program on a busy machine

programs = argparse.Namespace()  # the arguments of the script: paths of the programs


def run(*command, **environment):
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        env={**os.environ, **environment},
        check=False,
    )


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def assert_refused(self, done, text):
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn(text, done.stderr)

    def junit(self):
        """The test cases of the last report, by the ids of their rules: what each holds, or None."""
        suite = ElementTree.parse(self.directory / "report/junit.xml").getroot().find("testsuite")
        return {
            case.get("name").split()[0]: case[0] if len(case) else None for case in suite.findall("testcase")
        }

    def judge(self, program, *options, exit_code=0, **environment):
        """Runs a conformance program and answers its report, of one store."""
        report = self.directory / "report"
        done = run(program, "--profile", "quick", "--report", report, *options, **environment)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        self.text = done.stdout
        with open(report / "report.json", encoding="utf-8") as file:
            content = json.load(file)
        jsonschema.Draft202012Validator(SCHEMA).validate(content)
        return content["stores"][0]

    def misbehave(self, mode, *options, exit_code=2, **environment):
        environment["AETHER_MISBEHAVE"] = mode
        store = self.judge(
            programs.misbehaving, "--rules", "VER", *options, exit_code=exit_code, **environment
        )
        return {rule["id"]: rule for rule in store["rules"]}

    def assert_only_ver_07(self, rules, verdict):
        self.assertEqual(rules["VER-07"]["verdict"], verdict)
        others = [rule for rule in rules.values() if rule["id"] != "VER-07"]
        self.assertEqual(len(others), 7)
        self.assertEqual({rule["verdict"] for rule in others}, {"passed"})


def main():
    parser = argparse.ArgumentParser()
    for name in ("memory", "misbehaving", "check", "compare", "rules", "selftest"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    _, rest = parser.parse_known_args(namespace=programs)
    unittest.main(module="__main__", argv=[sys.argv[0], *rest])
