// The store of driver.mjs: in memory, with the methods of the contract. It knows nothing of the driver protocol.

export class StoreError extends Error {
  // `fields`: what this code has besides its message.
  constructor(code, message, fields = {}) {
    super(message);
    Object.assign(this, { code, fields });
  }
}

// A record is kept as the bytes of its JSON text: what was given to the store and what it hands out share nothing.
// A version is a BigInt, since a number is exact up to 2^53 only, and becomes text in the record.
const encode = (value) => Buffer.from(JSON.stringify({ ...value, version: String(value.version) }));

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const TEXTS = ["id", "eventType", "actorId", "commandId", "version", "data", "timestamp"];

function decode(bytes) {
  const value = JSON.parse(utf8.decode(bytes));
  if (value === null || typeof value !== "object") throw new Error("record: not an object");
  for (const key of TEXTS) if (typeof value[key] !== "string") throw new Error(`${key}: not a text`);
  return { ...value, version: BigInt(value.version) };
}

function requireTexts(value, keys) {
  const field = keys.find((key) => value[key] === "");
  if (field) throw new StoreError("invalid_event", `invalid event: ${field}: must not be empty`, { field });
}

// What one namespace of a storage holds.
class Space {
  streams = new Map(); // Not objects: "__proto__" is an actor like any other.
  snapshots = new Map();
  subscriptions = new Set();

  stream(actorId) {
    return this.streams.get(actorId) ?? { latest: 0n, records: [] };
  }

  append(actorId, version, bytes) {
    const stream = this.stream(actorId);
    this.streams.set(actorId, stream);
    stream.records.push({ version, bytes });
    if (version > 0n) stream.latest = version;
    return stream.records.length;
  }
}

// Calls back once for each event, on a later turn of the loop, so that no save ever waits for a callback.
class Subscription {
  #space;
  #callback;
  #waiting = [];
  #running = null;

  constructor(space, callback) {
    this.#space = space;
    this.#callback = callback;
    space.subscriptions.add(this);
  }

  add(event) {
    this.#waiting.push(event);
    this.#running ??= this.#run();
  }

  async #run() {
    await null; // The save goes first.
    while (this.#waiting.length > 0) {
      try {
        await this.#callback(this.#waiting.shift());
      } catch (error) {
        console.error(error); // A subscriber's trouble is its own: the next notice comes all the same.
      }
    }
    this.#running = null;
  }

  // Once it has ended, the callback does not run and is not called again.
  async end() {
    this.#space.subscriptions.delete(this);
    this.#waiting.length = 0;
    await this.#running;
  }
}

export class Storage {
  #spaces = new Map();

  // Of no namespace where `name` is undefined, which "" is not.
  space(name) {
    if (!this.#spaces.has(name)) this.#spaces.set(name, new Space());
    return this.#spaces.get(name);
  }
}

// A handle on one namespace of a storage. Its methods are asynchronous as those of a real store are; but from a check
// to the append that depends on it nothing is awaited, so that no other call comes between.
export class Store {
  #space;
  #closed = false;
  #subscriptions = new Set();

  constructor(storage, namespace) {
    this.#space = storage.space(namespace);
  }

  #open() {
    if (this.#closed) throw new StoreError("closed", "the handle is closed");
    return this.#space;
  }

  async saveEvent(event) {
    const space = this.#open();
    requireTexts(event, ["id", "eventType", "actorId"]);
    const { latest } = space.stream(event.actorId);
    if (event.version <= latest) {
      const { actorId, version } = event;
      const has = `actor ${JSON.stringify(actorId)} has version ${latest}`;
      const fields = { actorId, attemptedVersion: `${version}`, currentVersion: `${latest}` };
      throw new StoreError("version_conflict", `version conflict: ${has}, cannot save version ${version}`, fields);
    }
    const bytes = encode(event);
    space.append(event.actorId, event.version, bytes);
    for (const subscription of space.subscriptions) subscription.add(decode(bytes));
  }

  async getEvents(actorId, fromVersion) {
    return (await this.getEventsWithErrors(actorId, fromVersion)).events;
  }

  async getEventsWithErrors(actorId, fromVersion) {
    const events = [];
    const errors = [];
    this.#open().stream(actorId).records.forEach(({ version, bytes }, index) => {
      // A malformed record has version 0: it belongs to no part of the stream but all of it.
      if (fromVersion > 1n && version < fromVersion) return;
      try {
        events.push(decode(bytes));
      } catch (error) {
        errors.push({ sequenceNumber: index + 1, rawData: bytes, cause: error.message });
      }
    });
    return { events, errors };
  }

  async getLatestVersion(actorId) {
    return this.#open().stream(actorId).latest;
  }

  async saveSnapshot(snapshot) {
    const { snapshots } = this.#open();
    requireTexts(snapshot, ["actorId"]);
    const last = snapshots.get(snapshot.actorId);
    if (!last || snapshot.version >= last.version) snapshots.set(snapshot.actorId, { ...snapshot });
  }

  async getLatestSnapshot(actorId) {
    const snapshot = this.#open().snapshots.get(actorId);
    return snapshot ? { ...snapshot } : null;
  }

  async subscribe(callback) {
    const subscription = new Subscription(this.#open(), callback);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async close() {
    this.#closed = true;
    for (const subscription of this.#subscriptions) await subscription.end();
  }
}
