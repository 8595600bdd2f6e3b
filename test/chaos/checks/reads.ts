import { check } from "../../simulation/checks/violation.ts";
import type { Pair, Read, Write } from "../operations.ts";
import type { LedgerStates } from "./ledger.ts";

/** R17: what is answered shows everything that was acknowledged before it was asked for. */
export function checkRealTime(writes: readonly Write[], reads: readonly Read[]): void {
  const answered = writes.filter(({ revision }) => revision > 0);
  const acknowledged = answered.map(({ completedMs, revision }) => ({ completedMs, revision }));
  // A read shows its revision to its reader: a later one must not be older.
  const linearizable = reads.filter(({ kind }) => kind === "range");
  for (const { completedMs, revision } of linearizable)
    acknowledged.push({ completedMs, revision });
  acknowledged.sort((a, b) => a.completedMs - b.completedMs);
  const asked = [...answered, ...linearizable].sort((a, b) => a.invokedMs - b.invokedMs);
  let at = 0;
  let newest = 0;
  for (const operation of asked) {
    for (; (acknowledged[at]?.completedMs ?? Infinity) < operation.invokedMs; at += 1) {
      newest = Math.max(newest, acknowledged[at]?.revision ?? 0);
    }
    const isChange = "succeeded" in operation && operation.succeeded;
    const oldest = isChange ? newest + 1 : newest;
    check(
      operation.revision >= oldest,
      () => `R17: revision ${newest} was acknowledged before, yet: ${JSON.stringify(operation)}`,
    );
  }
}

/** M3: a read is the state at its revision. */
export function checkReads(reads: readonly Read[], states: LedgerStates): void {
  for (const read of reads) {
    const expected = [...states.at(read.revision).values()]
      .filter(({ key }) => key.startsWith(read.prefix))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    check(
      samePairs(expected, read.pairs),
      () => `M3: at ${read.revision} was ${JSON.stringify(expected)}: ${JSON.stringify(read)}`,
    );
  }
}

function samePairs(a: readonly Pair[], b: readonly Pair[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((pair, at) => {
    const other = b[at];
    return (
      other !== undefined &&
      pair.key === other.key &&
      pair.value === other.value &&
      pair.modRevision === other.modRevision &&
      pair.createRevision === other.createRevision &&
      pair.version === other.version
    );
  });
}
