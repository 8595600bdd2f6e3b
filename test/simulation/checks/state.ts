import type { StateMachine } from "@conclave/state-machine";
import type { SimulatedMember } from "@conclave/testing/cluster";
import { check } from "./violation.ts";

/** Indexes at which the whole states of members are compared: each comparison reads all that a state holds. */
const COMPARED_EVERY = 64;

/** One entry as it was applied first. */
export interface AppliedCommands {
  readonly term: number;
  readonly data: Uint8Array;
}

interface Seen {
  revision: number;
  compactRevision: number;
  appliedIndex: number;
}

/**
 * What members compute from the log: the same commands (R5) in the same order, to the same state (R19), with
 * revisions that only grow (M1). What was applied is kept: the ledger of the run.
 */
export class StateChecks {
  /** By index; an entry is written once. */
  readonly ledger: AppliedCommands[] = [{ term: 0, data: new Uint8Array(0) }];
  /** The revision after each index: the same on all members. */
  readonly #revisions: number[] = [];
  readonly #hashes = new Map<number, number>();
  readonly #seen = new Map<string, Seen>();
  /** By index. */
  readonly #appliedMs: number[] = [0];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** When an entry was applied first. Virtual ms. */
  appliedMs(index: number): number {
    return this.#appliedMs[index] ?? Number.POSITIVE_INFINITY;
  }

  /** Follows everything that a member applies in this life. */
  onBooted(member: Pick<SimulatedMember, "name">, machine: StateMachine): void {
    // State that was not durable is applied again from the log: a new life may begin further back.
    this.#seen.set(member.name, {
      revision: machine.revision,
      compactRevision: machine.compactRevision,
      appliedIndex: machine.appliedIndex,
    });
    this.compareState(member.name, machine);
    const apply = machine.apply.bind(machine);
    machine.apply = (entry, observer) => {
      this.#onEntry(member.name, entry.index, entry.term, entry.data);
      apply(entry, observer);
      this.#onApplied(member.name, machine);
    };
  }

  #onEntry(name: string, index: number, term: number, data: Uint8Array): void {
    const known = this.ledger[index];
    if (known === undefined) {
      check(
        index === this.ledger.length,
        () => `R5: ${name} applied ${index} before what precedes it`,
      );
      this.ledger.push({ term, data: Uint8Array.from(data) });
      this.#appliedMs.push(this.#nowMs());
      return;
    }
    const isSame = known.term === term && Buffer.compare(known.data, data) === 0;
    check(isSame, () => `R5: ${name} applied another entry at ${index} than was applied before`);
  }

  #onApplied(name: string, machine: StateMachine): void {
    const { appliedIndex, revision, compactRevision } = machine;
    const known = this.#revisions[appliedIndex];
    check(
      known === undefined || known === revision,
      () =>
        `R19: ${name} is at revision ${revision} at index ${appliedIndex}, another was at ${known}`,
    );
    this.#revisions[appliedIndex] = revision;
    const seen = this.#seen.get(name);
    if (seen === undefined) return;
    check(appliedIndex >= seen.appliedIndex, () => `R10: the applied index of ${name} fell`);
    check(revision >= seen.revision, () => `M1: the revision of ${name} fell to ${revision}`);
    check(compactRevision >= seen.compactRevision, () => `M5: the compaction of ${name} went back`);
    seen.appliedIndex = appliedIndex;
    seen.revision = revision;
    seen.compactRevision = compactRevision;
    if (appliedIndex % COMPARED_EVERY === 0) this.compareState(name, machine);
  }

  /** R19. Requires: the state is loaded. */
  compareState(name: string, machine: StateMachine): void {
    const { appliedIndex } = machine;
    const known = this.#hashes.get(appliedIndex);
    const hash = machine.stateHash();
    if (known === undefined) this.#hashes.set(appliedIndex, hash);
    else check(known === hash, () => `R19: the state of ${name} at index ${appliedIndex} differs`);
  }
}
