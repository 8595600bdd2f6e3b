import { seededPrng } from "@conclave/base";
import { type Entry, membershipOf, Raft, type SnapshotMark } from "@conclave/raft";
import { expect, test } from "vitest";
import { LogKeeper, type LogLimits } from "./log-keeper.ts";

const MEGABYTE = 1024 * 1024;
const ROOMY: LogLimits = { cutBytes: MEGABYTE, stretchBytes: MEGABYTE, keptEntriesMax: 1_000 };

/** A member whose log of 100 entries is committed and applied, with one to follow it. */
function logOf100(
  limits: Partial<LogLimits>,
  entriesMax = 10,
  membership = membershipOf([1n], [2n]),
) {
  const entries = Array.from(
    { length: 100 },
    (_, at): Entry => ({ index: at + 1, term: 1, kind: "command", data: new Uint8Array(10) }),
  );
  const raft = new Raft({
    id: 1n,
    prng: seededPrng(1),
    restored: {
      hardState: { term: 1, vote: 0n, commit: 100 },
      snapshot: { index: 0, term: 0, membership },
      entries,
      appliedIndex: 100,
    },
  });
  const released: number[] = [];
  const store = { durableIndex: 0, syncs: 0 };
  let finishRelease: (() => void) | null = null;
  const keeper = new LogKeeper({
    raft,
    wal: {
      release: (floor: SnapshotMark) => {
        released.push(floor.index);
        return new Promise((resolve) => {
          finishRelease = resolve;
        });
      },
    },
    store: {
      sync: async () => {
        store.syncs += 1;
        return store.durableIndex;
      },
    },
    entriesMax,
    limits: { ...ROOMY, ...limits },
  });
  const settle = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    finishRelease?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const applied = async (index: number, durableIndex = index): Promise<void> => {
    store.durableIndex = durableIndex;
    keeper.onApplied(index);
    await settle();
  };
  return { raft, keeper, entries, released, store, applied };
}

test("the log is cut once that many entries were applied since the last cut", async () => {
  const { applied, released } = logOf100({});
  await applied(9);
  expect(released).toEqual([]);
  await applied(10);
  await applied(19);
  await applied(20);
  expect(released).toEqual([10, 20]);
});

test("the log is cut once its entries have that many bytes, however few they are", async () => {
  const { keeper, entries, applied, released } = logOf100({ cutBytes: 50 }, 1_000);
  keeper.onAppended(entries.slice(0, 4));
  await applied(4);
  expect(released).toEqual([]);
  keeper.onAppended(entries.slice(4, 5));
  await applied(5);
  expect(released).toEqual([5]);
});

test("the log is released only as far as the state is durable", async () => {
  const { applied, released } = logOf100({});
  await applied(30, 12);
  expect(released).toEqual([12]);
});

test("nothing is released twice while the state's durable index stands still", async () => {
  const { applied, released } = logOf100({});
  await applied(30, 12);
  await applied(60, 12);
  expect(released).toEqual([12]);
});

test("behind the cut, entries stay in memory up to a number", async () => {
  const { applied, raft } = logOf100({ keptEntriesMax: 7, stretchBytes: 1 });
  await applied(50);
  expect(raft.firstIndex).toBe(44);
});

test("behind the cut, the newest stretches of entries stay in memory, whatever their number", async () => {
  const { keeper, entries, applied, raft } = logOf100({ stretchBytes: 100 });
  keeper.onAppended(entries); // a stretch begins with every tenth entry
  await applied(100);
  expect(raft.firstIndex).toBe(71);
});

test("a member without others keeps nothing behind the cut", async () => {
  const { applied, raft } = logOf100({ keptEntriesMax: 7 }, 10, membershipOf([1n], []));
  await applied(50);
  expect(raft.firstIndex).toBe(51);
});

test("one cut at a time", async () => {
  const { keeper, store } = logOf100({});
  store.durableIndex = 20;
  keeper.onApplied(20);
  keeper.onApplied(40);
  await new Promise((resolve) => setImmediate(resolve));
  expect(store.syncs).toBe(1);
});

test("after the member stopped nothing is cut any more", async () => {
  const { keeper, applied, released, store } = logOf100({});
  keeper.stop();
  await applied(50);
  expect([released.length, store.syncs]).toEqual([0, 0]);
});
