/** Entries between two checkpoints: the same everywhere, so that members have indexes in common. Count. */
export const CHECKPOINT_ENTRIES = 100;
/** Checkpoints remembered: a member this many times {@link CHECKPOINT_ENTRIES} behind can still be compared. Count. */
const CHECKPOINTS_MAX = 64;

/** The digest that the state had when the entry at `index` was applied. */
export interface StateCheckpoint {
  readonly index: number;
  readonly digest: number;
}

/** The last digests of this member's state, at indexes at which all members take one. */
export class StateCheckpoints {
  #newestLast: StateCheckpoint[] = [];

  add(index: number, digest: number): void {
    this.#newestLast.push({ index, digest });
    if (this.#newestLast.length > CHECKPOINTS_MAX) this.#newestLast.shift();
  }

  /** Oldest first. */
  all(): readonly StateCheckpoint[] {
    return this.#newestLast;
  }

  clear(): void {
    this.#newestLast = [];
  }
}
