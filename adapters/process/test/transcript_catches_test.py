"""Breaks the example driver in Python in many ways, and checks that transcript_test.py finds each of them."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TEST = pathlib.Path(__file__).resolve().parent / "transcript_test.py"
EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"

# What is wrong, what stands in driver.py, what takes its place, and which test has to fail.
MISTAKES = [
    ("it does not flush", "sys.stdout.buffer.flush()", "pass", "Requests.test_sleep_is_answered"),
    (
        "it prints for debugging",
        'number = request["id"]',
        'number = request["id"]; print("got", number, flush=True)',
        "Requests.test_sleep_is_answered",
    ),
    (
        "it answers twice",
        'self._write({"id": number, "result": result})',
        'self._write({"id": number, "result": result}); self._write({"id": number, "result": result})',
        "Requests.test_200_requests_at_once_get_an_answer_each",
    ),
    (
        "it forgets an answer",
        "            if result is not None:",
        "            if result is not None and number != 100:",
        "Requests.test_200_requests_at_once_get_an_answer_each",
    ),
    (
        "it takes one request at a time",
        "WORKERS = 16",
        "WORKERS = 1",
        "Requests.test_a_call_is_answered_while_another_is_under_way",
    ),
    (
        "it waits for what is under way when the input ends",
        "WORKERS = 16",
        "WORKERS = 1",
        "Requests.test_the_end_of_the_input_ends_the_driver_whatever_is_under_way",
    ),
    (
        "it ends with an error",
        "os._exit(self._exit_code)",
        "os._exit(3)",
        "Requests.test_shutdown_is_answered_and_ends_the_driver",
    ),
    (
        "an unknown call is an exception",
        'raise Unsupported(f"no such call',
        'raise ValueError(f"no such call',
        "Transcript.test_the_transcript_is_answered_as_it_stands_there",
    ),
    (
        "an unknown handle is an exception",
        'raise Unsupported(f"there is no',
        'raise ValueError(f"there is no',
        "Requests.test_unknown_calls_handles_storages_and_protocols_are_unsupported",
    ),
    (
        "it speaks every protocol",
        'if request["protocol"] != 1:',
        "if False:",
        "Requests.test_unknown_calls_handles_storages_and_protocols_are_unsupported",
    ),
    (
        "an unknown key is an exception",
        "kind(*[message[key] for key in kind._fields])",
        "kind(**message)",
        "Requests.test_unknown_keys_are_ignored",
    ),
    (
        "versions are numbers",
        '"version": str(value.version)',
        '"version": value.version',
        "Transcript.test_the_transcript_is_answered_as_it_stands_there",
    ),
    (
        "versions pass through a double",
        '"version": str(value.version)',
        '"version": str(min(int(float(value.version)), 2**63 - 1))',
        "Values.test_versions_are_exact",
    ),
    (
        "payloads are parsed and printed again",
        "return {**value._asdict(), ",
        "return {**value._asdict(), "
        "**({'data': json.dumps(json.loads(value.data, parse_int=float))} if hasattr(value, 'data') else {}), ",
        "Values.test_every_text_comes_back",
    ),
    (
        "texts end at U+0000",
        "self._serve(json.loads(line))",
        'self._serve(json.loads(line.replace(b"\\\\u0000", b"")))',
        "Values.test_every_text_comes_back",
    ),
    (
        "long lines are cut",
        "sys.stdin.buffer.readline()",
        "sys.stdin.buffer.readline(65536)",
        "Values.test_a_payload_of_a_mebibyte_comes_back",
    ),
    (
        "errors have no fields",
        '"message": str(error), **fields}',
        '"message": str(error)}',
        "Values.test_empty_ids_are_refused_by_name",
    ),
    (
        "the empty namespace is none",
        'request.get("namespace")',
        'request.get("namespace") or None',
        "Values.test_namespaces_are_told_apart_from_none_and_from_each_other",
    ),
    (
        "handles are not forgotten",
        '        del self._handles[request["handle"]]\n',
        "",
        "Stores.test_a_released_storage_is_gone",
    ),
    (
        "close does nothing",
        '    def call_close(self, request):\n        self._store(request).close()',
        "    def call_close(self, request):",
        "Stores.test_every_call_on_a_closed_handle_is_closed",
    ),
    (
        "saves are not passed on",
        'save_event(from_message(Event, request["event"]))',
        "get_latest_version('')",
        "Stores.test_of_saves_of_one_version_one_wins",
    ),
    (
        "raw bytes pass through text",
        "base64.b64encode(raw)",
        'base64.b64encode(raw.decode(errors="replace").encode())',
        "Stores.test_malformed_records_come_back_byte_for_byte",
    ),
    (
        "the location is another storage's",
        '"location" in request:\n            log = self._elsewhere[request["handle"]] = Log(request["location"])',
        '"location" in request:\n            log = self._elsewhere[request["handle"]] = Log(tempfile.mkdtemp())',
        "Stores.test_a_second_process_shares_the_storage",
    ),
    (
        "notices come twice",
        '            self._write({"notice": {"eventId": event.id, **facts}, "subscription": number})\n',
        '            self._write({"notice": {"eventId": event.id, **facts}, "subscription": number})\n' * 2,
        "Notices.test_each_save_gives_one_notice_in_version_order",
    ),
    (
        "unsubscribe ends nothing",
        'self._find(self._subscriptions, request["subscription"]).end()',
        'self._find(self._subscriptions, request["subscription"])',
        "Notices.test_no_notice_comes_after_the_answer_to_the_end_of_its_subscription",
    ),
]


class Catches(unittest.TestCase):
    def setUp(self):
        self.sound = (EXAMPLES / "driver.py").read_text()

    def test_each_mistake_is_found(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for (what, _, _, test), done in zip(MISTAKES, pool.map(self.make, MISTAKES)):
                with self.subTest(what):
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertIn(f"{test.partition('.')[2]} (", done.stderr)
                    self.assertNotIn("SyntaxError", done.stderr)

    def test_without_a_mistake_nothing_is_found(self):
        for test in sorted({mistake[-1] for mistake in MISTAKES}):
            done = self.play(EXAMPLES / "driver.py", test)
            self.assertEqual(done.returncode, 0, done.stderr)

    def make(self, mistake):
        """Makes the mistake, and lets the test look at it."""
        _, old, new, test = mistake
        self.assertEqual(self.sound.count(old), 1, f"driver.py does not have this once: {old}")
        with tempfile.TemporaryDirectory() as directory:
            driver = pathlib.Path(directory) / "driver.py"
            driver.write_text(self.sound.replace(old, new))
            shutil.copy(EXAMPLES / "file_store.py", directory)
            return self.play(driver, test, "--limit", "5")

    def play(self, driver, test, *options):
        # Where Python is told not to buffer, a missing flush is no mistake.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        command = [sys.executable, TEST, *options, "--only", test, sys.executable, driver]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


if __name__ == "__main__":
    unittest.main()
