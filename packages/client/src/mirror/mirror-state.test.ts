import { EventType, type Event as WireEvent, type KeyValue as WireKeyValue } from "@conclave/wire";
import { expect, test } from "vitest";
import { bytesFrom, Namespace } from "../kv/keys.ts";
import { decoderOf, invalidValueError } from "../kv/value-codec.ts";
import { type InvalidPolicy, MirrorState } from "./mirror-state.ts";

const pair = (key: string | Uint8Array, value: string, modRevision: number): WireKeyValue => ({
  key: bytesFrom(key),
  value: bytesFrom(value),
  createRevision: modRevision,
  modRevision,
  version: 1,
  lease: 0n,
});

const event = (type: EventType, kv: WireKeyValue): WireEvent => ({ type, kv, prevKv: null });
const put = (key: string, value: string, at: number) => event(EventType.PUT, pair(key, value, at));
const gone = (key: string, at: number) => event(EventType.DELETE, pair(key, "", at));

const snapshot = (revision: number, ...pairs: WireKeyValue[]) => ({
  clusterId: 7n,
  revision,
  pairs,
});

/** A mirror of numbers. */
function numbers(policy: InvalidPolicy = "keep-last") {
  return new MirrorState(
    new Namespace(""),
    ({ text, keyText }) => {
      if (!/^\d+$/.test(text)) throw invalidValueError(keyText, "not a number");
      return Number(text);
    },
    policy,
  );
}

// Failure mode 11: what was deleted while nobody watched must go too.
test("a snapshot of the same store brings only the difference, deletes included", () => {
  const state = numbers();
  state.applySnapshot(snapshot(5, pair("a", "1", 3), pair("b", "1", 4), pair("c", "1", 5)), false);
  const batch = state.applySnapshot(snapshot(9, pair("a", "1", 3), pair("b", "2", 9)), true);
  expect(batch).toMatchObject({ revision: 9, resync: true });
  expect([...batch.puts]).toEqual([["b", 2]]);
  expect([...batch.deletes]).toEqual(["c"]);
});

// Failure mode 13: after a wipe, another write may have the same revision.
test("a snapshot of another store is not compared by revision, and may be at an earlier one", () => {
  const state = numbers();
  state.applySnapshot(snapshot(5, pair("a", "1", 3)), false);
  const batch = state.applySnapshot(snapshot(4, pair("a", "2", 3)), false);
  expect([...batch.puts]).toEqual([["a", 2]]);
  expect(state.revision).toBe(4);
});

test("events that the mirror has already are not applied again", () => {
  const state = numbers();
  state.applySnapshot(snapshot(5, pair("a", "1", 5)), false);
  expect(state.applyEvents([gone("a", 4), put("a", "1", 5)])).toBeNull();
  expect(state.applyEvents([put("a", "0", 5), put("a", "2", 6)])?.puts.get("a")).toBe(2);
});

test("events up to a confirmed revision change nothing any more", () => {
  const state = numbers();
  state.applySnapshot(snapshot(5), false);
  state.confirm(8);
  expect(state.applyEvents([put("passing", "1", 6), gone("passing", 7)])).toBeNull();
  expect(state.revision).toBe(8);
});

test("a value that is not valid leaves the last good one, and is told until it is mended", () => {
  const state = numbers();
  state.applySnapshot(snapshot(5, pair("a", "1", 5)), false);
  const batch = state.applyEvents([put("a", "x", 6), put("new", "y", 6)]);
  expect([...state.entries]).toEqual([["a", 1]]);
  expect([...batch!.invalid.keys()]).toEqual(["a", "new"]);
  expect(state.keyCount).toBe(2);
  state.applyEvents([put("a", "2", 7), gone("new", 7)]);
  expect([...state.entries]).toEqual([["a", 2]]);
  expect(state.invalid.size).toBe(0);
});

test('with "throw", a batch with a value that is not valid takes no effect at all', () => {
  const state = numbers("throw");
  state.applySnapshot(snapshot(5, pair("a", "1", 5)), false);
  expect(() => state.applyEvents([put("b", "2", 6), put("a", "x", 6)])).toThrow("not a number");
  expect([[...state.entries], state.revision]).toEqual([[["a", 1]], 5]);
});

test("keys that are no text do not stand for one another", () => {
  const state = numbers();
  const keys = [Uint8Array.of(0xff), Uint8Array.of(0xfe)];
  state.applySnapshot(snapshot(5, ...keys.map((key) => pair(key, "1", 5))), false);
  expect([state.entries.size, state.keyCount, state.invalid.size]).toEqual([0, 2, 2]);
});

test("a key deleted and written again in one batch is written", () => {
  const state = numbers();
  state.applySnapshot(snapshot(5, pair("a", "1", 5)), false);
  const batch = state.applyEvents([gone("a", 6), put("a", "2", 7)]);
  expect([...batch!.puts]).toEqual([["a", 2]]);
  expect(batch!.deletes.size).toBe(0);
});

test("a Standard Schema reads JSON; what it refuses, and what is no JSON, is INVALID_VALUE", () => {
  const decode = decoderOf({
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value: unknown) =>
        typeof value === "number" ? { value } : { issues: [{ message: "wants a number" }] },
    },
  });
  const state = new MirrorState(new Namespace("ns/"), decode, "keep-last");
  state.applySnapshot(
    snapshot(5, pair("ns/a", "1", 5), pair("ns/b", '"x"', 5), pair("ns/c", "{", 5)),
    false,
  );
  expect([...state.entries]).toEqual([["a", 1]]);
  expect(state.invalid.get("b")).toMatchObject({ code: "INVALID_VALUE" });
  expect(state.invalid.get("b")?.message).toContain("wants a number");
  expect(state.invalid.get("c")).toMatchObject({ code: "INVALID_VALUE" });
});

test("a schema that answers with a promise is a mistake in the program, whatever the policy", () => {
  const validate = async () => ({ value: 1 });
  const decode = decoderOf({ "~standard": { version: 1, vendor: "test", validate } });
  const state = new MirrorState(new Namespace(""), decode, "keep-last");
  expect(() => state.applySnapshot(snapshot(5, pair("a", "1", 5)), false)).toThrow(TypeError);
});
