"""A driver as a child process: sends requests, collects answers and notices, checks each line against the schema."""

import contextlib
import json
import os
import pathlib
import queue
import subprocess
import tempfile
import threading
import time

import jsonschema

SPEC = pathlib.Path(__file__).resolve().parents[3] / "spec"
LIMIT = 60  # seconds that anything may take before it counts as missing

SCHEMA = json.loads((SPEC / "driver.schema.json").read_text())
VALIDATORS = {}


def violation(definition, message):
    """What of `message` is not as the schema has it, or nothing."""
    if definition not in VALIDATORS:
        schema = {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{definition}"}
        VALIDATORS[definition] = jsonschema.Draft202012Validator(schema)
    error = jsonschema.exceptions.best_match(VALIDATORS[definition].iter_errors(message))
    return error and f"{definition}: {error.json_path}: {error.message}"


class DriverError(AssertionError):
    pass


class DriverProcess:
    def __init__(self, command):
        self.command = command
        self._scratch = tempfile.TemporaryDirectory()  # for what a driver that is killed leaves behind
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": self._scratch.name}
        )
        self.notices = queue.Queue()
        self.arrived = []  # ids of answers and subscriptions of notices, in the order of their lines
        self._calls = {}
        self._answers = {}
        self._changed = threading.Condition()
        self._failure = None
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self._scratch.cleanup()
        if self._failure:
            raise self._failure

    def send(self, call, **keys):
        """Writes a request and does not wait. Answers its id."""
        return self.send_all([{"call": call, **keys}])[0]

    def send_all(self, requests):
        """Writes all requests at once, so that the driver has them together. Answers their ids."""
        first = len(self._calls) + 1
        numbers = list(range(first, first + len(requests)))
        for number, request in zip(numbers, requests):
            self._calls[number] = request["call"]
        lines = [json.dumps({"id": number, **request}) + "\n" for number, request in zip(numbers, requests)]
        try:
            self.process.stdin.write("".join(lines).encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise DriverError(f"the driver has ended before request {first} ({requests[0]['call']})") from None
        return numbers

    def answer(self, number):
        with self._changed:
            there = self._changed.wait_for(lambda: number in self._answers or self._failure or self._ended, LIMIT)
            if number in self._answers:
                return self._answers[number]
            if self._failure:
                raise self._failure
            what = "the driver has ended" if there else f"none within {LIMIT} s"
            raise DriverError(f"no answer to request {number} ({self._calls[number]}): {what}")

    def ask(self, call, **keys):
        """The result of a request that has to succeed."""
        answer = self.answer(self.send(call, **keys))
        if "error" in answer:
            raise DriverError(f"{call} failed: {answer['error']}")
        return answer["result"]

    def ask_error(self, call, **keys):
        """The error of a request that has to fail."""
        answer = self.answer(self.send(call, **keys))
        if "result" in answer:
            raise DriverError(f"{call} succeeded: {answer['result']}")
        return answer["error"]

    def notice(self):
        try:
            return self.notices.get(timeout=LIMIT)
        except queue.Empty:
            raise self._failure or DriverError(f"no notice within {LIMIT} s") from None

    def end_input(self):
        """Closes the driver's standard input. Answers its exit code."""
        self.process.stdin.close()
        return self.exit_code()

    def exit_code(self):
        code = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        return code

    def _read(self):
        # Not the lines of a text file: some of those end at U+2028.
        for line in self.process.stdout:
            failure = self._take(line)
            if failure:
                with self._changed:
                    self._failure = DriverError(f"{failure}, in the line {line[:500]!r}")
                    self._changed.notify_all()
                return
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _take(self, line):
        """Answers what is wrong with the line, or nothing."""
        try:
            message = json.loads(line.decode())
        except ValueError as error:
            return f"no JSON: {error}"
        if not line.endswith(b"\n") or not isinstance(message, dict):
            return "no whole message"
        if "notice" in message:
            self.arrived.append(("notice", message["subscription"]))
            self.notices.put(message)
            return violation("notice", message)
        wrong = violation("answer", message)
        if wrong:
            return wrong
        number = message["id"]
        with self._changed:
            if number not in self._calls or number in self._answers:
                return "an answer to nothing, or a second one"
            known = f"result_{self._calls[number]}"
            if "result" in message and known in SCHEMA["$defs"]:
                wrong = violation(known, message["result"])
            self.arrived.append(("answer", number))
            self._answers[number] = message
            self._changed.notify_all()
        return wrong


def wait_until(condition, what):
    """Asks again until `condition()` holds."""
    limit = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > limit:
            raise DriverError(f"not within {LIMIT} s: {what}")
