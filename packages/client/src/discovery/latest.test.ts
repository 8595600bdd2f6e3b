import { expect, test } from "vitest";
import { Latest } from "./latest.ts";

test("a reader starts with the value now and skips what was superseded before it looked", async () => {
  const latest = new Latest(1);
  const reader = latest.read();
  for (const value of [2, 3, 4]) latest.set(value);
  expect((await reader.next()).value).toBe(4);
  const waiting = reader.next();
  latest.set(4); // No change.
  latest.set(5);
  expect((await waiting).value).toBe(5);
});

test("after the end a reader gets what it has not taken, then the error once", async () => {
  const latest = new Latest("a");
  const reader = latest.read();
  latest.end(new Error("over"));
  latest.set("b");
  expect(await reader.next()).toEqual({ done: false, value: "a" });
  await expect(reader.next()).rejects.toThrow("over");
  expect(await reader.next()).toEqual({ done: true, value: undefined });
  const late = latest.read();
  expect((await late.next()).value).toBe("a");
  await expect(late.next()).rejects.toThrow("over");
});

test("a reader that left waits for nothing", async () => {
  const latest = new Latest(1);
  const reader = latest.read();
  await reader.next();
  const waiting = reader.next();
  await reader.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  latest.set(2);
  expect((await reader.next()).done).toBe(true);
});
