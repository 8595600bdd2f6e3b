import { expect, test } from "vitest";
import { LocalEntries } from "./local-entries.ts";

const never = new AbortController().signal;

test("an entry is found by its key and the revision that created it, until it is gone", () => {
  const entries = new LocalEntries();
  const entry = entries.ask("l", "l/1-a", 0);
  expect(entries.find({ keyText: "l/1-a", createRevision: 7 })).toBeNull();
  entry.stand(7);
  expect(entries.find({ keyText: "l/1-a", createRevision: 7 })).toBe(entry);
  expect(entries.find({ keyText: "l/1-a", createRevision: 5 })).toBeNull();
  entry.giveUp();
  expect(entries.find({ keyText: "l/1-a", createRevision: 7 })).toBe(entry);
  entry.end();
  expect(entries.find({ keyText: "l/1-a", createRevision: 7 })).toBeNull();
});

test("an entry whose key is used again is found no more, and its end leaves the new one alone", () => {
  const entries = new LocalEntries();
  const old = entries.ask("l", "l/1-a", 0);
  old.stand(7);
  const next = entries.ask("l", "l/1-a", 0);
  next.stand(9);
  old.end();
  expect(entries.find({ keyText: "l/1-a", createRevision: 7 })).toBeNull();
  expect(entries.find({ keyText: "l/1-a", createRevision: 9 })).toBe(next);
});

test("the last that was asked for is told while there is no answer", async () => {
  const entries = new LocalEntries();
  const first = entries.ask("l", "l/1-a", 0);
  const second = entries.ask("l", "l/1-b", 0);
  expect(entries.lastAsked("l")).toBe(second);
  expect(entries.lastAsked("m")).toBeNull();
  const answered = second.untilAnswered(never);
  first.stand(7);
  expect(entries.lastAsked("l")).toBe(second);
  second.end();
  await answered;
  expect(entries.lastAsked("l")).toBeNull();
});

test.each([
  ["given up and then gone", "given-up"],
  ["gone without that", "otherwise"],
] as const)(
  "who waits for an entry that is %s learns that, before or after",
  async (_what, fate) => {
    const entry = new LocalEntries().ask("l", "l/1-a", 0);
    entry.stand(7);
    const told = entry.untilOver(never);
    if (fate === "given-up") entry.giveUp();
    entry.end();
    expect(await told).toBe(fate);
    expect(await entry.untilOver(never)).toBe(fate);
  },
);

test("waiting for an entry ends with the reason of the signal that aborts first", async () => {
  const entry = new LocalEntries().ask("l", "l/1-a", 0);
  const impatient = new AbortController();
  const waiting = [entry.untilAnswered(impatient.signal), entry.untilOver(impatient.signal)];
  impatient.abort(new Error("too slow"));
  for (const each of waiting) await expect(each).rejects.toThrow("too slow");
  await expect(entry.untilOver(impatient.signal)).rejects.toThrow("too slow");
});
