#!/usr/bin/env python3
"""Checks the JSON schemas against the vectors, and rules.json against its schema.

Usage: schema_test.py SPEC_DIR. Needs python3-jsonschema.
"""

import base64
import json
import pathlib
import sys

import jsonschema

SPEC = pathlib.Path(sys.argv[1])
VALIDATORS = {}
for name in ("event", "snapshot", "rules", "driver"):
    schema = json.loads((SPEC / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    VALIDATORS[name] = jsonschema.Draft202012Validator(schema)

failures = []
checked = 0


def expect(condition, what):
    global checked
    checked += 1
    if not condition:
        failures.append(what)


def vectors(name):
    # Not splitlines(), which also splits at U+2028.
    for line in (SPEC / "vectors" / name).read_text().rstrip("\n").split("\n"):
        yield json.loads(line)


def parse(raw):
    """[the JSON value in `raw`], or None if it holds none. Python takes NaN for JSON; RFC 8259 does not."""

    def refuse(constant):
        raise ValueError(constant)

    try:
        return [json.loads(raw.decode("utf-8"), parse_constant=refuse)]
    except (ValueError, RecursionError):
        return None


sys.setrecursionlimit(10_000)

for vector in vectors("go-events.jsonl"):
    expect(VALIDATORS["event"].is_valid(vector["wire"]), f"go-events: {vector['name']}: refused")

for vector in vectors("valid.jsonl"):
    for key in ("wire", "encoded"):
        parsed = parse(vector[key].encode())
        accepted = parsed and VALIDATORS[vector["kind"]].is_valid(parsed[0])
        expect(accepted, f"valid: {vector['name']}: {key} refused")

for vector in vectors("invalid.jsonl"):
    raw = base64.b64decode(vector["base64"]) if "base64" in vector else vector["wire"].encode()
    parsed = parse(raw)
    if not parsed:
        said = None
    elif VALIDATORS[vector["kind"]].is_valid(parsed[0]):
        said = "accepts"
    else:
        said = "refuses"
    wanted = vector.get("schema")
    expect(said == wanted, f"invalid: {vector['name']}: schema {said}, expected {wanted}")

rules = json.loads((SPEC / "rules.json").read_text())
for error in VALIDATORS["rules"].iter_errors(rules):
    expect(False, f"rules.json: {error.json_path}: {error.message}")
for damage in ({"level": "MAY"}, {"id": "VER-3"}, {"capability": ["speed"]}, {"title": "It ends so."}):
    damaged = {**rules, "rules": [{**rules["rules"][0], **damage}]}
    expect(not VALIDATORS["rules"].is_valid(damaged), f"rules.schema.json accepts {damage}")


def is_driver_message(definition, message):
    schema = VALIDATORS["driver"].schema
    return VALIDATORS["driver"].evolve(schema={"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"}).is_valid(message)


calls = {}
for number, line in enumerate(vectors("driver-transcript.jsonl"), 1):
    message = line["message"]
    where = f"driver-transcript: line {number}"
    if line["to"] == "driver":
        calls[message["id"]] = message["call"]
        known = "request_" + message["call"] in VALIDATORS["driver"].schema["$defs"]
        expect(is_driver_message("request", message) == known, f"{where}: request")
        expect(not is_driver_message("request", {**message, "id": "1"}), f"{where}: an id may be text")
    elif "notice" in message:
        expect(is_driver_message("notice", message), f"{where}: notice")
    else:
        expect(is_driver_message("answer", message), f"{where}: answer")
        if "result" in message:
            expect(is_driver_message("result_" + calls[message["id"]], message["result"]), f"{where}: result")
        absent = "error" if "result" in message else "result"
        expect(is_driver_message("answer", {**message, absent: None, "later": 1}), f"{where}: no further keys")
        expect(not is_driver_message("answer", {**message, absent: {}}), f"{where}: both a result and an error")
for definition, sound in (
    ("request", {"id": 1, "call": "server_count", "storage": 1}),
    ("request", {"id": 1, "call": "break_server", "storage": 1, "server": 0, "fault": "cut_off"}),
    ("request", {"id": 1, "call": "mend_servers", "storage": 1}),
    ("request", {"id": 1, "call": "leader_of", "storage": 1, "actorId": "a"}),
    ("request", {"id": 1, "call": "location", "storage": 1}),
    ("result_server_count", {"servers": 3}),
    ("result_server_count", {"servers": 3.0}),
    ("result_server_count", {"servers": 1000}),
    ("result_break_server", {"possible": False}),
    ("result_mend_servers", {}),
    ("result_leader_of", {"server": 2}),
    ("result_leader_of", {"server": None}),
    ("result_leader_of", {}),
):
    expect(is_driver_message(definition, sound), f"driver.schema.json: {definition} refuses {sound}")
for definition, damaged in (
    ("request", {"id": 1, "call": "break_server", "storage": 1, "server": 0, "fault": "burn"}),
    ("request", {"id": 1, "call": "break_server", "storage": 1, "server": -1, "fault": "kill"}),
    ("result_server_count", {"servers": 0}),
    ("result_server_count", {"servers": 1001}),
    ("result_server_count", {"servers": "3"}),
    ("result_break_server", {}),
    ("result_leader_of", {"server": "2"}),
    ("result_leader_of", {"server": 1000}),
    ("event", {"id": "e", "eventType": "t", "actorId": "a", "version": 1, "data": "{}", "timestamp": "2026-01-13T21:26:16Z"}),
    ("result_get_latest_version", {"version": "01"}),
    ("result_get_latest_version", {"version": 1}),
    ("result_get_events", {}),
    ("error", {"code": "version_conflict", "message": "stale"}),
    ("error", {"code": "oops", "message": "?"}),
    ("bytes", "bm8=bm8="),
):
    expect(not is_driver_message(definition, damaged), f"driver.schema.json: {definition} accepts {damaged}")

for failure in failures:
    print(failure, file=sys.stderr)
print(f"{checked} checks, {len(failures)} failed")
sys.exit(1 if failures else 0)
