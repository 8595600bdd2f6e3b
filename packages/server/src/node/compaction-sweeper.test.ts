import { CommandBatch, CommandKind, MemoryStateStore, StateMachine } from "@conclave/state-machine";
import { CompactionRequest, PutRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import type { DurableStateStore } from "../storage/durable-state-store.ts";
import { CompactionSweeper } from "./compaction-sweeper.ts";

/** A state with `voids` revisions that a compaction has made void, and what the sweeper asked to run later. */
function compacted(voids: number) {
  const records = new MemoryStateStore();
  const machine = new StateMachine({ store: records });
  machine.finishLoad();
  const batch = new CommandBatch(1 << 20);
  for (let at = 0; at <= voids; at += 1) {
    batch.append(CommandKind.PUT, 1, at, PutRequest.encode({ key: Buffer.from("k") }));
  }
  batch.append(CommandKind.COMPACT, 1, 0, CompactionRequest.encode({ revision: voids + 2 }));
  machine.apply({ index: 1, term: 1, data: batch.take() }, { onResult: () => {} });
  const sealed: number[] = [];
  const store: Pick<DurableStateStore, "seal" | "isOverlayFull"> = {
    seal: (index) => {
      sealed.push(index);
    },
    isOverlayFull: false,
  };
  const deferred: (() => void)[] = [];
  const sweeper = new CompactionSweeper({
    machine,
    store: store as DurableStateStore,
    defer: (callback) => deferred.push(callback),
  });
  const turn = (): void => {
    for (const callback of deferred.splice(0)) callback();
  };
  return { records, machine, sweeper, sealed, turn };
}

test("a sweep goes on in slices, one a turn, until nothing void is left", () => {
  const { machine, sweeper, sealed, turn } = compacted(1_200);
  sweeper.wake();
  for (let turns = 0; turns < 10; turns += 1) turn();
  expect(machine.needsCompaction).toBe(false);
  expect(machine.revisionCount).toBe(1);
  expect(sealed.length).toBeGreaterThan(2);
});

test("a sweep under way while the state is replaced leaves the new records alone, and seals nothing", () => {
  const { records, machine, sweeper, sealed, turn } = compacted(1_200);
  sweeper.wake();
  turn();
  const before = { records: records.size, sealed: sealed.length };
  const release = sweeper.hold();
  machine.reset();
  turn();
  expect({ records: records.size, sealed: sealed.length }).toEqual(before);
  for (const [key, value] of records.entries()) machine.load(key, value);
  machine.finishLoad();
  release();
  for (let turns = 0; turns < 10; turns += 1) turn();
  expect(machine.needsCompaction).toBe(false);
});
