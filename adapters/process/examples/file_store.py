"""The store of driver.py: in a file that several processes may have open, with the methods of the contract.

What it has acknowledged survives crashes and power cuts, and damage of the file is told. It knows nothing of the driver
protocol.
"""

import collections
import contextlib
import errno
import fcntl
import json
import os
import re
import threading
import typing
import zlib


class Event(typing.NamedTuple):
    id: str
    eventType: str
    actorId: str
    commandId: str
    version: int
    data: str  # stays the text that it came as: what is parsed and printed again changes
    metadata: dict
    timestamp: str


class Snapshot(typing.NamedTuple):
    actorId: str
    version: int
    state: str
    timestamp: str


class Record(typing.NamedTuple):
    sequence: int
    version: int  # 0 where it is not known
    raw: bytes


class StoreError(Exception):
    """An error of the contract: its code, and the fields that this code has."""

    def __init__(self, code, message, **fields):
        super().__init__(message)
        self.code = code
        self.fields = fields


def encode(value):
    return json.dumps(value._asdict()).encode()


def decode(kind, raw):
    """The Event or Snapshot in `raw`; raises ValueError or TypeError where there is none."""
    value = kind(**json.loads(raw.decode()))
    for name, wanted in kind.__annotations__.items():
        if not isinstance(getattr(value, name), wanted):
            raise ValueError(f"{name}: expected {wanted.__name__}")
    return value


def require_texts(value, *fields):
    for field in fields:
        if not getattr(value, field):
            raise StoreError("invalid_event", f"invalid event: {field}: must not be empty", field=field)


class Space:
    """What one namespace holds. A stream has its latest version beside it: malformed records have none."""

    def __init__(self):
        self.saved = []
        self.streams = collections.defaultdict(list)
        self.latest = collections.defaultdict(int)
        self.snapshots = {}


@contextlib.contextmanager
def disk():
    """What fails on the disk within is told as the contract has it."""
    try:
        yield
    except OSError as error:
        raise StoreError("storage_full" if error.errno == errno.ENOSPC else "storage_failed", str(error)) from error


def frame(sequence, *head, raw):
    """A record as it stands in the file: a checksum of the rest, a line of JSON, the bytes, and a line feed."""
    rest = b" %b\n%b\n" % (json.dumps([sequence, *head, len(raw)]).encode(), raw)
    return b"%08x" % zlib.crc32(rest) + rest


# How a record begins. The texts of events and snapshots have their quotes escaped, so it is not found in them.
BEGIN = re.compile(rb'[0-9a-f]{8} \[\d+, "(?:event|snapshot)", ')
HEAD = (int, str, (str, type(None)), str, int, int)


def parse(data, begin):
    """What frame() was given, and where the record ends; None where no sound record begins."""
    line_end = data.find(b"\n", begin)
    if line_end < 0 or not BEGIN.match(data, begin):
        return None
    try:
        head = json.loads(data[begin + 9 : line_end])
        if len(head) != len(HEAD) or not all(map(isinstance, head, HEAD)):
            return None
    except (ValueError, RecursionError):
        return None
    *head, size = head
    end = line_end + 1 + size + 1
    if size < 0 or end > len(data):
        return None
    sound = b"%08x" % zlib.crc32(data[begin + 8 : end]) == data[begin : begin + 8]
    return (head, data[line_end + 1 : end - 1], end) if sound else None


class Log:
    """One storage: a file of records, and what this process has read of it so far.

    Processes meet at the lock of the file. What is not sound at the end was written by one that died, or was never
    synced: the next writer removes it. What is sound there may not be synced either, and is written anew before it is
    shown. What is not sound elsewhere is damage, and nothing is read then.
    """

    def __init__(self, directory):
        self.changed = threading.Condition()  # its lock guards everything here
        self._end = 0
        self._records = 0
        self._torn = b""  # what stands behind the end, as it was found last
        self.spaces = collections.defaultdict(Space)
        with disk():
            self._file = os.open(os.path.join(directory, "log"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with disk():
                self._sync_name(directory)
            self.catch_up()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _sync_name(directory):
        """A file without its name in the directory is lost, however well it is synced itself."""
        opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

    @contextlib.contextmanager
    def _locked(self):
        with disk():
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                self._read()
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def writing(self):
        with self.changed, self._locked():
            if os.fstat(self._file).st_size != self._end:
                os.ftruncate(self._file, self._end)
            yield

    def append(self, kind, namespace, actor_id, version, raw):
        """Within writing(). Answers the sequence number of the record."""
        record = frame(self._records + 1, kind, namespace, actor_id, version, raw=raw)
        try:
            self._write(record, self._end)
            self._sync()
        except (OSError, StoreError):
            with contextlib.suppress(OSError):  # then the next writer does it, or who finds it whole writes it anew
                os.ftruncate(self._file, self._end)
            raise
        self._end += len(record)
        self._take(kind, self.spaces[namespace], actor_id, version, raw)
        self.changed.notify_all()
        return self._records

    def _write(self, data, position):
        while data:
            written = os.pwrite(self._file, data, position)
            data, position = data[written:], position + written

    def _sync(self):
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise StoreError("outcome_unknown", f"whether it is stored is not known: {error}") from error

    def catch_up(self):
        """Takes in what other processes have appended. Within writing() there is nothing."""
        with disk():
            is_news = os.fstat(self._file).st_size != self._end
        if is_news:
            with self._locked():
                pass

    def _read(self):
        new = b""
        missing = os.fstat(self._file).st_size - self._end
        while len(new) < missing:
            read = os.pread(self._file, missing - len(new), self._end + len(new))
            if not read:
                raise OSError(errno.EIO, "a read ends before the file does")
            new += read
        if missing >= 0 and new == self._torn:
            return
        records, begin, last = [], 0, 0
        while (record := parse(new, begin)) and record[0][0] == self._records + len(records) + 1:
            records.append(record)
            last, begin = begin, record[2]
        torn = new[begin:]
        if missing < 0 or any(parse(torn, start.start()) for start in BEGIN.finditer(torn)):
            raise StoreError("corrupt", f"the log is damaged behind byte {self._end + begin}")
        if records:
            # Who wrote the last may have died before its sync, or the sync failed: then another one succeeds without
            # doing anything. Those before it were synced by who wrote behind them.
            self._write(new[last:begin], self._end + last)
            os.fdatasync(self._file)
        for (_, kind, namespace, actor_id, version), raw, _ in records:
            self._take(kind, self.spaces[namespace], actor_id, version, raw)
        self._end += begin
        self._torn = torn

    def _take(self, kind, space, actor_id, version, raw):
        self._records += 1
        if kind == "snapshot":
            if actor_id not in space.snapshots or version >= space.snapshots[actor_id].version:
                space.snapshots[actor_id] = Record(self._records, version, raw)
            return
        space.streams[actor_id].append(Record(self._records, version, raw))
        if version > 0:
            space.latest[actor_id] = version
            space.saved.append(raw)

    def close(self):
        os.close(self._file)


class Subscription:
    """Follows the log with a cursor, on a thread of its own: saves never wait for a callback."""

    POLL_SECONDS = 0.02  # how soon it sees what another process has saved

    def __init__(self, log, namespace, callback):
        self._log, self._namespace, self._callback = log, namespace, callback
        self._ended = False
        with log.changed:
            log.catch_up()
            self._next = len(log.spaces[namespace].saved)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            with self._log.changed:
                with contextlib.suppress(StoreError):  # of the disk: the next time it may do
                    self._log.catch_up()
                news = self._log.spaces[self._namespace].saved[self._next :]
                if not news and not self._ended:
                    self._log.changed.wait(self.POLL_SECONDS)
            self._next += len(news)
            for raw in news:
                if not self._ended:
                    self._callback(decode(Event, raw))
            if self._ended:
                return

    def end(self):
        """Once it has returned, the callback does not run and is not called again."""
        with self._log.changed:
            self._ended = True
            self._log.changed.notify_all()
        self._thread.join()


class Store:
    """A handle on one namespace of a log. Every method may be called from any thread."""

    def __init__(self, log, namespace=None):
        self._log, self._namespace = log, namespace
        self._closed = False
        self._subscriptions = []

    def _space(self):
        if self._closed:
            raise StoreError("closed", "the handle is closed")
        self._log.catch_up()
        return self._log.spaces[self._namespace]

    def save_event(self, event):
        require_texts(event, "id", "eventType", "actorId")
        with self._log.writing():
            latest = self._space().latest.get(event.actorId, 0)
            if event.version <= latest:
                raise StoreError(
                    "version_conflict",
                    f"version conflict: actor {json.dumps(event.actorId)} has version {latest}, "
                    f"cannot save version {event.version}",
                    actorId=event.actorId,
                    attemptedVersion=event.version,
                    currentVersion=latest,
                )
            self._log.append("event", self._namespace, event.actorId, event.version, encode(event))

    def get_events(self, actor_id, from_version):
        return self.get_events_with_errors(actor_id, from_version)[0]

    def get_events_with_errors(self, actor_id, from_version):
        """The events, and for each record that holds none its sequence number, its bytes and the cause."""
        with self._log.changed:
            records = list(self._space().streams.get(actor_id, ()))
        events, errors = [], []
        for record in records:
            if record.version < from_version and from_version > 1:
                continue  # A malformed record counts as below every version but the first.
            try:
                events.append(decode(Event, record.raw))
            except (ValueError, TypeError, RecursionError) as error:
                errors.append((record.sequence, record.raw, f"record: {error}"))
        return events, errors

    def get_latest_version(self, actor_id):
        with self._log.changed:
            return self._space().latest.get(actor_id, 0)

    def save_snapshot(self, snapshot):
        require_texts(snapshot, "actorId")
        with self._log.writing():
            self._space()
            self._log.append("snapshot", self._namespace, snapshot.actorId, snapshot.version, encode(snapshot))

    def get_latest_snapshot(self, actor_id):
        with self._log.changed:
            record = self._space().snapshots.get(actor_id)
        return decode(Snapshot, record.raw) if record else None

    def subscribe(self, callback):
        with self._log.changed:
            self._space()
            self._subscriptions.append(Subscription(self._log, self._namespace, callback))
            return self._subscriptions[-1]

    def close(self):
        with self._log.changed:
            self._closed = True
        for subscription in self._subscriptions:
            subscription.end()
