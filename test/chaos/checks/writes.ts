import { check } from "../../simulation/checks/violation.ts";
import type { Write } from "../operations.ts";
import type { Ledger, LedgerStates } from "./ledger.ts";

/** R16, M4, M6: every answered write is in the ledger as answered, and no write is there twice or after its refusal. */
export function checkWrites(writes: readonly Write[], ledger: Ledger, states: LedgerStates): void {
  const revisionOfValue = new Map<string, number>();
  for (const { value, revision } of ledger) {
    if (value === null || value === "") continue;
    check(!revisionOfValue.has(value), () => `R16: ${value} was written twice`);
    revisionOfValue.set(value, revision);
  }
  for (const write of writes) {
    const at = revisionOfValue.get(write.value);
    if (write.isRefused) check(at === undefined, () => `refused, but applied: ${textOf(write)}`);
    if (write.revision > 0) checkAnswered(write, at, states);
  }
}

function checkAnswered(write: Write, at: number | undefined, states: LedgerStates): void {
  const { kind, key, revision, succeeded, expectedModRevision } = write;
  if (kind !== "delete") {
    const expected = succeeded ? revision : undefined;
    check(at === expected, () => `R16: answered at ${revision}, found at ${at}: ${textOf(write)}`);
  }
  const before = states.at(succeeded ? revision - 1 : revision).get(key);
  if (kind === "compare-and-put") {
    const isEqual = (before?.modRevision ?? 0) === expectedModRevision;
    check(isEqual === succeeded, () => `M4: wrong branch: ${textOf(write)}`);
  }
  if (kind === "delete") {
    check((before !== undefined) === succeeded, () => `M4: wrong count: ${textOf(write)}`);
    if (succeeded) {
      check(!states.at(revision).has(key), () => `R16: not deleted: ${textOf(write)}`);
    }
  }
}

function textOf(write: Write): string {
  return JSON.stringify(write);
}
