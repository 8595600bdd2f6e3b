import type { ByteString } from "@conclave/base";
import { NO_SLOT } from "./revision.ts";
import type { MvccStore } from "./store.ts";

/**
 * Removes what a compaction made void, a bounded piece at a time. Of every key stays the newest revision not after the
 * compact revision, unless that is a tombstone from before it: a tombstone at the compact revision itself stays, since
 * a watch may begin there (E6). The sweep changes nothing that can be read, so members may be at different places.
 *
 * A key's records go oldest first: whatever a crash leaves is a suffix of its history, with the tombstone that ends it,
 * and the sweep begins anew after a restart.
 */
export class CompactionSweep {
  readonly #store: MvccStore;
  /** Everything superseded up to here is gone. */
  #sweptRevision: number;
  /** Compact revision of the sweep under way. */
  #targetRevision = 0;
  /** Next key to look at; null: no sweep is under way. */
  #nextKey: ByteString | null = null;
  /** Cut off their chains and not removed yet, newest first. */
  #condemned: number[] = [];

  constructor(store: MvccStore, sweptRevision: number) {
    this.#store = store;
    this.#sweptRevision = sweptRevision;
  }

  get sweptRevision(): number {
    return this.#sweptRevision;
  }

  get isDone(): boolean {
    return this.#sweptRevision >= this.#store.compactRevision;
  }

  /**
   * Looks at keys and removes records, about `budget` of both together.
   * @returns whether there is more to do
   */
  step(budget: number): boolean {
    let left = budget;
    while (left > 0 && !this.isDone) {
      if (this.#condemned.length > 0) left -= this.#removeCondemned(left);
      else if (this.#nextKey === null) this.#begin();
      else left -= this.#visitKeys(left);
    }
    return !this.isDone;
  }

  #begin(): void {
    this.#targetRevision = this.#store.compactRevision;
    this.#nextKey = "" as ByteString;
  }

  #removeCondemned(budget: number): number {
    let removed = 0;
    for (; removed < budget; removed += 1) {
      const slot = this.#condemned.pop();
      if (slot === undefined) break;
      this.#store.removeRecord(slot);
    }
    this.#endIfDone();
    return removed;
  }

  /** Steps over keys that lose nothing, up to the first that does. @returns how many keys were looked at */
  #visitKeys(budget: number): number {
    let visited = 0;
    let victim: ByteString | null = null;
    let victimNewest = NO_SLOT;
    let nextKey: ByteString | null = null;
    this.#store.index.visitAll(this.#nextKey!, null, (key, newest) => {
      if (victim !== null || visited >= budget) {
        nextKey = key;
        return false;
      }
      visited += 1;
      if (this.#losesRevisions(newest)) {
        victim = key;
        victimNewest = newest;
      }
      return true;
    });
    this.#nextKey = nextKey;
    if (victim !== null) this.#cut(victim, victimNewest);
    this.#endIfDone();
    return visited;
  }

  #losesRevisions(newest: number): boolean {
    const { revisions } = this.#store.index;
    const kept = revisions.atRevision(newest, this.#targetRevision);
    if (kept === NO_SLOT) return false;
    return revisions.older(kept) !== NO_SLOT || this.#isVoidTombstone(kept);
  }

  #isVoidTombstone(slot: number): boolean {
    const { revisions } = this.#store.index;
    return revisions.isTombstone(slot) && revisions.main(slot) < this.#targetRevision;
  }

  #cut(key: ByteString, newest: number): void {
    const { index } = this.#store;
    const { revisions } = index;
    const kept = revisions.atRevision(newest, this.#targetRevision);
    let condemned = revisions.older(kept);
    if (!this.#isVoidTombstone(kept)) revisions.cutBelow(newest, kept);
    else {
      condemned = kept;
      if (kept === newest) index.forget(key);
      else revisions.cutBelow(newest, this.#oldestAfter(newest, kept));
    }
    for (let slot = condemned; slot !== NO_SLOT; slot = revisions.older(slot)) {
      this.#condemned.push(slot);
    }
  }

  /** The revision that follows `slot` in the chain that begins at `newest`. */
  #oldestAfter(newest: number, slot: number): number {
    const { revisions } = this.#store.index;
    let at = newest;
    while (revisions.older(at) !== slot) at = revisions.older(at);
    return at;
  }

  #endIfDone(): void {
    if (this.#nextKey === null && this.#condemned.length === 0) {
      this.#sweptRevision = this.#targetRevision;
    }
  }
}
