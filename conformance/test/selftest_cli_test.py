"""The command line and the reports of aether_selftest."""

import json

import jsonschema

from command_line import ROOT, CommandLineTest, main, programs, run

SELFTEST_SCHEMA = json.loads((ROOT / "conformance/selftest.schema.json").read_text())


class Selftest(CommandLineTest):
    def selftest(self, *options, exit_code=0):
        report = self.directory / "report"
        done = run(programs.selftest, "--report", report, *options)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        self.text = done.stdout
        self.page = (report / "selftest.html").read_text(encoding="utf-8")
        content = json.loads((report / "selftest.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator(SELFTEST_SCHEMA).validate(content)
        return content

    def test_every_broken_store_is_tried_against_its_rule(self):
        content = self.selftest("--profile", "standard")
        self.assertGreater(len(content["stores"]), 150)
        self.assertEqual(content["totals"]["killed"], len(content["stores"]))
        self.assertEqual({store["verdict"] for store in content["stores"]}, {"killed"})
        self.assertEqual(sum(store["collateral"] for store in content["stores"]), 0)
        self.assertIn(f"{len(content['stores'])} of {len(content['stores'])} broken stores", self.text)

    def test_all_shows_what_else_catches_a_store(self):
        content = self.selftest("--store", "upserts", "--all")
        (store,) = content["stores"]
        self.assertEqual(store["rule"], "IMM-04")
        self.assertEqual(store["verdict"], "killed")
        self.assertIn("IMM-04", store["killed_by"])
        self.assertEqual(store["collateral"], len(store["killed_by"]) - 1)
        self.assertGreater(store["collateral"], 0)

    def test_the_page_needs_nothing_else(self):
        self.selftest("--store", "upserts")
        self.assertIn("IMM-04 kills upserts", self.page)
        self.assertNotRegex(self.page, r"https?://|<script|<link|src=|@import|url\(")

    def test_wrong_usage_is_refused(self):
        self.assert_refused(run(programs.selftest, "--store", "honest"), 'no broken store "honest"')
        self.assert_refused(run(programs.selftest, "--frobnicate"), "--frobnicate")
        self.assert_refused(run(programs.selftest, "--profile", "slow"), "slow")
        self.assert_refused(run(programs.selftest, "--seed", "-1"), "not a number")


if __name__ == "__main__":
    main()
