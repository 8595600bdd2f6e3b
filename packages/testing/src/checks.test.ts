import { expect, test } from "vitest";
import { monotonicFences, mutualExclusion, watchComplete } from "./checks.ts";
import type { ChangeRecord, HoldRecord, Recorded, WatchRecord } from "./history.ts";

const quiet: Recorded = {
  nowMs: 100_000,
  holds: [],
  changes: [],
  watches: [],
  accepted: [],
  stops: [],
};

function hold(client: string, fence: number, fromMs: number, toMs: number): HoldRecord {
  return { client, names: ["job"], fence, fromMs, toMs, end: "released" };
}

const change = (revision: number, key: string): ChangeRecord => ({
  atMs: revision * 10,
  revision,
  key,
  value: "",
});

function watch(delivered: readonly number[], waitingSinceMs: number | null = null): WatchRecord {
  return {
    client: "a",
    target: '"orders/"',
    covers: (key) => key.startsWith("orders/"),
    fromRevision: 2,
    delivered: delivered.map((revision) => ({ revision, key: `orders/${revision}`, atMs: 0 })),
    waitingSinceMs,
  };
}

test("two holds of one name at one time are told, with who and when", () => {
  const holds = [hold("a", 2, 0, 50), hold("b", 3, 40, 60)];
  expect(mutualExclusion("job")({ ...quiet, holds })).toMatch(
    /held twice: a with fence 2.*b with fence 3.*40\.0 ms to 50\.0 ms/,
  );
  expect(mutualExclusion("other")({ ...quiet, holds })).toBeNull();
  expect(
    mutualExclusion("job")({ ...quiet, holds: [hold("a", 2, 0, 40), hold("b", 3, 40, 60)] }),
  ).toBeNull();
});

test("a holder that was stopped meanwhile does not count, one that went on before its loss does", () => {
  const holds = [hold("a", 2, 0, 50), hold("b", 3, 30, 60)];
  const stopped = (toMs: number) => ({
    ...quiet,
    holds,
    stops: [{ client: "a", fromMs: 20, toMs }],
  });
  expect(mutualExclusion("job")(stopped(50))).toBeNull();
  expect(mutualExclusion("job")(stopped(45))).toMatch(/held twice/);
});

test("a fence that does not grow is told, of holders and of what a resource accepted", () => {
  const holds = [hold("a", 3, 0, 10), hold("b", 3, 20, 30)];
  expect(monotonicFences()({ ...quiet, holds })).toMatch(/did not grow/);
  const accepted = [
    { atMs: 1, resource: "disk", fence: 5 },
    { atMs: 2, resource: "disk", fence: 4 },
  ];
  expect(monotonicFences()({ ...quiet, accepted })).toMatch(/disk accepted.*fence 4.*fence 5/);
  expect(monotonicFences()({ ...quiet, accepted: accepted.slice(0, 1) })).toBeNull();
});

test("a watch that leaves out, repeats or reorders a change is told", () => {
  const changes = [2, 3, 4].map((revision) => change(revision, `orders/${revision}`));
  const check = (delivered: readonly number[]) =>
    watchComplete("orders/")({ ...quiet, changes, watches: [watch(delivered)] });
  expect(check([2, 3, 4])).toBeNull();
  expect(check([2])).toBeNull(); // Nobody waits for more.
  expect(check([2, 4])).toMatch(/orders\/4 at revision 4.*orders\/3 at revision 3 came next/);
  expect(check([2, 2])).toMatch(/orders\/2 at revision 2.*orders\/3/);
  expect(check([3])).toMatch(/orders\/2 at revision 2 came next/);
});

test("a change that a waiting reader was never given is told, after its time", () => {
  const changes = [change(2, "orders/2")];
  const watches = [watch([], 0)];
  const check = watchComplete("orders/", { withinMs: 1_000 });
  expect(check({ ...quiet, changes, watches, nowMs: 500 })).toBeNull();
  expect(check({ ...quiet, changes, watches })).toMatch(/never delivered orders\/2/);
});
