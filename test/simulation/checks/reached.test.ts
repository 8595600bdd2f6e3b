import { expect, test } from "vitest";
import { FAULT_KINDS, type FaultCounts } from "../faults.ts";
import { History, type Operation, type Watched } from "../history.ts";
import { Probes } from "../probes.ts";
import { lookAtHistory } from "./reached.ts";

const noFaults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as FaultCounts;

function reached(
  history: Partial<Pick<History, "operations" | "watches">>,
  counts: Partial<FaultCounts> = {},
  failpointsTaken: Record<string, number> = {},
): readonly string[] {
  const probes = new Probes();
  const whole = Object.assign(new History(), history);
  lookAtHistory(probes, whole, { counts: { ...noFaults, ...counts }, failpointsTaken });
  return probes.reached;
}

const operation = (more: Partial<Operation>): Operation => ({
  ...{ client: "c1", method: "range", body: Uint8Array.of(), isUnique: false },
  ...{ isSerializable: false, atRevision: 0, invokedMs: 0, completedMs: 1, revision: 1 },
  ...{ answer: Uint8Array.of(), isRefused: false, isCompacted: false },
  ...more,
});
const watch = (compactRevision: number): Watched => ({
  ...{ client: "c1", key: "a", rangeEnd: "", from: 1, wantsPuts: true, wantsDeletes: true },
  ...{ wantsBefore: false, takesFragments: false },
  responses: [{ revision: 5, kind: "canceled", isFragment: false, compactRevision, events: [] }],
});

test("a run in which everything went well reached nothing of this", () => {
  expect(reached({ operations: [operation({})], watches: [watch(0)] })).toEqual([]);
});

test("what was refused for certain was answered", () => {
  expect(reached({ operations: [operation({ answer: null, isRefused: true })] })).toEqual([]);
});

test.each<[probe: string, at: readonly string[]]>([
  ["a watch is passed by compaction", reached({ watches: [watch(3)] })],
  [
    "a read of the past comes after its compaction",
    reached({ operations: [operation({ isCompacted: true })] }),
  ],
  ["a call is never answered", reached({ operations: [operation({ answer: null })] })],
  ["a damaged disk is noticed", reached({}, { refusedDisk: 1 })],
  ["a damaged disk is noticed", reached({}, { repairedDisk: 1 })],
  [
    "a member ends during an install",
    reached({}, {}, { "install flush: after: crash": 1, "segment append: before: crash": 1 }),
  ],
])("%s", (probe, at) => {
  expect(at).toEqual([probe]);
});

test("an install that is only late, or an end elsewhere, is no end during an install", () => {
  const taken = { "install flush: after: delay": 1, "segment append: before: crash": 1 };
  expect(reached({}, {}, taken)).toEqual([]);
});
