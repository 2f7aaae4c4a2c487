"""The command line of conformance programs, of aether_check and of ./kit: exit codes, texts, reports."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "conformance/report.schema.json").read_text())
TIME_LIMIT = 120  # seconds, for one program

programs = None  # the arguments of this script: paths of the programs


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

    def misbehave(self, mode, *options, exit_code=2):
        store = self.judge(
            programs.misbehaving, "--rules", "VER", *options, exit_code=exit_code, AETHER_MISBEHAVE=mode
        )
        return {rule["id"]: rule for rule in store["rules"]}

    def assert_only_ver_07(self, rules, verdict):
        self.assertEqual(rules["VER-07"]["verdict"], verdict)
        others = [rule for rule in rules.values() if rule["id"] != "VER-07"]
        self.assertEqual(len(others), 7)
        self.assertEqual({rule["verdict"] for rule in others}, {"passed"})


class Usage(CommandLineTest):
    def test_unknown_option_is_refused(self):
        self.assert_refused(run(programs.memory, "--frobnicate"), "--frobnicate")

    def test_unknown_profile_is_refused(self):
        self.assert_refused(run(programs.memory, "--profile", "huge"), "--profile")

    def test_seed_that_is_no_number_is_refused(self):
        for seed in ("abc", "-1", "1x", "18446744073709551616"):
            done = run(programs.memory, f"--seed={seed}")
            self.assert_refused(done, "is not a number from 0 to 2^64 - 1")

    def test_largest_seed_is_taken(self):
        store = self.judge(programs.memory, "--rules", "VER-04", "--seed", "18446744073709551615")
        self.assertEqual(store["seed"], 18446744073709551615)

    def test_selection_of_nothing_is_refused(self):
        for rules in ("NOPE", "VER,NOPE-01", "ver"):
            self.assert_refused(run(programs.memory, "--rules", rules), "no rule begins with")

    def test_selection_of_which_the_store_offers_nothing_is_no_pass(self):
        store = self.judge(programs.memory, "--rules", "RET,NS", exit_code=2)
        self.assertEqual(store["totals"]["not_offered"], len(store["rules"]))

    def test_selection_picks_by_prefix(self):
        store = self.judge(programs.memory, "--rules", "SNAP-0,IMM-03")
        self.assertEqual(store["rules"][0]["id"], "IMM-03")
        self.assertEqual({rule["area"] for rule in store["rules"]}, {"IMM", "SNAP"})

    def test_report_directory_that_cannot_be_written_is_told(self):
        (self.directory / "file").write_text("in the way")
        done = run(programs.memory, "--rules", "VER-04", "--report", self.directory / "file" / "report")
        self.assert_refused(done, "cannot make the report directory")

    def test_help_is_no_error(self):
        done = run(programs.memory, "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("--profile", done.stdout)


class Verdicts(CommandLineTest):
    def test_store_that_cannot_be_opened_is_errored(self):
        rules = self.misbehave("cannot_open")
        self.assertEqual({rule["verdict"] for rule in rules.values()}, {"errored"})
        self.assertIn("the door is locked", rules["VER-01"]["message"])
        self.assertEqual(self.text.count("the door is locked"), 1, "told once is enough")

    def test_store_that_aborts_is_errored_and_the_run_goes_on(self):
        rules = self.misbehave("abort")
        self.assert_only_ver_07(rules, "errored")
        message = rules["VER-07"]["message"]
        self.assertRegex(message, "died of Aborted; it was in .*SaveEvent.*9223372036854775807")

    def test_store_that_hangs_is_errored_and_the_run_goes_on(self):
        rules = self.misbehave("hang", "--call-limit", "2")
        self.assert_only_ver_07(rules, "errored")
        message = rules["VER-07"]["message"]
        self.assertRegex(message, "did not return within 2 s; it was in .*SaveEvent.*9223372036854775807")

    def test_store_that_is_unavailable_is_inconclusive(self):
        rules = self.misbehave("unavailable")
        self.assert_only_ver_07(rules, "inconclusive")
        self.assertIn("out for lunch", rules["VER-07"]["message"])

    def test_store_that_breaks_a_rule_fails_with_what_a_person_needs(self):
        rules = self.misbehave("lose", exit_code=1)
        self.assert_only_ver_07(rules, "failed")
        self.assertIn("9223372036854775807", "\n".join(rules["VER-07"]["counterexample"]))
        for text in ("FAILED  VER-07 (MUST)", "least case:", "check", rules["VER-07"]["replay"]):
            self.assertIn(text, self.text)

    def test_replay_command_fails_in_the_same_way(self):
        first = self.misbehave("lose", "--seed", "7", exit_code=1)["VER-07"]
        done = run(*first["replay"].split(), AETHER_MISBEHAVE="lose")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("\n    ".join(["  least case:", *first["counterexample"]]), done.stdout)


class Reports(CommandLineTest):
    def test_same_seed_and_profile_give_the_same_report(self):
        def without_times(store):
            for part in (store, *store["rules"]):
                del part["seconds"]
            return store

        for seed in ("1", "42"):
            first = without_times(self.judge(programs.memory, "--seed", seed))
            self.assertEqual(first, without_times(self.judge(programs.memory, "--seed", seed)))

    def test_totals_count_the_verdicts(self):
        store = self.judge(
            programs.misbehaving, "--rules", "VER,RET", exit_code=2, AETHER_MISBEHAVE="abort"
        )
        self.assertEqual(
            store["totals"], {"passed": 7, "failed": 0, "not_offered": 2, "inconclusive": 0, "errored": 1}
        )

    def test_junit_says_the_same_as_the_report(self):
        for mode, exit_code in (("abort", 2), ("lose", 1), ("", 0)):
            store = self.judge(
                programs.misbehaving, "--rules", "VER,RET", exit_code=exit_code, AETHER_MISBEHAVE=mode
            )
            suite = ElementTree.parse(self.directory / "report/junit.xml").getroot().find("testsuite")
            totals = store["totals"]
            self.assertEqual(int(suite.get("tests")), len(store["rules"]))
            for attribute, element, count in (
                ("failures", "failure", totals["failed"]),
                ("errors", "error", totals["errored"] + totals["inconclusive"]),
                ("skipped", "skipped", totals["not_offered"]),
            ):
                self.assertEqual(int(suite.get(attribute)), count)
                self.assertEqual(len(suite.findall(f"testcase/{element}")), count)
            names = [case.get("name").split()[0] for case in suite.findall("testcase")]
            self.assertEqual(names, [rule["id"] for rule in store["rules"]])

    def test_schema_refuses_a_damaged_report(self):
        store = self.judge(programs.memory, "--rules", "VER-04")
        validator = jsonschema.Draft202012Validator(SCHEMA)
        for damage in ({"seed": -1}, {"profile": "huge"}, {"rules": []}, {"totals": {}}, {"mood": "good"}):
            self.assertFalse(validator.is_valid({"stores": [{**store, **damage}]}), damage)


class SideBySide(CommandLineTest):
    def check(self, *options, **environment):
        return run(programs.check, "--profile", "quick", "--rules", "VER", *options, **environment)

    def test_stores_are_merged_into_one_report_and_the_worst_decides(self):
        report = self.directory / "merged"
        done = self.check(
            "--program", f"memory={programs.memory}", "--program", f"misbehaving={programs.misbehaving}",
            "--report", report, AETHER_MISBEHAVE="lose", AETHER_REPLAY="./kit check",
        )  # fmt: skip
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        content = json.loads((report / "report.json").read_text())
        jsonschema.Draft202012Validator(SCHEMA).validate(content)
        self.assertEqual([store["store"] for store in content["stores"]], ["memory", "misbehaving"])
        self.assertEqual(content["stores"][0]["totals"]["passed"], 8)
        self.assertIn("./kit check misbehaving --rules VER-07 --seed 1 --profile quick", done.stdout)

    def test_program_without_a_report_is_told_and_the_others_are_judged(self):
        done = self.check("--program", "broken=/bin/false", "--program", f"memory={programs.memory}")
        self.assert_refused(done, "broken: no report; the program ended with exit code 1")
        self.assertRegex(done.stdout, r"VER +8/8")

    def test_wrong_options_are_refused(self):
        self.assert_refused(run(programs.check), "--program")
        self.assert_refused(run(programs.check, "--program", "memory"), "is not NAME=PATH")
        self.assert_refused(self.check("--rules", "NOPE", "--program", "memory=x"), "no rule begins with")


class Kit(CommandLineTest):
    def kit(self, *words, **environment):
        return run(ROOT / "kit", *words, **environment)

    def test_unknown_words_are_refused(self):
        self.assert_refused(self.kit("frobnicate"), 'no command "frobnicate"')
        self.assert_refused(self.kit("check", "postgres"), 'no store "postgres"')
        self.assert_refused(self.kit("check", "--frobnicate"), 'no option "--frobnicate"')
        self.assert_refused(self.kit("test", "--slow"), 'no option "--slow"')
        self.assert_refused(self.kit(), "Usage:")

    def test_values_without_sense_are_refused_before_anything_is_built(self):
        for option, value, text in (
            ("--profile", "huge", "is not one of"),
            ("--seed", "abc", "is not a number"),
            ("--call-limit", "0", "is not a number of seconds"),
            ("--patience", "soon", "is not a number of seconds"),
            ("--rules", "NOPE", "no rule begins with"),
            ("--rules", "ver", "no rule begins with"),
            ("--rules", ",", "nothing is selected"),
            ("--report", "/proc/nowhere", "cannot write into"),
        ):
            self.assert_refused(self.kit("check", option, value), text)
            self.assert_refused(self.kit("check", f"{option}={value}"), text)
            self.assert_refused(self.kit("check", option), "needs a value")

    def test_help_lists_every_option_of_the_conformance_programs(self):
        done = self.kit("help")
        self.assertEqual(done.returncode, 0)
        for word in run(programs.memory, "--help").stdout.split():
            if word.startswith("--") and word != "--help":
                self.assertIn(word, done.stdout)

    def fake(self, program, script):
        path = self.directory / program
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def test_apt_that_fails_is_told(self):
        self.fake("dpkg-query", "exit 1")
        self.fake("apt-get", 'echo "E: no network for $*"; exit 100')
        self.fake("sudo", 'while [ "$1" = -n ]; do shift; done; exec "$@"')
        done = self.kit("check", "memory", PATH=f"{self.directory}:{os.environ['PATH']}")
        self.assert_refused(done, "apt-get could not install g++ cmake")
        self.assertIn("E: no network for", done.stderr)
        self.assertNotIn("nats-server", done.stderr)

    def test_missing_tools_are_listed_where_there_is_no_apt(self):
        # A PATH that has what the script itself uses and nothing else.
        for tool in ("bash", "env", "dirname", "nproc", "grep", "mkdir"):
            (self.directory / tool).symlink_to(shutil.which(tool))
        done = self.kit("check", "memory", PATH=str(self.directory))
        self.assert_refused(done, "there is no g++")
        self.assertIn("librapidcheck-dev", done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("memory", "misbehaving", "check"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    programs, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
