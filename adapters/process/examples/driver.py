#!/usr/bin/env python3
"""A driver (spec/driver.md) in Python. Needs Python 3.9 and nothing else.

It knows the store (file_store.py) by its methods only: to judge one of your own put it in its place.
"""

import base64
import json
import os
import platform
import shutil
import sys
import tempfile
import threading
import time
import traceback

from file_store import Event, Log, Snapshot, Store, StoreError


class Unsupported(StoreError):
    """The kit asked for what this driver does not know: no error of the store's."""

    def __init__(self, message):
        super().__init__("unsupported", message)


CAPABILITIES = ["errors", "snapshots", "notices", "malformed", "namespaces", "location", "files", "power_loss"]
WORKERS = 16  # so many requests can be under way at the same time


def from_message(kind, message):
    value = kind(*[message[key] for key in kind._fields])  # Keys that it does not know are left alone.
    return value._replace(version=int(value.version))


def to_message(value):
    return {**value._asdict(), "version": str(value.version)}


class Driver:
    def __init__(self):
        self._input, self._output, self._opening = threading.Lock(), threading.Lock(), threading.Lock()
        self._ended, self._exit_code = threading.Event(), 0
        self._directories, self._logs, self._handles, self._subscriptions = {}, {}, {}, {}
        self._elsewhere = {}  # by handle: the log of another process

    def run(self):
        """Until the input ends, or something that is no request comes."""
        for _ in range(WORKERS):
            threading.Thread(target=self._work, daemon=True).start()
        self._ended.wait()
        for directory in self._directories.values():
            shutil.rmtree(directory, ignore_errors=True)
        os._exit(self._exit_code)  # Whatever is under way: the kit does not wait for it.

    def _work(self):
        try:
            while True:
                with self._input:  # The workers take turns at reading; each then serves what it has read.
                    line = sys.stdin.buffer.readline()
                if not line:
                    break
                self._serve(json.loads(line))
        except Exception:
            traceback.print_exc()
            self._exit_code = 1
        self._ended.set()

    def _write(self, message):
        line = json.dumps(message).encode() + b"\n"
        with self._output:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    def _serve(self, request):
        number = request["id"]
        try:
            call = getattr(self, "call_" + request["call"], None)
            if call is None:
                raise Unsupported(f"no such call: {request['call']}")
            result = call(request)
            if result is not None:  # else the call has written its answer itself
                self._write({"id": number, "result": result})
        except StoreError as error:
            fields = {key: str(value) for key, value in error.fields.items()}
            self._write({"id": number, "error": {"code": error.code, "message": str(error), **fields}})
        except Exception as error:
            traceback.print_exc()
            self._write({"id": number, "error": {"code": "exception", "message": repr(error)}})

    @staticmethod
    def _find(table, number):
        if number not in table:
            raise Unsupported(f"there is no {number}")
        return table[number]

    def _store(self, request):
        return self._find(self._handles, request["handle"])

    def call_hello(self, request):
        if request["protocol"] != 1:
            raise Unsupported("this driver speaks protocol 1")
        language = f"Python {platform.python_version()}"
        hello = {"protocol": 1, "store": "example in Python", "version": "1.0", "language": language}
        return {**hello, "capabilities": CAPABILITIES}

    def _directory(self, storage):
        with self._opening:
            if storage not in self._directories:
                self._directories[storage] = tempfile.mkdtemp(prefix="aether-python-")
            return self._directories[storage]

    def call_open(self, request):
        if "location" in request:
            log = self._elsewhere[request["handle"]] = Log(request["location"])
        else:
            directory = self._directory(request["storage"])
            with self._opening:
                log = self._logs.get(request["storage"]) or Log(directory)
                self._logs[request["storage"]] = log
        self._handles[request["handle"]] = Store(log, request.get("namespace"))
        return {}

    def call_save(self, request):
        self._store(request).save_event(from_message(Event, request["event"]))
        return {}

    def call_get_events(self, request):
        events = self._store(request).get_events(request["actorId"], int(request["fromVersion"]))
        return {"events": [to_message(event) for event in events]}

    def call_get_latest_version(self, request):
        return {"version": str(self._store(request).get_latest_version(request["actorId"]))}

    def call_get_events_with_errors(self, request):
        store = self._store(request)
        events, errors = store.get_events_with_errors(request["actorId"], int(request["fromVersion"]))
        told = [
            {"sequenceNumber": str(sequence), "rawData": base64.b64encode(raw).decode(), "cause": cause}
            for sequence, raw, cause in errors
        ]
        return {"events": [to_message(event) for event in events], "errors": told}

    def call_save_snapshot(self, request):
        self._store(request).save_snapshot(from_message(Snapshot, request["snapshot"]))
        return {}

    def call_get_latest_snapshot(self, request):
        snapshot = self._store(request).get_latest_snapshot(request["actorId"])
        return {"snapshot": snapshot and to_message(snapshot)}

    def call_subscribe(self, request):
        number = request["subscription"]

        def tell(event):
            facts = {"actorId": event.actorId, "version": str(event.version), "timestamp": event.timestamp}
            self._write({"notice": {"eventId": event.id, **facts}, "subscription": number})

        self._subscriptions[number] = self._store(request).subscribe(tell)
        return {}

    def call_unsubscribe(self, request):
        self._find(self._subscriptions, request["subscription"]).end()
        del self._subscriptions[request["subscription"]]
        return {}

    def call_close(self, request):
        self._store(request).close()
        return {}

    def call_release(self, request):
        self._store(request).close()
        del self._handles[request["handle"]]
        if request["handle"] in self._elsewhere:
            self._elsewhere.pop(request["handle"]).close()
        return {}

    def call_discard(self, request):
        directory = self._find(self._directories, request["storage"])
        if request["storage"] in self._logs:
            self._logs.pop(request["storage"]).close()
        shutil.rmtree(directory)
        del self._directories[request["storage"]]
        return {}

    def call_inject_malformed(self, request):
        log = self._find(self._logs, request["storage"])
        with log.writing():
            sequence = log.append("event", None, request["actorId"], 0, base64.b64decode(request["raw"]))
        return {"possible": True, "sequenceNumber": str(sequence)}

    def call_location(self, request):
        return {"location": self._directory(request["storage"])}

    def call_sleep(self, request):
        time.sleep(request["milliseconds"] / 1000)
        return {}

    def call_shutdown(self, request):
        self._write({"id": request["id"], "result": {}})
        self._ended.set()


Driver().run()
