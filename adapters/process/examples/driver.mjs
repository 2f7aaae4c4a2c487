#!/usr/bin/env node
// A driver (spec/driver.md) in JavaScript. It knows the store (memory_store.mjs) by its methods only: to judge one of
// your own put it in its place. Needs Node.js 18 and nothing else.

import { setTimeout as sleep } from "node:timers/promises";

import { Storage, Store, StoreError } from "./memory_store.mjs";

const CAPABILITIES = ["errors", "snapshots", "notices", "malformed", "namespaces"];

// The kit asked for what this driver does not know: no error of the store's.
const unsupported = (message) => new StoreError("unsupported", message);

const storages = new Map();
const handles = new Map();
const subscriptions = new Map();

function find(table, number) {
  if (!table.has(number)) throw unsupported(`there is no ${number}`);
  return table.get(number);
}

// Only known keys are handed on. An absent command id or map of metadata stays absent.
function toEvent({ id, eventType, actorId, commandId, version, data, metadata, timestamp }) {
  return { id, eventType, actorId, commandId, version: BigInt(version), data, metadata, timestamp };
}
function toSnapshot({ actorId, version, state, timestamp }) {
  return { actorId, version: BigInt(version), state, timestamp };
}
const toMessage = (value) => ({ ...value, version: String(value.version) });

// Each answers the result.
const calls = {
  hello({ protocol }) {
    if (protocol !== 1) throw unsupported("this driver speaks protocol 1");
    const store = { store: "example in JavaScript", version: "1.0", language: `Node.js ${process.versions.node}` };
    return { protocol, ...store, capabilities: CAPABILITIES };
  },

  open({ storage, handle, namespace }) {
    if (!storages.has(storage)) storages.set(storage, new Storage());
    handles.set(handle, new Store(storages.get(storage), namespace));
    return {};
  },

  async save({ handle, event }) {
    await find(handles, handle).saveEvent(toEvent(event));
    return {};
  },

  async get_events({ handle, actorId, fromVersion }) {
    const events = await find(handles, handle).getEvents(actorId, BigInt(fromVersion));
    return { events: events.map(toMessage) };
  },

  async get_latest_version({ handle, actorId }) {
    return { version: String(await find(handles, handle).getLatestVersion(actorId)) };
  },

  async get_events_with_errors({ handle, actorId, fromVersion }) {
    const { events, errors } = await find(handles, handle).getEventsWithErrors(actorId, BigInt(fromVersion));
    const told = errors.map(({ sequenceNumber, rawData, cause }) => {
      return { sequenceNumber: String(sequenceNumber), rawData: rawData.toString("base64"), cause };
    });
    return { events: events.map(toMessage), errors: told };
  },

  async save_snapshot({ handle, snapshot }) {
    await find(handles, handle).saveSnapshot(toSnapshot(snapshot));
    return {};
  },

  async get_latest_snapshot({ handle, actorId }) {
    const snapshot = await find(handles, handle).getLatestSnapshot(actorId);
    return { snapshot: snapshot && toMessage(snapshot) };
  },

  async subscribe({ handle, subscription }) {
    const tell = ({ id, actorId, version, timestamp }) => {
      write({ notice: { eventId: id, actorId, version: String(version), timestamp }, subscription });
    };
    subscriptions.set(subscription, await find(handles, handle).subscribe(tell));
    return {};
  },

  async unsubscribe({ subscription }) {
    await find(subscriptions, subscription).end();
    subscriptions.delete(subscription);
    return {};
  },

  async close({ handle }) {
    await find(handles, handle).close();
    return {};
  },

  async release({ handle }) {
    await find(handles, handle).close();
    handles.delete(handle);
    return {};
  },

  discard({ storage }) {
    find(storages, storage);
    storages.delete(storage);
    return {};
  },

  inject_malformed({ storage, actorId, raw }) {
    const place = find(storages, storage).space(undefined).append(actorId, 0n, Buffer.from(raw, "base64"));
    return { possible: true, sequenceNumber: String(place) };
  },

  async sleep({ milliseconds }) {
    await sleep(milliseconds);
    return {};
  },

  shutdown() {
    return {};
  },
};

function write(message) {
  return new Promise((resolve) => process.stdout.write(JSON.stringify(message) + "\n", resolve));
}

async function serve({ id, call, ...request }) {
  try {
    if (!Object.hasOwn(calls, call)) throw unsupported(`no such call: ${call}`);
    await write({ id, result: await calls[call](request) });
  } catch (error) {
    const told = error instanceof StoreError ? { code: error.code, ...error.fields } : { code: "exception" };
    if (told.code === "exception") console.error(error);
    write({ id, error: { ...told, message: String(error.message) } });
  }
  if (call === "shutdown") process.exit(0);
}

// By hand, since node:readline also ends a line at U+2028, which may stand inside of a text.
let rest = [];
process.stdin.on("data", (chunk) => {
  for (let end; (end = chunk.indexOf(10)) >= 0; chunk = chunk.subarray(end + 1)) {
    serve(JSON.parse(Buffer.concat([...rest, chunk.subarray(0, end)]).toString())); // Nobody waits for its answer.
    rest = [];
  }
  rest.push(chunk);
});
process.stdin.on("end", () => process.exit(0)); // Whatever is under way: the kit does not wait for it.
