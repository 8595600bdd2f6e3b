import { expect, test } from "vitest";
import { WatchCursor } from "./cursor.ts";

const at = (...revisions: number[]) => revisions.map((revision) => ({ revision }));

test("a watch from now is anchored by the first created answer at its header revision + 1", () => {
  const cursor = new WatchCursor(null);
  cursor.onCreated(41);
  expect(cursor.next).toBe(42);
});

// Failure mode 9: npm etcd3 and jetcd move the cursor to the store's revision when a watch is created.
test("a created answer does not move a watch that starts in the past", () => {
  const cursor = new WatchCursor(5);
  cursor.onCreated(1_000);
  expect(cursor.next).toBe(5);
});

test("being created again after a break does not move a watch from now", () => {
  const cursor = new WatchCursor(null);
  cursor.onCreated(41);
  cursor.onCreated(77);
  expect(cursor.next).toBe(42);
});

// Failure mode 9: the header of a partial catch-up batch names the store's revision, far beyond its events.
test("a partial catch-up batch moves the cursor to its last event, not to its header", () => {
  const cursor = new WatchCursor(5);
  cursor.onCreated(9_000);
  cursor.accept(at(5, 6, 7));
  expect(cursor.next).toBe(8);
});

test("events of one revision come together and are all taken", () => {
  const cursor = new WatchCursor(5);
  expect(cursor.accept(at(5, 5, 5))).toHaveLength(3);
  expect(cursor.next).toBe(6);
});

// etcd#20221: a watch from a future revision, on a member that lags, may replay older events.
test("events before the cursor are dropped, also from a batch that straddles it", () => {
  const cursor = new WatchCursor(10);
  expect(cursor.accept(at(7, 8))).toEqual([]);
  expect(cursor.accept(at(9, 10, 11))).toEqual(at(10, 11));
  expect(cursor.next).toBe(12);
});

test("progress of this watch moves the cursor forward, never back", () => {
  const cursor = new WatchCursor(10);
  cursor.onProgress(4);
  expect(cursor.next).toBe(10);
  cursor.onProgress(20);
  expect(cursor.next).toBe(21);
});

test("progress of a watch in the future leaves its start alone", () => {
  const cursor = new WatchCursor(100);
  cursor.onProgress(50);
  expect(cursor.next).toBe(100);
});

test("events out of revision order are a broken promise of the server", () => {
  const cursor = new WatchCursor(1);
  expect(() => cursor.accept(at(5, 4))).toThrow("revision order");
});
