import type { ByteString } from "@conclave/base";
import { OrderedMap } from "../ordered-map.ts";
import { NO_SLOT, RevisionTable } from "./revision.ts";

/**
 * Which revisions each key has, in key order, wholly in memory; what was written at them is in the store. A key whose
 * newest revision is a tombstone stays until compaction passes that tombstone.
 */
export class KeyIndex {
  readonly revisions = new RevisionTable();
  /** What counts of it are the keys that exist now. */
  readonly #newest = new OrderedMap<number>((newest) => !this.revisions.isTombstone(newest));
  #latest = 0;

  /** Keys that exist now. */
  get liveCount(): number {
    return this.#newest.counted;
  }

  /** Keys that have any revision, deleted ones included. */
  get size(): number {
    return this.#newest.size;
  }

  /** Newest revision of a key, tombstones included, or {@link NO_SLOT}. */
  newest(key: ByteString): number {
    return this.#newest.find(key) ? this.#newest.foundValue() : NO_SLOT;
  }

  /** As {@link newest}, for keys that come about in order. */
  newestNear(key: ByteString): number {
    return this.#newest.findNear(key) ? this.#newest.foundValue() : NO_SLOT;
  }

  /** Newest revision of a key not after `at` if the key existed then, or {@link NO_SLOT}. */
  liveAt(key: ByteString, at: number): number {
    return this.live(this.newest(key), at);
  }

  /**
   * Adds a revision to the key last asked for with {@link newest} or {@link newestNear}. `create` and `version` are those of the stored
   * pair; both are 0 for a tombstone. Revisions come in order.
   */
  add(
    key: ByteString,
    newest: number,
    main: number,
    sub: number,
    create: number,
    version: number,
    bytes: number,
  ): number {
    const slot = this.revisions.add(main, sub, create, version, bytes, newest);
    if (newest === NO_SLOT) this.#newest.insertFound(key, slot);
    else this.#newest.setFound(slot);
    if (main > this.#latest) this.#latest = main;
    return slot;
  }

  /** Forgets a key whose last revision was removed. Requires: it does not exist now. */
  forget(key: ByteString): void {
    this.#newest.delete(key);
  }

  /** Visits the keys of [start, end) that existed at `at`, in order, until `visit` returns false. */
  visitLive(
    start: string,
    end: string | null,
    at: number,
    visit: (key: ByteString, slot: number) => boolean,
  ): void {
    this.visitAt(start, end, at, (key, newest) => {
      const slot = this.live(newest, at);
      return slot === NO_SLOT || visit(key, slot);
    });
  }

  /**
   * Visits keys of [start, end) with their newest revision, in order, until `visit` returns false: all that existed at `at`,
   * and some that did not. The latest revision is read without visiting long runs of deleted keys, as locks and
   * elections leave them in their queues.
   */
  visitAt(
    start: string,
    end: string | null,
    at: number,
    visit: (key: ByteString, newest: number) => boolean,
  ): void {
    if (!this.isLatest(at)) this.visitAll(start, end, visit);
    else this.#newest.visitCounted(start, end, visit as (key: string, newest: number) => boolean);
  }

  /** Whether what exists at `at` is what exists now. */
  isLatest(at: number): boolean {
    return at >= this.#latest;
  }

  /** Keys of [start, end) that exist now; logarithmic in their number. */
  countLive(start: string, end: string | null): number {
    return this.#newest.countRange(start, end);
  }

  /** Visits the keys of [start, end) with their newest revision, deleted keys included, until `visit` returns false. */
  visitAll(
    start: string,
    end: string | null,
    visit: (key: ByteString, newest: number) => boolean,
  ): void {
    this.#newest.visitRange(start, end, visit as (key: string, newest: number) => boolean);
  }

  clear(): void {
    this.#newest.clear();
    this.revisions.clear();
    this.#latest = 0;
  }

  /** The revision of a key's chain that is not after `at`, if the key existed then, or {@link NO_SLOT}. */
  live(newest: number, at: number): number {
    const { revisions } = this;
    if (newest === NO_SLOT) return NO_SLOT;
    const slot = revisions.main(newest) <= at ? newest : revisions.atRevision(newest, at);
    return slot === NO_SLOT || revisions.isTombstone(slot) ? NO_SLOT : slot;
  }
}
