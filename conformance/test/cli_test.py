"""The command line of conformance programs, of aether_check and of ./kit: exit codes, texts, reports."""

import html.parser
import json
import os
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import jsonschema

from command_line import ROOT, SCHEMA, TIME_LIMIT, CommandLineTest, main, programs, run


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
    def test_broken_adapter_is_errored_and_told_once(self):
        for mode, text in (
            ("cannot_open", "the adapter's Open() failed: unavailable: the door is locked"),
            ("open_throws", "the door fell off"),
            ("no_storage", "the adapter's constructor threw: no disk here"),
            ("handles_apart", "a second handle does not see an event that was saved through the first one"),
            ("nothing_discarded", "a new adapter sees an event of an earlier one"),
            ("not_empty", "a fresh storage is not empty: GetEvents answered 1 event: 1"),
        ):
            with self.subTest(mode):
                rules = self.misbehave(mode)
                self.assertEqual({rule["verdict"] for rule in rules.values()}, {"errored"})
                self.assertEqual(len({rule["message"] for rule in rules.values()}), 1)
                self.assertIn(text, rules["VER-01"]["message"])
                self.assertEqual(self.text.count(text), 1, "told once is enough")
                self.assertEqual((self.directory / "report/index.html").read_text().count('class="item failure'), 1)

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
        done = run("sh", "-c", first["replay"], AETHER_MISBEHAVE="lose")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("\n    ".join(["  least case:", *first["counterexample"]]), done.stdout)

    def test_replay_command_has_quotes_and_the_limits(self):
        program = self.directory / "it's mine; $(false)"
        program.symlink_to(programs.misbehaving)
        limits = ("--call-limit", "70", "--patience", "3")
        store = self.judge(
            program, "--rules", "VER-07", *limits, exit_code=1, AETHER_MISBEHAVE="lose"
        )
        replay = store["rules"][0]["replay"]
        self.assertTrue(replay.endswith(" --profile quick --patience 3 --call-limit 70"), replay)
        self.assertEqual(run("sh", "-c", replay, AETHER_MISBEHAVE="lose").returncode, 1)


class InProcess(CommandLineTest):
    """Rules in the process that was started, where a debugger sees the store."""

    def test_verdicts_are_those_of_a_supervised_run(self):
        for mode, exit_code in (("lose", 1), ("unavailable", 2), ("cannot_open", 2)):
            with self.subTest(mode):
                runs = [self.misbehave(mode, *options, exit_code=exit_code) for options in ((), ("--in-process",))]
                for rules in runs:
                    for rule in rules.values():
                        del rule["seconds"]
                self.assertEqual(runs[0], runs[1])

    def test_crash_is_that_of_the_process(self):
        done = run(programs.misbehaving, "--in-process", "--rules", "VER-07", AETHER_MISBEHAVE="abort")
        self.assertEqual(done.returncode, -signal.SIGABRT)


class Cleanliness(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.scratch = self.directory / "another disk"
        self.scratch.mkdir()

    def interrupt(self, sent, *command):
        """Sends a signal to a program that is in the midst of a rule that hangs."""
        environment = {**os.environ, "AETHER_SCRATCH": str(self.scratch), "AETHER_MISBEHAVE": "hang"}
        with subprocess.Popen(
            [str(word) for word in command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as program:
            limit = time.monotonic() + TIME_LIMIT
            while not list(self.scratch.glob("aether-conformance-*/output.txt")):
                self.assertLess(time.monotonic(), limit, "the program made no scratch directory")
                time.sleep(0.01)
            program.send_signal(sent)
            _, errors = program.communicate(timeout=TIME_LIMIT)
        self.assertEqual(program.returncode, 2, errors)
        self.assertIn("interrupted", errors)
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_interrupted_program_leaves_nothing_behind(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            self.interrupt(sent, programs.misbehaving, "--rules", "VER-07")

    def test_interrupted_check_leaves_nothing_behind(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            misbehaving = f"misbehaving={programs.misbehaving}"
            self.interrupt(sent, programs.check, "--program", misbehaving, "--rules", "VER-07")

    def test_run_that_ends_by_an_error_leaves_nothing_behind(self):
        (self.directory / "file").write_text("in the way")
        done = run(
            programs.check, "--program", f"memory={programs.memory}", "--rules", "VER-04",
            "--report", self.directory / "file/report", AETHER_SCRATCH=str(self.scratch),
        )  # fmt: skip
        self.assert_refused(done, "cannot make the report directory")
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_scratch_that_is_not_there_is_told(self):
        done = run(programs.memory, "--rules", "VER-04", AETHER_SCRATCH="/nowhere")
        self.assert_refused(done, "cannot make a scratch directory in /nowhere, which AETHER_SCRATCH names")


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
            store["totals"], {
                "passed": 7, "failed": 0, "not_offered": 2, "inconclusive": 0, "errored": 1,
                "known_failures": 0,
            },
        )  # fmt: skip

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

    def test_page_needs_nothing_else_and_says_what_a_person_needs(self):
        store = self.judge(
            programs.misbehaving, "--rules", "VER,RET", exit_code=1, AETHER_MISBEHAVE="lose"
        )
        page = Page((self.directory / "report/index.html").read_text())
        self.assertEqual(page.wrong, [])
        self.assertLess(page.size, 400_000)
        failed = next(rule for rule in store["rules"] if rule["verdict"] == "failed")
        for text in ("VER-07", "MUST", *(failed[key] for key in ("title", "hint", "message", "replay"))):
            self.assertIn(text, page.text)
        self.assertIn("\n".join(failed["counterexample"]), page.text)
        self.assertIn("Fails: 1 rule fails", page.text)
        self.assertIn('RET-01, RET-02: needs the capability "retention"', page.text)

    def test_run_is_told_with_its_command_and_environment_and_without_names(self):
        self.judge(programs.memory, "--rules", "VER-04", "--strict")
        run_info = json.loads((self.directory / "report/report.json").read_text())["run"]
        self.assertTrue(run_info["strict"])
        self.assertIn(f"{programs.memory} --profile quick --report", run_info["command"])
        self.assertEqual(run_info["without_report"], [])
        self.assertEqual(run_info["environment"]["kernel"].split()[0], os.uname().sysname)
        self.assertNotIn(os.uname().nodename, json.dumps(run_info["environment"]).split('"'))

    def test_summary_and_badge_are_written_beside_the_page(self):
        self.misbehave("lose", exit_code=1)
        summary = (self.directory / "report/summary.md").read_text()
        self.assertTrue(summary.startswith("## Conformance: Fails: 1 rule fails\n"), summary)
        self.assertIn("| VER Versions | 7/8 1 FAILED |", summary)
        badge = ElementTree.parse(self.directory / "report/badge.svg").getroot()
        self.assertEqual(badge.get("aria-label"), "aether: 1 rule fails")
        self.assertEqual(badge[0].text, "aether: 1 rule fails")

    def test_github_gets_annotations_and_the_summary_after_what_is_there(self):
        summary = self.directory / "step.md"
        summary.write_text("before\n")
        self.misbehave("lose", "--github", exit_code=1, GITHUB_STEP_SUMMARY=str(summary))
        self.assertRegex(self.text, r"(?m)^::error title=VER-07 failed%3A misbehaving::Version .*%0Areplay: .*$")
        written = (self.directory / "report/summary.md").read_text()
        self.assertEqual(summary.read_text(), "before\n" + written)
        done = run(programs.memory, "--rules", "VER-04", "--github", GITHUB_STEP_SUMMARY="/nowhere/x")
        self.assert_refused(done, "cannot write /nowhere/x, which GITHUB_STEP_SUMMARY names")
        self.misbehave("lose", exit_code=1, GITHUB_STEP_SUMMARY="/nowhere/x")  # not asked for
        self.assertNotIn("::error", self.text)

    def test_damaged_selftest_beside_the_report_is_told(self):
        report = self.directory / "report"
        report.mkdir()
        for damaged in ("{", "{}"):
            (report / "selftest.json").write_text(damaged)
            done = run(programs.memory, "--rules", "VER-04", "--report", report)
            self.assert_refused(done, "selftest.json")
            self.assertTrue((report / "report.json").exists())

    def test_schema_refuses_a_damaged_report(self):
        store = self.judge(programs.memory, "--rules", "VER-04")
        validator = jsonschema.Draft202012Validator(SCHEMA)
        for damage in ({"seed": -1}, {"profile": "huge"}, {"rules": []}, {"totals": {}}, {"mood": "good"}):
            self.assertFalse(validator.is_valid({"stores": [{**store, **damage}]}), damage)


class Page(html.parser.HTMLParser):
    """The text of an HTML page; in `wrong`, tags that do not pair, and what would be loaded or run."""

    def __init__(self, source):
        super().__init__()
        self.text = ""
        self.size = len(source)
        self.wrong = []
        self.open = []
        self.feed(source)
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "input", "link"):
            self.open.append(tag)
        if tag in ("iframe", "object", "img"):
            self.wrong.append(tag)
        local = ("#", "data:,")  # the latter as the icon, which a browser would ask for
        self.wrong += [name for name, value in attrs if name in ("href", "src") and not value.startswith(local)]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}")

    def handle_data(self, data):
        self.text += data


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

    def test_store_without_a_report_makes_the_verdict_undecided(self):
        report = self.directory / "merged"
        done = self.check("--program", "broken=/bin/false", "--program", f"memory={programs.memory}",
                          "--report", report, "--github")  # fmt: skip
        self.assertEqual(done.returncode, 2)
        content = json.loads((report / "report.json").read_text())
        jsonschema.Draft202012Validator(SCHEMA).validate(content)
        self.assertEqual(content["run"]["without_report"], ["broken"])
        self.assertIn("1 of 2 stores is undecided", (report / "index.html").read_text())
        self.assertIn("::error title=broken gave no report::", done.stdout)

    def test_command_is_the_one_that_was_typed(self):
        report = self.directory / "merged"
        self.check("--program", f"memory={programs.memory}", "--report", report,
                   AETHER_COMMAND="./kit check memory")  # fmt: skip
        content = json.loads((report / "report.json").read_text())
        self.assertEqual(content["run"]["command"], "./kit check memory")

    def test_known_failures_are_those_of_the_stores_that_they_name(self):
        known = self.directory / "known.json"
        options = (
            "--program", f"memory={programs.memory}", "--program", f"misbehaving={programs.misbehaving}",
            "--known-failures", known,
        )  # fmt: skip

        def write(store):
            entry = {"rule": "VER-07", "reason": "issue 12", "store": store}
            known.write_text(json.dumps({"known_failures": [entry]}))

        write("misbehaving")
        done = self.check(*options, AETHER_MISBEHAVE="lose")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        write("memory")
        done = self.check(*options, AETHER_MISBEHAVE="lose")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("memory: VER-07 is listed as a known failure and passes", done.stdout)
        write("fiel")
        self.assert_refused(self.check(*options), 'VER-07 is listed for the store "fiel"')
        done = self.check(*options, "--untried", "fiel")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        write("alias")
        done = self.check("--program", f"alias={programs.memory}", "--known-failures", known)
        self.assert_refused(done, 'the store "alias", which calls itself "memory"')

    def test_wrong_options_are_refused(self):
        self.assert_refused(run(programs.check), "--program")
        self.assert_refused(run(programs.check, "--program", "memory"), "is not NAME=PATH")
        self.assert_refused(self.check("--rules", "NOPE", "--program", "memory=x"), "no rule begins with")


class Compare(CommandLineTest):
    def report(self, name, mode):
        self.misbehave(mode, exit_code=1 if mode == "lose" else 0)
        path = self.directory / f"{name}.json"
        shutil.copy(self.directory / "report/report.json", path)
        return path

    def test_what_got_worse_decides(self):
        good, bad = self.report("good", ""), self.report("bad", "lose")
        done = run(programs.compare, good, bad)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("WORSE: newly failing\n  VER-07 (MUST)  misbehaving  passed -> failed", done.stdout)
        done = run(programs.compare, bad, good)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("fixed\n  VER-07", done.stdout)

    def test_files_that_are_no_reports_are_refused(self):
        good = self.report("good", "")
        self.assert_refused(run(programs.compare, good, "/nowhere"), "cannot read /nowhere")
        self.assert_refused(run(programs.compare, good, self.directory), "cannot read")
        self.assert_refused(run(programs.compare, good), "NEW")
        (self.directory / "list").write_text("[]")
        self.assert_refused(run(programs.compare, self.directory / "list", good), "is no report of this kit")


class Kit(CommandLineTest):
    def kit(self, *words, **environment):
        return run(ROOT / "kit", *words, **environment)

    def test_unknown_words_are_refused(self):
        self.assert_refused(self.kit("frobnicate"), 'no command "frobnicate"')
        self.assert_refused(self.kit("check", "postgres"), 'no store "postgres"')
        self.assert_refused(self.kit("check", "--frobnicate"), 'no option "--frobnicate"')
        self.assert_refused(self.kit("check", "memory", "--cluster", "3"), "is for the store jetstream alone")
        self.assert_refused(self.kit("check", "--allow-unsafe-replicas"), "goes with --cluster")
        self.assert_refused(self.kit("test", "--slow"), 'no option "--slow"')
        self.assert_refused(self.kit("rules", "--slow"), 'no option "--slow"')
        self.assert_refused(self.kit("rules", "NOPE"), 'no rule begins with "NOPE"')
        self.assert_refused(self.kit("explain", "--slow"), 'no option "--slow"')
        self.assert_refused(self.kit("explain"), "explain needs the id of a rule")
        self.assert_refused(self.kit("selftest", "--slow"), 'no option "--slow"')
        self.assert_refused(self.kit("bench", "--slow"), 'no option "--slow"')
        self.assert_refused(self.kit("bench", "mysql"), 'no store "mysql"')
        self.assert_refused(self.kit("bench", "--driver-durability", "disk"), "none of device, page-cache and memory")
        self.assert_refused(self.kit("bench", "--driver-durability", "device"), "goes with --driver")
        self.assert_refused(self.kit("bench", "--baseline", "nothing.json"), 'cannot read the file "nothing.json"')
        self.assert_refused(self.kit("bench", "file", "--baseline-build", "nowhere"), "no benchmarks were built")
        self.assert_refused(self.kit("compare", "--slow"), 'no option "--slow"')
        self.assert_refused(self.kit("compare", "old.json"), "compare needs two files")
        self.assert_refused(self.kit("selftest", "--store", "honest"), 'no broken store "honest"')
        self.assert_refused(self.kit("selftest", "--store"), "--store needs a value")
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
            ("--known-failures", "/nowhere", "cannot read the file"),
            ("--cluster", "4", "is neither 3 nor 5"),
            ("--nats-server", "/nowhere", "is none of bookworm trixie sid, nor a program"),
            ("--sync-interval", "soon", "is neither always nor a time"),
        ):
            self.assert_refused(self.kit("check", option, value), text)
            self.assert_refused(self.kit("check", f"{option}={value}"), text)
            self.assert_refused(self.kit("check", option), "needs a value")

    def test_help_lists_every_option_of_the_conformance_programs(self):
        done = self.kit("help")
        self.assertEqual(done.returncode, 0)
        for word in run(programs.memory, "--help").stdout.split():
            # A debugger is given one program, and not the script.
            if word.startswith("--") and word not in ("--help", "--in-process"):
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

    def test_a_server_that_cannot_be_fetched_is_told_with_the_way_round_it(self):
        shutil.copy(ROOT / "kit", self.directory)
        self.fake("apt-get", 'echo "E: no network for $*"; exit 100')
        script = f'source "{self.directory}/kit"; fetch_nats_server trixie'
        done = run("bash", "-c", script, PATH=f"{self.directory}:{os.environ['PATH']}")
        self.assert_refused(done, "cannot fetch the nats-server of Debian's trixie")
        self.assertIn("--nats-server PATH", done.stderr)
        self.assertIn("E: no network for", done.stderr)

    def test_a_cluster_of_servers_that_store_a_version_twice_needs_a_word_for_it(self):
        self.fake("nats-server", "echo nats-server: v2.9.20")
        script = f'source "{ROOT}/kit"; parse_check "$@"; use_nats_servers'
        words = ("--cluster", "3", "--nats-server", str(self.directory / "nats-server"))
        self.assert_refused(run("bash", "-c", script, "bash", *words), "needs 2.9.21 or newer")
        done = run("bash", "-c", script, "bash", *words, "--allow-unsafe-replicas")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("allow_unsafe_replicas is in force: nats-server 2.9.20", done.stderr)

    def test_missing_tools_are_listed_where_there_is_no_apt(self):
        # A PATH that has what the script itself uses and nothing else.
        for tool in ("bash", "env", "dirname", "nproc", "grep", "mkdir"):
            (self.directory / tool).symlink_to(shutil.which(tool))
        done = self.kit("check", "memory", PATH=str(self.directory))
        self.assert_refused(done, "there is no g++")
        self.assertIn("librapidcheck-dev", done.stderr)


if __name__ == "__main__":
    main()
