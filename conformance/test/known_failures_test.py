"""Lists of known failures, and rules of level SHOULD: what of a failure fails the run, and what does not."""

import json

import jsonschema

from command_line import ROOT, CommandLineTest, main, programs, run

KNOWN_FAILURES_SCHEMA = json.loads((ROOT / "conformance/known-failures.schema.json").read_text())


class KnownFailures(CommandLineTest):
    def known(self, *entries):
        path = self.directory / "known.json"
        content = {"known_failures": list(entries)}
        jsonschema.Draft202012Validator(KNOWN_FAILURES_SCHEMA).validate(content)
        path.write_text(json.dumps(content))
        return path

    def lose(self, known, *options, exit_code):
        rules = self.misbehave("lose", "--known-failures", known, *options, exit_code=exit_code)
        return rules, self.junit()

    def test_known_failure_does_not_fail_the_run(self):
        known = self.known({"rule": "VER-07", "reason": "issue 12", "store": "misbehaving"})
        rules, cases = self.lose(known, exit_code=0)
        self.assert_only_ver_07(rules, "failed")
        self.assertEqual(rules["VER-07"]["known_failure"], "issue 12")
        self.assertIn("KNOWN FAILURE  VER-07 (MUST)", self.text)
        self.assertRegex(self.text, r"VER +7/8 1 known failure\n")
        self.assertEqual(cases["VER-07"].tag, "skipped")
        self.assertEqual(cases["VER-07"].get("message"), "known failure: issue 12")
        page = (self.directory / "report/index.html").read_text()
        self.assertIn("No new failure: 1 rule fails, as is known", page)

    def test_known_failure_that_passes_fails_the_run(self):
        known = self.known(
            {"rule": "VER-07", "reason": "issue 12"}, {"rule": "VER-03", "reason": "was once so"}
        )
        rules, cases = self.lose(known, exit_code=1)
        text = f"VER-03 is listed as a known failure and passes: remove it from {known}"
        self.assertEqual(rules["VER-03"]["stale_entry"], text)
        page = (self.directory / "report/index.html").read_text()
        self.assertIn("Fails: 1 rule listed as a known failure does not fail; 1 rule fails, as is known", page)
        self.assertIn(f"misbehaving: {text}\n", self.text)
        self.assertEqual(cases["VER-03"].tag, "failure")
        self.assertEqual(cases["VER-03"].get("message"), text)

    def test_known_failure_that_is_not_offered_fails_the_run(self):
        known = self.known({"rule": "NS-01", "reason": "never worked"})
        rules, _ = self.lose(known, "--rules", "NS-01,VER-01", exit_code=1)
        self.assertIn("is not offered, so that it cannot fail", rules["NS-01"]["stale_entry"])

    def test_known_failure_without_a_verdict_ends_with_2(self):
        known = self.known({"rule": "VER-07", "reason": "issue 12"})
        rules = self.misbehave("abort", "--known-failures", known, exit_code=2)
        self.assert_only_ver_07(rules, "errored")

    def test_entries_for_other_stores_and_other_rules_are_not_judged(self):
        known = self.known(
            {"rule": "VER-03", "reason": "elsewhere", "store": "file"},
            {"rule": "IMM-01", "reason": "not selected"},
            {"rule": "VER-07", "reason": "issue 12"},
        )
        rules, _ = self.lose(known, exit_code=0)
        self.assertNotIn("known_failure", rules["VER-03"])

    def test_known_failure_of_level_should_has_to_fail_as_well(self):
        known = self.known({"rule": "INV-01", "reason": "as designed"})
        options = ("--rules", "INV-01", "--known-failures", known)
        self.judge(programs.misbehaving, *options, AETHER_MISBEHAVE="lax")
        self.judge(programs.misbehaving, *options, "--strict", AETHER_MISBEHAVE="lax")
        self.judge(programs.misbehaving, *options, exit_code=1)

    def test_file_that_is_not_what_it_has_to_be_is_refused(self):
        entry = {"rule": "VER-07", "reason": "issue 12"}
        for content, text in (
            ("{", "is not JSON"),
            ("[]", 'is not of the form {"known_failures": [...]}'),
            ('{"known_failures": {}}', 'is not of the form {"known_failures": [...]}'),
            ('{"known_failures": [], "known_failures": []}', "stands twice in one object"),
            ({"known_failures": [], "mood": "good"}, 'the file has the unknown key "mood"'),
            ({"known_failures": [7]}, "entry 1 is not an object"),
            ({"known_failures": [{"reason": "x"}]}, 'entry 1 has no "rule"'),
            ({"known_failures": [{"rule": "VER-07"}]}, 'entry 1 (VER-07) has no "reason"'),
            ({"known_failures": [{**entry, "reason": " "}]}, 'entry 1 (VER-07): "reason" is empty'),
            ({"known_failures": [{**entry, "reason": 7}]}, '"reason" is not a string'),
            ({"known_failures": [{**entry, "stores": "x"}]}, 'has the unknown key "stores"'),
            ({"known_failures": [{**entry, "store": ""}]}, '"store" is empty'),
            ({"known_failures": [{**entry, "rule": "VER-99"}]}, "entry 1 (VER-99): there is no such rule"),
            ({"known_failures": [entry, entry]}, "VER-07 is listed twice"),
            (
                {"known_failures": [entry, {**entry, "store": "file"}]},
                'VER-07 is listed twice for the store "file"',
            ),
        ):
            path = self.directory / "known.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            done = run(programs.memory, "--rules", "VER-04", "--known-failures", path)
            self.assert_refused(done, f"--known-failures: {path}: ")
            self.assertIn(text, done.stderr)
            if isinstance(content, dict) and "twice" not in text and "no such rule" not in text:
                self.assertFalse(jsonschema.Draft202012Validator(KNOWN_FAILURES_SCHEMA).is_valid(content))

    def test_file_that_cannot_be_read_is_refused(self):
        for path, text in ((self.directory / "none", "No such file"), (self.directory, "Is a directory")):
            done = run(programs.memory, "--rules", "VER-04", "--known-failures", path)
            self.assert_refused(done, f"--known-failures: {path}: cannot be read: {text}")


class Levels(CommandLineTest):
    def judge_should(self, *options, exit_code):
        return self.judge(
            programs.misbehaving, "--rules", "INV-01", *options, exit_code=exit_code, AETHER_MISBEHAVE="lax"
        )

    def test_should_rule_that_fails_does_not_count(self):
        self.judge_should(exit_code=0)
        case = self.junit()["INV-01"]
        self.assertEqual(case.tag, "skipped")
        self.assertRegex(case.get("message"), r"^SHOULD rule failed \(not strict\): .")

    def test_should_rule_that_fails_counts_when_strict(self):
        self.judge_should("--strict", exit_code=1)
        self.assertEqual(self.junit()["INV-01"].tag, "failure")


if __name__ == "__main__":
    main()
