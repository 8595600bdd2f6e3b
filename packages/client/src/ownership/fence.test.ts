import { expect, test } from "vitest";
import { Fence } from "./fence.ts";

// Decision 4 of the SDK.
test("fences sort as text in the order of their revisions", () => {
  const revisions = [9, 10, 99, 100, 2 ** 40, Number.MAX_SAFE_INTEGER];
  const texts = revisions.map((revision) => new Fence(revision).toString());
  expect([...texts].sort()).toEqual(texts);
});

test("fences compare as numbers and travel in JSON as their text", () => {
  expect(new Fence(9) < new Fence(10)).toBe(true);
  expect(JSON.stringify({ fence: new Fence(10) })).toBe('{"fence":"0000000000000010"}');
});
