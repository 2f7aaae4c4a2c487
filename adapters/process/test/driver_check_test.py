"""Breaks the example driver in Python in many ways, and checks what aether_driver_check and the suite say of it.

Usage: driver_check_test.py AETHER_DRIVER_CHECK AETHER_DRIVER_CONFORMANCE
"""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"
CHECK, CONFORMANCE = sys.argv[1:3]

# What is wrong, what stands in driver.py, what takes its place, and what is said of it.
FAULTS = [
    ("noise", "        call = getattr", '        print("saving", flush=True)\n            call = getattr', ["FAULT ", "not JSON: saving", "print anything else to standard error"]),
    ("an array", 'line = json.dumps(message)', 'line = json.dumps([message])', ["no JSON object", '[{"id": 1,']),
    ("no id", '{"id": number, "result": result}', '{"result": result}', ['without "id" or "notice"']),
    ("a text for an id", '{"id": number, "result": result}', '{"id": str(number), "result": result}', ['"id" is not the number']),
    ("another id", '{"id": number, "result": result}', '{"id": number + 1000, "result": result}', ["answered request 1001, which was never sent"]),
    ("two answers", 'self._write({"id": number, "result": result})', 'self._write({"id": number, "result": result}); self._write({"id": number, "result": result})', ["a second time: {\"id\": "]),
    ("neither result nor error", '{"id": number, "result": result}', '{"id": number, "answer": result}', ['not just one of "result" and "error"']),
    ("another protocol", '"protocol": 1,', '"protocol": 2,', ["result.protocol: expected 1"]),
    ("no name", '"store": "example in Python"', '"store": ""', ["result.store: expected a name"]),
    ("a wrong offer", '"errors", "snap', '"speed", "snap', ['result.capabilities[0]: a driver cannot offer this, got "speed"']),
    ("an unknown call is an exception", 'raise Unsupported(f"no such call', 'raise ValueError(f"no such call', ["FAULT answers a call that it does not know"]),
    ("a version as a number", '{"version": str(self._store', '{"version": int(self._store', ["result.version: expected an integer as a decimal string", "got 0", '"result": {"version": 0}']),
    ("a payload as an object", 'return {**value._asdict(), "version": str(value.version)}', 'return {**value._asdict(), "version": str(value.version), "data": {}}', ["result.events[0].data: expected a string, got {}"]),
    ("a key that is missing", '"rawData": base64', '"raw": base64', None),  # seen when there is an error only
    ("an unknown error", "fields = {key: str(value)", 'error.code = error.code.replace("version_conflict", "oops"); fields = {key: str(value)', ["error.code: not one of the error codes", '"oops"']),
    ("an offer that is not kept", "def call_get_latest_snapshot", "def call_get_snapshot", ["FAULT offers snapshots", 'answered "unsupported" to get_latest_snapshot, which belongs to what it says it offers']),
    ("both result and error", '{"id": number, "result": result}', '{"id": number, "result": result, "error": {}}', ['not just one of "result" and "error"']),
    ("null for an empty list", '{"events": [to_message(event) for event in events]}', '{"events": [to_message(event) for event in events] or None}', ["FAULT reads an actor without events", "result.events: expected an array, got null"]),
    ("an offset", '"version": str(value.version)}', '"version": str(value.version), "timestamp": value.timestamp.replace("Z", "+00:00")}', ["in UTC, which ends in Z"]),
    ("a sleep that is none", 'time.sleep(request["milliseconds"] / 1000)', "pass", ["FAULT sleeps as long as it is told", "in less than 50"]),
    ("seconds for milliseconds", 'request["milliseconds"] / 1000', 'request["milliseconds"]', ["(sleep) within 10 s", "thousandths of a second"]),
    ("no answer to shutdown", 'self._write({"id": request["id"], "result": {}})\n        self._ended.set()', "self._ended.set()", ["FAULT shuts down", "the driver ended with exit code 0"]),
    ("a notice after the end", "_find(self._subscriptions, request[\"subscription\"]).end()", "_find(self._subscriptions, request[\"subscription\"])", ["FAULT", "a notice of subscription", "has ended: none may follow the answer to its unsubscribe"]),
    ("death", "def call_get_events(self, request):", "def call_get_events(self, request):\n        os._exit(7)", ["FAULT reads an actor without events", "ended with exit code 7; without an answer: request", "(get_events)"]),
    ("a signal", "def call_get_events(self, request):", "def call_get_events(self, request):\n        os.kill(os.getpid(), 11)", ["Segmentation fault"]),
    ("half a line", 'line = json.dumps(message).encode() + b"\\n"', 'line = b\'{"id":\'; self._ended.set()', ["in the midst of a line"]),
    ("a wrong end", "os._exit(self._exit_code)", "os._exit(3)", ["FAULT shuts down", "ended with exit code 3"]),
    ("an error instead of a hello", "def call_hello(self, request):", 'def call_hello(self, request):\n        raise Unsupported("not today")', ["FAULT starts and says hello"]),
]
OFFERS = '"location", "files", "power_loss"]'
FAULTS += [
    ("files without a location", OFFERS, '"files", "power_loss"]', ['"files" needs "location" beside it']),
    ("power cuts without files", OFFERS, '"location", "power_loss"]', ['"power_loss" needs "files" beside it']),
    (
        "ordered names without power cuts",
        OFFERS,
        '"location", "files", "ordered_names"]',
        ['"ordered_names" needs "power_loss" beside it'],
    ),
    (
        "servers that nobody can break",
        OFFERS,
        '"server"]',
        ["FAULT offers server", 'answered "unsupported" to server_count, which belongs to what it says it offers'],
    ),
    (
        "no directory",
        '"location": self._directory(request["storage"])}',
        '"location": self._directory(request["storage"]) + "/log"}',
        ["FAULT offers files", "no absolute path of a directory"],
    ),
    (
        "no absolute path",
        '"location": self._directory(request["storage"])}',
        '"location": "."}',
        ["FAULT offers files", "no absolute path of a directory"],
    ),
    (
        "no place before it is opened",
        "    def call_location(self, request):",
        '    def call_location(self, request):\n        self._find(self._logs, request["storage"])',
        ["FAULT offers files", 'answered "unsupported" to location, which belongs to what it says it offers'],
    ),
    (
        "no place while nothing is open",
        "    def call_location(self, request):",
        "    def call_location(self, request):\n"
        '        if not self._handles: raise StoreError("unavailable", "not open")',
        ["FAULT offers files", "refuses the location of a storage that was not opened before", "unavailable: not open"],
    ),
    (
        "a copy is not opened",
        "    def call_open(self, request):",
        "    def call_open(self, request):\n"
        '        if "copy" in request.get("location", ""): raise StoreError("unavailable", "in use")',
        ["FAULT offers files", "opened in a copy of its directory, the open failed", "unavailable: in use"],
    ),
    (
        "another storage is opened",
        'Log(request["location"])',
        "Log(self._directory(0))",
        ["FAULT offers location", "does not find what was saved there"],
    ),
    (
        "what is released stays locked",
        "    def call_open(self, request):",
        "    def call_open(self, request):\n"
        '        if "aether-python-" in request.get("location", ""): raise StoreError("unavailable", "in use")',
        [
            "FAULT offers location",
            "every handle on the storage was released, and another process of the driver cannot open its location",
            "unavailable: in use",
        ],
    ),
]


def servers(count, leader, mended="return {}"):
    """What stands before `call_sleep` in a driver of a store behind servers."""
    return f"""    CAPABILITIES.append("server")

    def call_server_count(self, request):
        return {{"servers": {count}}}

    def call_leader_of(self, request):
        {leader}

    def call_mend_servers(self, request):
        {mended}

    def call_sleep("""


NO_LEADER = 'raise StoreError("unavailable", "no leader")'
FAULTS += [
    (what, "    def call_sleep(", servers(count, f'return {{"server": {leader}}}'), ["FAULT offers server", said])
    for what, count, leader, said in (
        ("no servers", 0, 0, "result.servers: expected an integer from 1 to 1000, got 0"),
        ("half a server", 2.5, 0, "result.servers: expected an integer from 1 to 1000, got 2.5"),
        ("too many servers", 1001, 0, "result.servers: expected an integer from 1 to 1000, got 1001"),
        ("a leader beyond all", 1000, 1000, "result.server: expected an integer from 0 to 999, got 1000"),
        ("leaders from one on", 3, 3, "leader_of answered server 3 of 3: they are numbered from 0"),
    )
]
# What is wrong in file_store.py, what stands there, what takes its place, and the rule that sees it.
LOSSES = [
    (
        "a file is not synced",
        "            os.fdatasync(self._file)\n        except",
        "            pass\n        except",
        "DUR-02",
    ),
    ("a directory is not synced", "            os.fsync(opened)\n", "            pass\n", "DUR-02"),
    (
        "a torn record is taken for damage",
        "any(parse(torn, start.start()) for start in BEGIN.finditer(torn))",
        "torn",
        "DUR-02",
    ),
    (
        "snapshots are not synced",
        "            self._sync()\n        except",
        '            if kind != "snapshot":\n                self._sync()\n        except',
        "DUR-04",
    ),
    (
        "errors of the disk leave the store",
        '        raise StoreError("storage_full" if',
        '        raise error\n        raise StoreError("storage_full" if',
        "FLT-01",
    ),
    ("half a write is taken for all", "        while data:\n", "        if data:\n", "FLT-03"),
    (
        "a sync that failed is taken for good",
        '        except OSError as error:\n            raise StoreError("outcome',
        '        except OSError as error:\n            return\n            raise StoreError("outcome',
        "FLT-04",
    ),
    ("no checksum", 'b"%08x" % zlib.crc32(data[begin + 8 : end]) == data[begin : begin + 8]', "True", "FLT-05"),
    (
        "the checksum does not cover the head",
        "zlib.crc32(",
        '(lambda rest: zlib.crc32(rest[rest.find(b"\\n") :]))(',
        "FLT-05",
    ),
    ("damage ends the log", "missing < 0 or any(", "missing < 0 or False and any(", "FLT-05"),
    ("records are not numbered", "and record[0][0] == self._records + len(records) + 1:", "and record:", "FLT-05"),
    (
        "half a read is taken for all",
        "        while len(new) < missing:\n",
        "        if len(new) < missing:\n",
        "FLT-07",
    ),
    (
        "what a dead writer left is shown as it is",
        "            self._write(new[last:begin], self._end + last)\n            os.fdatasync(self._file)\n",
        "            pass\n",
        "DUR-02",
    ),
]
NOTES = [
    ("one at a time", "WORKERS = 16", "WORKERS = 1", ["note  serves requests at the same time", "Rules on concurrency will not be offered"]),
    ("a changed payload", 'return {**value._asdict(), "version": str(value.version)}', 'return {**value._asdict(), "version": str(value.version), "data": "{}"}', ["note  takes an event", "the field data came back otherwise"]),
    ("conflicts folded", "fields = {key: str(value)", 'error.code = error.code.replace("version_conflict", "storage_failed"); fields = {key: str(value)', ["note  tells a version conflict", "storage_failed, not with version_conflict"]),
    ("a raised error", "def call_get_events(self, request):", 'def call_get_events(self, request):\n        raise KeyError("oops")', ['the error "exception"', "oops"]),
    (
        "servers in trouble",
        "    def call_sleep(",
        servers(3, NO_LEADER, NO_LEADER),
        ["note  offers server", "unavailable: no leader\n      it answered with the error unavailable: no leader"],
    ),
]
# What many libraries do, and is no mistake.
ALLOWED = [
    ("null for what is absent, and further keys", "line = json.dumps(message)", 'line = json.dumps({"notice": None, "error": None, "result": None, "later": 1, **message})'),
    ("an id with a point", '{"id": number, "result": result}', '{"id": float(number), "result": result}'),
    ("a subscription with a point", '"subscription": number})', '"subscription": float(number)})'),
    ("numbers of servers with a point", "    def call_sleep(", servers(3.0, 'return {"server": 2.0}')),
    ("lines of Windows", '.encode() + b"\\n"', '.encode() + b"\\r\\n"'),
]


class BrokenDriver:
    """The command of a driver with one mistake."""

    def __init__(self, before, after, file="driver.py"):
        self._directory = tempfile.TemporaryDirectory()
        path = pathlib.Path(self._directory.name)
        for name in ("driver.py", "file_store.py"):
            shutil.copy(EXAMPLES / name, path)
        text = (EXAMPLES / file).read_text()
        assert before in text, before
        (path / file).write_text(text.replace(before, after))
        self.command = shlex.join([sys.executable, str(path / "driver.py")])

    def __enter__(self):
        return self.command

    def __exit__(self, *_):
        self._directory.cleanup()


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


class DriverCheck(unittest.TestCase):
    def test_the_example_keeps_the_protocol(self):
        with BrokenDriver("", "") as command:
            done = run(CHECK, command)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            self.assertNotIn("FAULT", done.stdout)
            self.assertNotIn("note", done.stdout)
            self.assertIn("the driver keeps the protocol", done.stdout)

    def test_each_mistake_is_explained(self):
        for what, before, after, said in FAULTS:
            with self.subTest(what), BrokenDriver(before, after) as command:
                done = run(CHECK, command)
                self.assertEqual(done.returncode, 1 if said else 0, done.stdout + done.stderr)
                self.assertEqual(done.stdout.count("FAULT"), 1 if said else 0)
                for text in said or []:
                    self.assertIn(text, done.stdout)

    def test_what_may_be_the_stores_doing_is_a_note(self):
        for what, before, after, said in NOTES:
            with self.subTest(what), BrokenDriver(before, after) as command:
                done = run(CHECK, command)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                for text in said:
                    self.assertIn(text, done.stdout)

    def test_what_libraries_do_is_no_mistake(self):
        for what, before, after in ALLOWED:
            with self.subTest(what), BrokenDriver(before, after) as command:
                done = run(CHECK, command)
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                self.assertNotIn("note", done.stdout.replace("notices", ""))

    def test_nothing_is_left_of_a_driver_that_dies(self):
        with BrokenDriver("def call_get_events(self, request):", "def call_get_events(self, request):\n        os._exit(7)") as command:
            with tempfile.TemporaryDirectory() as directory:
                done = run(CHECK, command, env={**os.environ, "TMPDIR": directory})
                self.assertEqual(done.returncode, 1)
                self.assertEqual(os.listdir(directory), [])

    def test_a_command_that_is_none(self):
        done = run(CHECK, "no-such-driver-program")
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not be run (exit code 127): is the command right?", done.stdout)

    def test_closed_standard_input(self):
        with BrokenDriver("", "") as command:
            done = run("sh", "-c", 'exec "$0" "$1" <&-', CHECK, command)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_wrong_usage(self):
        self.assertEqual(run(CHECK).returncode, 2)
        self.assertEqual(run(CHECK, "a", "b").returncode, 2)


class Conformance(unittest.TestCase):
    """A driver that turns out to be broken in the midst of the suite is no word on its store."""

    def judge(self, command, *options):
        with tempfile.TemporaryDirectory() as directory:
            done = run(CONFORMANCE, "--driver", command, "--profile", "quick", "--report", directory, *options)
            report = pathlib.Path(directory) / "report.json"
            self.assertTrue(report.exists(), done.stdout + done.stderr)
            rules = json.loads(report.read_text())["stores"][0]["rules"]
            return done, {rule["id"]: rule for rule in rules}

    def assert_errored(self, before, after, rule, said, *options):
        with BrokenDriver(before, after) as command:
            done, rules = self.judge(command, "--rules", rule, *options)
            self.assertEqual((rules[rule]["verdict"], done.returncode), ("errored", 2), done.stdout)
            for text in said:
                self.assertIn(text, rules[rule]["message"])
            self.assertIn("--driver ", rules[rule]["replay"])

    def test_a_store_that_loses_what_it_acknowledged_is_caught_by_the_rule(self):
        for what, before, after, rule in LOSSES:
            with self.subTest(what), BrokenDriver(before, after, "file_store.py") as command:
                done, rules = self.judge(command, "--rules", rule)
                self.assertEqual((rules[rule]["verdict"], done.returncode), ("failed", 1), done.stdout)

    def test_a_store_that_counts_on_ordered_names_is_judged_so(self):
        with BrokenDriver("            os.fsync(opened)\n", "            pass\n", "file_store.py") as command:
            driver = pathlib.Path(shlex.split(command)[1])
            driver.write_text(driver.read_text().replace('"power_loss"]', '"power_loss", "ordered_names"]'))
            done, rules = self.judge(command, "--rules", "DUR-02")
            self.assertEqual((rules["DUR-02"]["verdict"], done.returncode), ("passed", 0), done.stdout)

    def test_a_driver_that_does_not_bear_preloading_is_tried_by_what_needs_none(self):
        refuses = 'if "LD_PRELOAD" in os.environ:\n    sys.exit(1)\nDriver().run()'
        with BrokenDriver("Driver().run()", refuses) as command:
            done, rules = self.judge(command, "--rules", "FLT-01,FLT-05,DUR-02")
            self.assertEqual(rules["FLT-05"]["verdict"], "passed", done.stdout + done.stderr)
            self.assertEqual([rules[rule]["verdict"] for rule in ("FLT-01", "DUR-02")], ["not_offered"] * 2)

    def test_the_death_of_a_driver_of_damaged_files_is_the_stores(self):
        dies = '            os._exit(9)\n            raise StoreError("corrupt"'
        with BrokenDriver('            raise StoreError("corrupt"', dies, "file_store.py") as command:
            done, rules = self.judge(command, "--rules", "FLT-05")
            self.assertEqual((rules["FLT-05"]["verdict"], done.returncode), ("failed", 1), done.stdout)
            self.assertIn("the process that opens the storage breaks", rules["FLT-05"]["message"])

    def test_a_driver_that_does_not_keep_the_protocol_is_not_tried(self):
        with BrokenDriver('"protocol": 1,', '"protocol": 2,') as command:
            done = run(CONFORMANCE, "--driver", command, "--profile", "quick")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("does not keep the protocol", done.stderr)
            self.assertIn("result.protocol: expected 1", done.stderr)

    def test_no_driver_is_wrong_usage(self):
        done = run(CONFORMANCE, "--profile", "quick")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--driver is required", done.stderr)

    # What only a rule's own actors show is missed by the checks that come first.
    LATER = 'if request.get("event", {"actorId": "a-"})["actorId"][:2] not in ("a-", "dr", "ae"): '
    LATER_ELSEWHERE = 'if request["handle"] in self._elsewhere and request["event"]["actorId"] != "driver-check": '

    def test_noise_in_the_midst(self):
        self.assert_errored(
            "        call = getattr",
            f"        {self.LATER}print('noise', flush=True)\n            call = getattr",
            "ID-01",
            ["not JSON: noise", "SaveEvent"],
        )

    def test_death_in_the_midst(self):
        self.assert_errored(
            "        call = getattr",
            f"        {self.LATER}print('I go', file=sys.stderr, flush=True); os._exit(9)\n            call = getattr",
            "ID-01",
            ["the driver ended with exit code 9; without an answer: request", "I go"],
        )

    def test_a_call_that_hangs(self):
        self.assert_errored(
            "        call = getattr",
            f"        {self.LATER}time.sleep(1000)\n            call = getattr",
            "ID-01",
            ["a call did not return within 2 s", "SaveEvent"],
            "--call-limit",
            "2",
        )

    def test_an_error_instead_of_the_end_of_a_subscription(self):
        self.assert_errored(
            "def call_unsubscribe(self, request):",
            'def call_unsubscribe(self, request):\n        raise KeyError("oops")',
            "NOTE-01",
            ["the driver answered unsubscribe with an error", "oops"],
        )

    def test_a_wrong_end_after_everything_was_judged(self):
        self.assert_errored(
            "        call = getattr",
            f"        {self.LATER}self._exit_code = 3\n            call = getattr",
            "ID-01",
            ["after this rule, the last, at its end: the driver ended with exit code 3"],
        )

    def test_the_death_of_a_driver_in_another_process_is_not_the_one_that_was_asked_for(self):
        self.assert_errored(
            "def call_save(self, request):",
            f"def call_save(self, request):\n        {self.LATER_ELSEWHERE}os._exit(9)",
            "PROC-04",
            ["in another process: the driver ended with exit code 9; without an answer: request"],
        )

    def test_the_death_of_another_process_is_not_the_one_that_was_asked_for(self):
        dies = f"def call_save(self, request):\n        {self.LATER_ELSEWHERE}os.kill(os.getpgrp(), 9)"
        with BrokenDriver("def call_save(self, request):", dies) as command:
            done, rules = self.judge(command, "--rules", "PROC-04")
            self.assertEqual((rules["PROC-04"]["verdict"], done.returncode), ("inconclusive", 2), done.stdout)
            self.assertIn("the other process ended before it was killed", rules["PROC-04"]["message"])

    def test_null_for_what_is_absent_is_no_mistake(self):
        nulls = "**{key: text or None for key, text in value._asdict().items() if key in ('commandId', 'metadata')}"
        plain = 'return {**value._asdict(), "version": str(value.version)}'
        with BrokenDriver(plain, plain[:-1] + f", {nulls}}}") as command:
            _, rules = self.judge(command, "--rules", "EVT-02,META-03,SNAP-02")
            self.assertEqual({rule["verdict"] for rule in rules.values()}, {"passed"}, rules)

    def test_an_exception_fails_the_rule_on_exceptions(self):
        with BrokenDriver("def call_get_events(self, request):", 'def call_get_events(self, request):\n        raise KeyError("oops")') as command:
            done, rules = self.judge(command, "--rules", "API-03")
            self.assertEqual((rules["API-03"]["verdict"], done.returncode), ("failed", 1), done.stdout)
            self.assertIn("oops", json.dumps(rules["API-03"]))

    def test_one_at_a_time_offers_no_concurrency(self):
        with BrokenDriver("WORKERS = 16", "WORKERS = 1") as command:
            _, rules = self.judge(command, "--rules", "CON-05,VER-03,IMM-02")
            self.assertEqual(rules["CON-05"]["message"], 'needs the capability "concurrency"')
            self.assertEqual(rules["IMM-02"]["message"], 'needs the capability "in_process"')
            self.assertEqual(rules["VER-03"]["verdict"], "passed")

    def test_the_death_of_a_process_is_that_of_its_driver(self):
        with BrokenDriver("os._exit(self._exit_code)", "os._exit(self._exit_code)") as command:
            _, rules = self.judge(f"cd / && {command}", "--rules", "PROC")  # the shell stays between the two
            self.assertEqual({rule["verdict"] for rule in rules.values()}, {"passed"}, rules)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
