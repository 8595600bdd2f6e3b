import { assert, type ByteString } from "@conclave/base";
import { REVISION_KEY_BYTES, revisionKey } from "../records.ts";
import { hashOfBytes, type StateDigest } from "../state-digest.ts";
import type { StateStore } from "../state-store.ts";
import { KeyIndex } from "./key-index.ts";
import { encodeKeyValue, encodeTombstone, KeyValueView } from "./key-value.ts";
import { NO_SLOT } from "./revision.ts";
import { ValueCache } from "./value-cache.ts";

/** Revision of a store in which nothing was ever written. */
export const FIRST_REVISION = 1;
/** Compact revision of a store that was never compacted: below 0, so that compacting at 0 works once, as in etcd. */
export const NEVER_COMPACTED = -1;

/** One change of one key: what watchers are told of. */
export interface Change {
  readonly key: ByteString;
  readonly revision: number;
  /** Of the record written: see {@link RevisionTable}. Valid until compaction passes it. */
  readonly slot: number;
  /** The pair after the change, encoded; of a delete only key and mod revision. */
  readonly pair: Uint8Array;
  readonly isDelete: boolean;
  /** A put of a key that did not exist. */
  readonly isCreate: boolean;
}

/** Who keeps keys and leases attached to each other. */
export interface LeaseAttachments {
  /** The lease a key hangs on, 0n for none. */
  leaseOf(key: ByteString): bigint;
  /** Hangs a key on a lease, off the one it was on; 0n: on none. */
  attach(key: ByteString, lease: bigint): void;
}

/**
 * Keys with all their revisions: index in memory, pairs in the store behind a cache. Writes happen between
 * {@link beginWrite} and {@link endWrite}, all at one revision, and are seen by reads at once.
 */
export class MvccStore {
  readonly index = new KeyIndex();
  readonly leases: LeaseAttachments;
  readonly #store: StateStore;
  readonly #cache: ValueCache;
  readonly #digest: StateDigest;
  readonly #view = new KeyValueView();
  #revision = FIRST_REVISION;
  #compactRevision = NEVER_COMPACTED;
  #sizeBytes = 0;
  #isWriting = false;
  #epoch = 0;
  #changes: Change[] = [];

  constructor(
    store: StateStore,
    leases: LeaseAttachments,
    cacheBytesMax: number,
    digest: StateDigest,
  ) {
    this.#store = store;
    this.#digest = digest;
    this.leases = leases;
    this.#cache = new ValueCache(cacheBytesMax);
  }

  /** Revision of the last write that is complete. */
  get revision(): number {
    return this.#revision;
  }

  /** The revision reads see: inside a write that changed something already the one it will have. */
  get readRevision(): number {
    return this.#changes.length > 0 ? this.#revision + 1 : this.#revision;
  }

  /** Reads below it are refused. {@link NEVER_COMPACTED} until the first compaction. */
  get compactRevision(): number {
    return this.#compactRevision;
  }

  /** Grows when the store is emptied: what was read of it before is void. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Bytes of all stored revisions, keys included. Depends on how far the sweep of a compaction is. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether the write under way changed something already. */
  get hasChanges(): boolean {
    return this.#changes.length > 0;
  }

  beginWrite(): void {
    assert(!this.#isWriting, "writes do not nest");
    this.#isWriting = true;
  }

  /** Ends a write; its changes, in order, become revision + 1 if there are any. The array is the caller's. */
  endWrite(): readonly Change[] {
    assert(this.#isWriting, "endWrite without beginWrite");
    const changes = this.#changes;
    this.#isWriting = false;
    if (changes.length === 0) return changes;
    this.#changes = [];
    this.#revision += 1;
    return changes;
  }

  /** Writes `source[valueStart, valueEnd)` under `key`. Requires: the lease exists, or is 0n for none. */
  put(
    key: ByteString,
    source: Uint8Array,
    valueStart: number,
    valueEnd: number,
    lease: bigint,
  ): void {
    assert(this.#isWriting, "a put outside a write");
    const { index } = this;
    const { revisions } = index;
    const main = this.#revision + 1;
    const sub = this.#changes.length;
    const newest = index.newest(key);
    const isCreate = newest === NO_SLOT || revisions.isTombstone(newest);
    const create = isCreate ? main : revisions.create(newest);
    const version = isCreate ? 1 : revisions.version(newest) + 1;
    const pair = encodeKeyValue(key, create, main, version, source, valueStart, valueEnd, lease);
    const bytes = REVISION_KEY_BYTES + pair.length;
    const slot = index.add(key, newest, main, sub, create, version, bytes);
    this.#write(key, main, sub, slot, pair, bytes, false, isCreate);
    this.leases.attach(key, lease);
  }

  /** Deletes a key if it exists. @returns whether it did. */
  delete(key: ByteString): boolean {
    assert(this.#isWriting, "a delete outside a write");
    const { index } = this;
    const newest = index.newest(key);
    if (newest === NO_SLOT || index.revisions.isTombstone(newest)) return false;
    const main = this.#revision + 1;
    const sub = this.#changes.length;
    const pair = encodeTombstone(key, main);
    const bytes = REVISION_KEY_BYTES + pair.length;
    const slot = index.add(key, newest, main, sub, 0, 0, bytes);
    this.#write(key, main, sub, slot, pair, bytes, true, false);
    this.leases.attach(key, 0n);
    return true;
  }

  /** The encoded pair stored at a slot. */
  pairAt(slot: number): Uint8Array {
    const { length } = this.#changes;
    if (length > 0 && this.#changes[length - 1]!.slot === slot)
      return this.#changes[length - 1]!.pair;
    const cached = this.#cache.get(slot);
    if (cached !== null) return cached;
    const { revisions } = this.index;
    const pair = this.#store.get(revisionKey(revisions.main(slot), revisions.sub(slot)));
    assert(pair !== undefined, "the index names a revision that the store does not hold");
    const isAsWritten = hashOfBytes(pair, revisions.sub(slot)) === revisions.hash(slot);
    assert(
      isAsWritten,
      "the store gives back another record than was written: the disk is rotting",
    );
    this.#cache.set(slot, pair);
    return pair;
  }

  /** The pair at a slot without its value. The newest pair of a key costs no read. */
  keyOnlyAt(key: ByteString, slot: number): Uint8Array {
    const { revisions } = this.index;
    const isNewest = this.index.newest(key) === slot;
    const lease = isNewest ? this.leases.leaseOf(key) : this.#view.read(this.pairAt(slot)).lease;
    const create = revisions.create(slot);
    const version = revisions.version(slot);
    return encodeKeyValue(key, create, revisions.main(slot), version, NO_BYTES, 0, 0, lease);
  }

  /**
   * The pair a change replaced, as it was at the revision before: null if the key did not exist then or compaction has
   * removed it (etcd #10681).
   */
  pairBefore(change: Change): Uint8Array | null {
    if (change.isCreate) return null;
    return this.pairBeforeSlot(change.slot, change.revision);
  }

  /** See {@link pairBefore}. `slot` holds the change made at `revision`, which must not be compacted. */
  pairBeforeSlot(slot: number, revision: number): Uint8Array | null {
    if (revision - 1 < this.#compactRevision) return null;
    const { revisions } = this.index;
    const before = revisions.atRevision(slot, revision - 1);
    return before === NO_SLOT || revisions.isTombstone(before) ? null : this.pairAt(before);
  }

  /** Takes a compaction into force. The records it makes void go later, in a sweep. */
  compactTo(revision: number): void {
    assert(revision > this.#compactRevision, "compaction does not go back");
    assert(revision <= this.#revision, "compaction of the future");
    this.#compactRevision = revision;
  }

  /** Removes the record at a slot that was cut off its key's chain. */
  removeRecord(slot: number): void {
    const { revisions } = this.index;
    this.#store.delete(revisionKey(revisions.main(slot), revisions.sub(slot)));
    this.#sizeBytes -= revisions.bytes(slot);
    this.#digest.remove(revisions.hash(slot));
    this.#cache.drop(slot);
    revisions.remove(slot);
  }

  /** Boot: takes in one record of the revision table, `source[start, end)`. Records come in revision order. */
  loadRecord(main: number, sub: number, source: Uint8Array, start: number, end: number): void {
    const view = this.#view.read(source, start, end);
    const key = view.key();
    assert(view.modRevision === main, "a record is stored under another revision than its own");
    const bytes = REVISION_KEY_BYTES + (end - start);
    const newest = this.index.newestNear(key);
    const slot = this.index.add(key, newest, main, sub, view.createRevision, view.version, bytes);
    this.#addToDigest(slot, hashOfBytes(source, sub, start, end));
    this.#sizeBytes += bytes;
    this.#revision = Math.max(this.#revision, main);
    this.leases.attach(key, view.lease);
  }

  /** Boot: the counters as they were persisted. They win over what the surviving records say (E5). */
  loadRevisions(revision: number, compactRevision: number): void {
    this.#revision = Math.max(this.#revision, revision, compactRevision);
    this.#compactRevision = compactRevision;
  }

  clear(): void {
    assert(!this.#isWriting, "cleared inside a write");
    this.#epoch += 1;
    this.index.clear();
    this.#cache.clear();
    this.#revision = FIRST_REVISION;
    this.#compactRevision = NEVER_COMPACTED;
    this.#sizeBytes = 0;
  }

  #write(
    key: ByteString,
    revision: number,
    sub: number,
    slot: number,
    pair: Uint8Array,
    bytes: number,
    isDelete: boolean,
    isCreate: boolean,
  ): void {
    this.#store.put(revisionKey(revision, sub), pair);
    this.#cache.set(slot, pair);
    this.#addToDigest(slot, hashOfBytes(pair, sub));
    this.#sizeBytes += bytes;
    const change = { key, revision, slot, pair, isDelete, isCreate };
    // Most writes change one key: an array that is pushed to has room for seventeen.
    if (sub === 0) this.#changes = [change];
    else this.#changes.push(change);
  }

  /** The pair holds its key and revision; only its place inside the revision is not in it. */
  #addToDigest(slot: number, hash: number): void {
    this.index.revisions.setHash(slot, hash);
    this.#digest.add(hash);
  }
}

const NO_BYTES = new Uint8Array(0);
