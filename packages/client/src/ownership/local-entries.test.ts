import { expect, test } from "vitest";
import { LocalEntries } from "./local-entries.ts";

const never = new AbortController().signal;

/** An entry that was asked for by a key, and not answered yet. */
function asked(entries: LocalEntries, key: string, name = "l") {
  const entry = entries.ask(name);
  entry.send(key, 0);
  return entry;
}

test("an entry is found by its queue, its key and the revision that created it, until it is gone", () => {
  const entries = new LocalEntries();
  const entry = asked(entries, "l/1-a");
  const found = { keyText: "l/1-a", createRevision: 7 };
  expect(entries.find("l", found)).toBeNull();
  entry.stand(7);
  expect(entries.find("l", found)).toBe(entry);
  expect(entries.find("l", { ...found, createRevision: 5 })).toBeNull();
  entry.giveUp();
  expect(entries.find("l", found)).toBe(entry);
  entry.end();
  expect(entries.find("l", found)).toBeNull();
});

test("an entry of a queue below is not found in the one above", () => {
  const entries = new LocalEntries();
  asked(entries, "l/x/1-a", "l/x").stand(7);
  expect(entries.find("l", { keyText: "l/x/1-a", createRevision: 7 })).toBeNull();
});

test("an entry whose key is used again is found no more, and its end leaves the new one alone", () => {
  const entries = new LocalEntries();
  const old = asked(entries, "l/1-a");
  old.stand(7);
  const next = asked(entries, "l/1-a");
  next.stand(9);
  old.end();
  expect(entries.find("l", { keyText: "l/1-a", createRevision: 7 })).toBeNull();
  expect(entries.find("l", { keyText: "l/1-a", createRevision: 9 })).toBe(next);
});

test("an entry comes behind the one that was asked for before it, while that has no answer", () => {
  const entries = new LocalEntries();
  const first = asked(entries, "l/1-a");
  expect(first.behind).toBeNull();
  expect(entries.ask("m").behind).toBeNull();
  const second = asked(entries, "l/1-b");
  expect(second.behind).toBe(first);
  first.stand(7);
  expect(entries.ask("l").behind).toBe(second);
  second.stand(8);
  expect(second.behind).toBeNull(); // Else each would keep all those before it.
  const third = entries.ask("l");
  third.send("l/1-c", 0);
  third.end();
  expect(entries.ask("l").behind).toBe(third); // for as long as the one before it has no answer
});

test("who asked after one that gave up comes after the one before that", async () => {
  const entries = new LocalEntries();
  const first = asked(entries, "l/1-a");
  const second = asked(entries, "l/1-b");
  let wasAnswered = false;
  const answered = second.untilAnswered(never).then(() => {
    wasAnswered = true;
  });
  second.end();
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  expect(wasAnswered).toBe(false);
  expect(entries.ask("l").behind).toBe(second);
  first.stand(7);
  await answered;
});

test("ten thousand that gave up one after the other are answered when the first is", async () => {
  const entries = new LocalEntries();
  const first = asked(entries, "l/1-a");
  let last = first;
  for (let task = 0; task < 10_000; task += 1) {
    last = asked(entries, `l/1-${task}`);
    last.end();
  }
  const answered = last.untilAnswered(never);
  first.end();
  await answered;
  expect(entries.ask("l").behind).toBeNull();
});

test("others rely on its place only while its first request is under way, and learn whether it came by that", () => {
  const entries = new LocalEntries();
  const entry = entries.ask("l");
  expect(entry.isUnderWay).toBe(false);
  entry.send("l/1-a", 0);
  expect(entry.isUnderWay).toBe(true);
  entry.stand(7);
  expect([entry.isUnderWay, entry.stoodAtOnce]).toEqual([false, true]);
  const repeated = asked(entries, "l/1-b");
  repeated.repeat();
  expect(repeated.isUnderWay).toBe(false);
  repeated.stand(8);
  expect(repeated.stoodAtOnce).toBe(false);
  const refused = asked(entries, "l/1-c");
  refused.end();
  expect([refused.isUnderWay, refused.stoodAtOnce]).toEqual([false, false]);
});

test("after requests came in another order the next thousand do not rely on it, and then it is tried again", () => {
  const entries = new LocalEntries();
  expect(entries.reliesOnOrder()).toBe(true);
  entries.noteDisorder();
  for (let count = 0; count < 1_000; count += 1) expect(entries.reliesOnOrder()).toBe(false);
  expect(entries.reliesOnOrder()).toBe(true);
});

test.each([
  ["given up and then gone", "given-up"],
  ["gone without that", "otherwise"],
] as const)(
  "who waits for an entry that is %s learns that, before or after",
  async (_what, fate) => {
    const entry = asked(new LocalEntries(), "l/1-a");
    entry.stand(7);
    const told = entry.untilOver(never);
    if (fate === "given-up") entry.giveUp();
    entry.end();
    expect(await told).toBe(fate);
    expect(await entry.untilOver(never)).toBe(fate);
  },
);

test("waiting for an entry ends with the reason of the signal that aborts first", async () => {
  const entry = asked(new LocalEntries(), "l/1-a");
  const impatient = new AbortController();
  const waiting = [entry.untilAnswered(impatient.signal), entry.untilOver(impatient.signal)];
  impatient.abort(new Error("too slow"));
  for (const each of waiting) await expect(each).rejects.toThrow("too slow");
  await expect(entry.untilOver(impatient.signal)).rejects.toThrow("too slow");
});
