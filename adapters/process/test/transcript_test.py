"""Plays the transcript of the specification against a driver, and asks it what the transcript cannot show.

Needs python3-jsonschema. Whether the store is sound is the kit's to find out; here it is the driver that is tried:
lines, order, concurrency, values, errors, ends.
"""

import argparse
import base64
import decimal
import json
import sys
import unittest

import driver_process
from driver_process import SPEC, DriverProcess, wait_until

COMMAND = []
NEEDS = {
    "get_events_with_errors": "errors",
    "save_snapshot": "snapshots",
    "get_latest_snapshot": "snapshots",
    "subscribe": "notices",
    "unsubscribe": "notices",
    "inject_malformed": "malformed",
}
HOSTILE = ["\0", "a\0b", "\u2028\u2029\x85\r\n", "\U0001f600\U0010ffff\ufffe", '"\\/</script>', "__proto__", " "]
HOSTILE += ["é", "e\u0301"]  # the same letter, and not the same text


def event(version, actor="order-1", **changes):
    return {
        "id": f"e-{version}",
        "eventType": "OrderPlaced",
        "actorId": actor,
        "commandId": "",
        "version": str(version),
        "data": "{}",
        "metadata": {},
        "timestamp": "2026-01-13T21:26:16.12Z",
        **changes,
    }


def value_of(payload):
    return json.loads(payload, parse_float=decimal.Decimal)


def plain(message):
    """`message` without what may be left out, and with what may be spelled in several ways as values."""
    if isinstance(message, list):
        return [plain(item) for item in message]
    if not isinstance(message, dict):
        return message
    if "rawData" in message:
        return {"rawData": message["rawData"]}
    result = {}
    for key, value in message.items():
        if key in ("data", "state"):
            result[key] = value_of(value)
        elif key == "timestamp":
            seconds, _, fraction = value.upper().rstrip("Z").partition(".")
            result[key] = f"{seconds}.{fraction:0<9}"
        elif key == "metadata":
            result.update({"metadata": value} if value else {})
        elif (key, value) != ("commandId", "") and key not in ("message", "sequenceNumber"):
            result[key] = plain(value)
    return result


class DriverTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.driver = self.start()
        self.capabilities = self.driver.ask("hello", protocol=1)["capabilities"]

    def start(self):
        return self.enterContext(DriverProcess(COMMAND))

    def open(self, storage=1, handle=1, **keys):
        self.assertEqual(self.driver.ask("open", storage=storage, handle=handle, **keys), {})

    def need(self, *capabilities):
        for capability in capabilities:
            if capability not in self.capabilities:
                self.skipTest(f"the driver does not offer {capability}")

    def save(self, *events, handle=1):
        for one in events:
            self.assertEqual(self.driver.ask("save", handle=handle, event=one), {})

    def read(self, actor="order-1", from_version=0, handle=1, driver=None):
        asked = {"handle": handle, "actorId": actor, "fromVersion": str(from_version)}
        return (driver or self.driver).ask("get_events", **asked)["events"]

    def latest(self, actor="order-1", handle=1):
        return int(self.driver.ask("get_latest_version", handle=handle, actorId=actor)["version"])


class Transcript(DriverTest):
    def test_the_transcript_is_answered_as_it_stands_there(self):
        # Not splitlines(), which also splits at U+2028.
        lines = (SPEC / "vectors/driver-transcript.jsonl").read_text().rstrip("\n").split("\n")
        asked, left_out = {}, set()
        for number, line in enumerate(map(json.loads, lines), 1):
            message = line["message"]
            if line["to"] == "driver":
                self.ask(message, asked, left_out)
            elif "notice" in message and "notices" in self.capabilities:
                self.assertEqual(plain(self.driver.notice()), plain(message), f"line {number}")
            elif message.get("id") in asked:
                self.compare(message, self.driver.answer(asked[message["id"]]), f"line {number}")
        self.assertEqual(self.driver.exit_code(), 0)

    def ask(self, request, asked, left_out):
        needed = NEEDS.get(request["call"], "namespaces" if "namespace" in request else None)
        if (needed and needed not in self.capabilities) or request.get("handle") in left_out:
            left_out.add(request.get("handle") if request["call"] == "open" else None)
            return
        asked[request["id"]] = self.driver.send(**{key: value for key, value in request.items() if key != "id"})

    def compare(self, expected, answer, where):
        expected, answer = plain(expected), plain(answer)
        result = expected.get("result", {})
        if "capabilities" in result:
            self.assertEqual(answer["result"]["protocol"], result["protocol"], where)
            return
        if "errors" in result and "malformed" not in self.capabilities:
            result["errors"] = []
        self.assertEqual({**answer, "id": 0}, {**expected, "id": 0}, where)


class Requests(DriverTest):
    def test_a_call_is_answered_while_another_is_under_way(self):
        self.open()
        sleeping = self.driver.send("sleep", milliseconds=3_600_000)
        self.save(event(1))
        self.assertEqual(self.latest(), 1)
        self.assertNotIn(("answer", sleeping), self.driver.arrived)

    def test_sleep_is_answered(self):
        self.assertEqual(self.driver.ask("sleep", milliseconds=1), {})

    def test_200_requests_at_once_get_an_answer_each(self):
        self.open()
        requests = [{"call": "get_latest_version", "handle": 1, "actorId": f"a-{i}"} for i in range(200)]
        numbers = self.driver.send_all(requests)
        for number in numbers:
            self.assertEqual(self.driver.answer(number)["result"], {"version": "0"})
        self.assertEqual(self.driver.ask("sleep", milliseconds=0), {})
        self.assertEqual(len([1 for kind, _ in self.driver.arrived if kind == "answer"]), 200 + 3)

    def test_unknown_calls_handles_storages_and_protocols_are_unsupported(self):
        for call, keys in (
            ("compact", {}),
            ("__init__", {}),
            ("hello", {"protocol": 2}),
            ("get_latest_version", {"handle": 9, "actorId": "a"}),
            ("close", {"handle": 9}),
            ("discard", {"storage": 9}),
        ):
            with self.subTest(call=call):
                self.assertEqual(self.driver.ask_error(call, **keys)["code"], "unsupported")

    def test_unknown_keys_are_ignored(self):
        self.open(colour="red")
        self.save({**event(1), "colour": {"red": [1]}})
        self.assertEqual(plain(self.read()), plain([event(1)]))

    def test_the_end_of_the_input_ends_the_driver_whatever_is_under_way(self):
        self.driver.send("sleep", milliseconds=3_600_000)
        self.assertEqual(self.driver.end_input(), 0)

    def test_shutdown_is_answered_and_ends_the_driver(self):
        self.driver.send("sleep", milliseconds=3_600_000)
        self.assertEqual(self.driver.ask("shutdown"), {})
        self.assertEqual(self.driver.exit_code(), 0)


class Values(DriverTest):
    def test_every_text_comes_back(self):
        self.open()
        for text in HOSTILE:
            with self.subTest(text=text):
                data = json.dumps({text: [text, 18446744073709551615, 0.1]})
                texts = {"id": text, "eventType": text, "commandId": text, "metadata": {text: text, "": ""}}
                saved = event(1, text, **texts, data=data)
                self.save(saved)
                self.assertEqual(plain(self.read(text)), plain([saved]))

    def test_a_payload_of_a_mebibyte_comes_back(self):
        self.open()
        self.save(event(1, data=json.dumps({"text": "x" * 2**20})))
        self.assertEqual(self.read()[0]["data"], json.dumps({"text": "x" * 2**20}))

    def test_versions_are_exact(self):
        self.open()
        versions = [2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]
        self.save(*map(event, versions))
        self.assertEqual([int(one["version"]) for one in self.read()], versions)
        self.assertEqual([int(one["version"]) for one in self.read(from_version=2**53 + 1)], versions[1:])
        self.assertEqual(len(self.read(from_version=-(2**63))), 4)
        self.assertEqual(self.latest(), 2**63 - 1)
        error = self.driver.ask_error("save", handle=1, event=event(-(2**63)))
        self.assertEqual((error["attemptedVersion"], error["currentVersion"]), (str(-(2**63)), str(2**63 - 1)))

    def test_versions_below_1_are_refused(self):
        self.open()
        for version in (0, -1):
            error = self.driver.ask_error("save", handle=1, event=event(version))
            self.assertEqual((error["code"], error["currentVersion"]), ("version_conflict", "0"))

    def test_empty_ids_are_refused_by_name(self):
        self.open()
        for field in ("id", "eventType", "actorId"):
            error = self.driver.ask_error("save", handle=1, event=event(1, **{field: ""}))
            self.assertEqual((error["code"], error.get("field")), ("invalid_event", field))

    def test_namespaces_are_told_apart_from_none_and_from_each_other(self):
        self.need("namespaces")
        self.open()
        for handle, name in enumerate(["a", "A", "", *HOSTILE], 2):
            answer = self.driver.answer(self.driver.send("open", storage=1, handle=handle, namespace=name))
            if "result" in answer:  # A store may refuse a name; it may not take it for another.
                self.assertEqual(self.latest(handle=handle), 0, name)
                self.save(event(handle), handle=handle)
        self.assertEqual(self.latest(), 0)


class Stores(DriverTest):
    def test_of_saves_of_one_version_one_wins(self):
        self.open()
        self.open(handle=2)
        for version in range(1, 21):
            rivals = [event(version, id=f"e-{i}") for i in range(20)]
            requests = [{"call": "save", "handle": 1 + i % 2, "event": one} for i, one in enumerate(rivals)]
            answers = [self.driver.answer(number) for number in self.driver.send_all(requests)]
            winners = [one for one, answer in zip(rivals, answers) if "result" in answer]
            self.assertEqual(len(winners), 1)
            self.assertEqual(plain(self.read(from_version=version)), plain(winners))
            for answer in answers:
                if "error" in answer:
                    self.assertEqual(answer["error"]["currentVersion"], str(version))

    def test_a_released_storage_is_gone(self):
        self.open()
        self.save(event(1))
        self.driver.ask("release", handle=1)
        self.driver.ask("discard", storage=1)
        self.open(storage=2, handle=2)
        self.assertEqual(self.latest(handle=2), 0)
        for call, keys in (("get_latest_version", {"handle": 1, "actorId": "a"}), ("discard", {"storage": 1})):
            self.assertEqual(self.driver.ask_error(call, **keys)["code"], "unsupported")

    def test_every_call_on_a_closed_handle_is_closed(self):
        self.open()
        self.open(handle=2)
        self.save(event(1))
        self.driver.ask("close", handle=1)
        read = {"actorId": "order-1", "fromVersion": "0"}
        snapshot = {"actorId": "order-1", "version": "1", "state": "{}", "timestamp": "2026-01-13T21:26:16Z"}
        calls = {
            "save": {"event": event(2)},
            "get_events": read,
            "get_latest_version": {"actorId": "order-1"},
            "get_events_with_errors": read,
            "save_snapshot": {"snapshot": snapshot},
            "get_latest_snapshot": {"actorId": "order-1"},
            "subscribe": {"subscription": 1},
        }
        for call, keys in calls.items():
            if NEEDS.get(call, "notices") in self.capabilities:
                self.assertEqual(self.driver.ask_error(call, handle=1, **keys)["code"], "closed", call)
        self.assertEqual(self.latest(handle=2), 1)

    def test_malformed_records_come_back_byte_for_byte(self):
        self.need("errors", "malformed")
        self.open()
        stored = []
        sound = json.dumps({**event(2), "version": 2, "data": {}})
        kinds = [b"", b"\n", b"no JSON\0", b"{}", b"null", b"[1]", b"\xff\xfe", sound[:-9].encode(), b'{"id":"\xc3"}']
        for version, raw in enumerate([*kinds, sound.replace('"e-2"', "7").encode(), b"x" * 2**20], 1):
            encoded = base64.b64encode(raw).decode()
            told = self.driver.ask("inject_malformed", storage=1, actorId="order-1", raw=encoded)
            if told["possible"]:
                stored.append((told["sequenceNumber"], encoded))
            self.save(event(version))
        answer = self.driver.ask("get_events_with_errors", handle=1, actorId="order-1", fromVersion="0")
        self.assertEqual([(error["sequenceNumber"], error["rawData"]) for error in answer["errors"]], stored)
        self.assertTrue(all(error["cause"] for error in answer["errors"]))
        self.assertEqual(answer["events"], self.read())
        self.assertEqual(len(answer["events"]), len(kinds) + 2)

    def test_what_has_expired_is_not_read_and_leaves_the_latest_version(self):
        self.need("retention")
        self.open(retentionMs=300)
        self.save(event(1), event(2))
        wait_until(lambda: not self.read(), "the events expire")
        self.assertEqual(self.latest(), 2)
        self.driver.ask("release", handle=1)
        self.open(handle=2, retentionMs=300)
        self.assertEqual(self.driver.ask_error("save", handle=2, event=event(2))["currentVersion"], "2")

    def test_a_second_process_shares_the_storage(self):
        self.need("location")
        self.open()
        self.save(event(1))
        other = self.start()
        other.ask("open", location=self.driver.ask("location", storage=1)["location"], handle=1)
        self.assertEqual(plain(self.read(driver=other)), plain([event(1)]))
        for version in range(2, 22):
            mine = self.driver.send("save", handle=1, event=event(version, id="mine"))
            theirs = other.send("save", handle=1, event=event(version, id="theirs"))
            answers = {"mine": self.driver.answer(mine), "theirs": other.answer(theirs)}
            winners = [name for name, answer in answers.items() if "result" in answer]
            for driver in (self.driver, other):
                self.assertEqual([one["id"] for one in self.read(from_version=version, driver=driver)], winners)
        self.assertEqual(other.end_input(), 0)
        self.assertEqual(self.latest(), 21)


class Notices(DriverTest):
    def setUp(self):
        super().setUp()
        self.need("notices")
        self.open()

    def test_each_save_gives_one_notice_in_version_order(self):
        self.driver.ask("subscribe", handle=1, subscription=1)
        actors = [f"a-{i}" for i in range(10)]
        for version in range(1, 21):
            requests = [{"call": "save", "handle": 1, "event": event(version, actor)} for actor in actors]
            refused = [{"call": "save", "handle": 1, "event": event(version, actor, id="")} for actor in actors]
            for number in self.driver.send_all(requests + refused):
                self.driver.answer(number)
        told = {actor: [] for actor in actors}
        for _ in range(200):
            notice = self.driver.notice()["notice"]
            told[notice["actorId"]].append((notice["eventId"], int(notice["version"])))
        for versions in told.values():
            self.assertEqual(versions, [(f"e-{version}", version) for version in range(1, 21)])
        self.driver.ask("unsubscribe", subscription=1)
        self.assertTrue(self.driver.notices.empty())

    def test_when_a_notice_comes_its_event_can_be_read(self):
        self.driver.ask("subscribe", handle=1, subscription=1)
        for version in range(1, 21):
            saving = self.driver.send("save", handle=1, event=event(version))
            self.driver.notice()
            self.assertEqual(len(self.read(from_version=version)), 1)
            self.driver.answer(saving)

    def test_no_notice_comes_after_the_answer_to_the_end_of_its_subscription(self):
        version = 0
        for subscription, ending in enumerate(["unsubscribe", "close", "release"] * 10, 1):
            handle = subscription + 1
            self.open(handle=handle)
            around = []
            for _ in range(2):
                saves = [{"call": "save", "handle": 1, "event": event(version + i)} for i in range(1, 11)]
                around.append(saves)
                version += 10
            subscribe = {"call": "subscribe", "handle": handle, "subscription": subscription}
            numbers = self.driver.send_all([*around[0][:5], subscribe, *around[0][5:]])
            self.driver.answer(numbers[5])
            key = {"subscription": subscription} if ending == "unsubscribe" else {"handle": handle}
            more = self.driver.send_all([*around[1][:5], {"call": ending, **key}, *around[1][5:]])
            for number in numbers + more:
                self.driver.answer(number)
            arrived = self.driver.arrived
            told = [i for i, line in enumerate(arrived) if line == ("notice", subscription)]
            if told:
                self.assertLess(told[-1], arrived.index(("answer", more[5])))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="CLASS.TEST", help="leave out all other tests")
    parser.add_argument("--limit", type=float, default=driver_process.LIMIT, help="seconds that anything may take")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="DRIVER_COMMAND")
    arguments = parser.parse_args()
    if not arguments.command:
        parser.error("there is no DRIVER_COMMAND")
    COMMAND = arguments.command
    driver_process.LIMIT = arguments.limit
    unittest.main(argv=[sys.argv[0], *arguments.only])
