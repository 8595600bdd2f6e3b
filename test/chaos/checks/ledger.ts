import { check, Violation } from "../../simulation/checks/violation.ts";
import type { Pair, WatchedEvent } from "../operations.ts";

/** Every change there was, in order: what a watch from revision 1 delivers in the end. */
export type Ledger = readonly WatchedEvent[];

/** The state at each revision, by replaying the ledger: a second, naive implementation. */
export class LedgerStates {
  /** By revision: the keys that exist. */
  readonly #states: ReadonlyMap<string, Pair>[] = [new Map(), new Map()];
  readonly lastRevision: number;

  constructor(ledger: Ledger) {
    for (const event of ledger) this.#add(event);
    this.lastRevision = this.#states.length - 1;
  }

  at(revision: number): ReadonlyMap<string, Pair> {
    const state = this.#states[revision];
    if (state === undefined)
      throw new Violation(`R16: revision ${revision} was told, and is in no ledger`);
    return state;
  }

  #add({ revision, key, value }: WatchedEvent): void {
    const last = this.#states.length - 1;
    check(
      revision === last || revision === last + 1,
      () => `M1: revision ${revision} follows ${last} in the ledger`,
    );
    const state = new Map(this.#states[last]);
    const before = state.get(key);
    if (value === null) {
      check(before !== undefined, () => `M2: ${key} was deleted at ${revision} but did not exist`);
      state.delete(key);
    } else {
      const createRevision = before?.createRevision ?? revision;
      const version = (before?.version ?? 0) + 1;
      state.set(key, { key, value, modRevision: revision, createRevision, version });
    }
    this.#states[revision] = state;
  }
}
