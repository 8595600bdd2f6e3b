import type { ByteString } from "@conclave/base";
import { FilterType, type WatchCreateRequest } from "@conclave/wire";
import type { KeyRange } from "../mvcc/range-bounds.ts";

/** What the hub needs of the stream that a watcher belongs to. */
export interface WatcherStream {
  /** False while the stream's buffer is full: its watchers fall behind instead of being sent more. */
  readonly isWritable: boolean;
  readonly isClosed: boolean;
  /** Watchers that have something to catch up with, first come first served. The hub's. */
  readonly lagging: Set<Watcher>;
  /** Whether the hub has the stream in its queue. The hub's. */
  isQueued: boolean;
  watchers(): IterableIterator<Watcher>;
  /** Sends a response, its events last; what comes before them is free again when this returns. */
  send(head: Uint8Array, events: Uint8Array): void;
  notifyProgress(): void;
  /** A watcher was overtaken by compaction: ends it. */
  cancelCompacted(watcher: Watcher, compactRevision: number): void;
  /** A watcher is in step again. */
  onCaughtUp(): void;
}

/** History of a range, looked up in key order in one or more steps, then sent in revision order. */
export interface CatchUpPlan {
  /** The plan holds everything from the watcher's cursor to this revision. */
  lastRevision: number;
  /** Where the lookup goes on; null once it is complete and `slots` is sorted. */
  nextKey: ByteString | null;
  slots: number[];
  /** Beyond it the newer half is forgotten, to be looked up again later. */
  slotsMax: number;
  /** How many of `slots` were sent. */
  sent: number;
}

/** Bits of a watcher: one number for all, as there may be very many watchers. */
const BITS = {
  puts: 1,
  deletes: 2,
  prevKv: 4,
  fragments: 8,
  progress: 16,
  single: 32,
  lagging: 64,
  busy: 128,
} as const;

/**
 * One subscription, and the range that it is to. It is either in step, and gets every event as it is published; or it
 * lags, and then it is no more than a cursor: what it has not been sent is read again later.
 *
 * There may be a million that never hear anything: what each costs is in docs/performance.md.
 */
export class Watcher implements KeyRange {
  readonly stream: WatcherStream;
  readonly id: number;
  readonly key: ByteString;
  readonly end: ByteString | null;
  /** Events below this revision are never sent. */
  readonly startRevision: number;
  /** Of {@link BITS}. */
  #bits: number;

  /** Valid only while lagging: everything below this revision was sent. */
  cursor = 0;
  /** Valid only while lagging: history that was looked up and not sent yet. */
  plan: CatchUpPlan | null = null;

  /** Neighbours in the list of watchers of the same range, which the index keeps. */
  nextOfRange: Watcher | null = null;
  previousOfRange: Watcher | null = null;

  constructor(
    stream: WatcherStream,
    id: number,
    range: KeyRange,
    startRevision: number,
    request: WatchCreateRequest,
  ) {
    this.stream = stream;
    this.id = id;
    this.key = range.key;
    this.end = range.end;
    this.startRevision = startRevision;
    let bits = range.isSingle ? BITS.single : 0;
    if (!request.filters.includes(FilterType.NOPUT)) bits |= BITS.puts;
    if (!request.filters.includes(FilterType.NODELETE)) bits |= BITS.deletes;
    if (request.prevKv) bits |= BITS.prevKv;
    if (request.fragment) bits |= BITS.fragments;
    if (request.progressNotify) bits |= BITS.progress;
    this.#bits = bits;
  }

  get isSingle(): boolean {
    return (this.#bits & BITS.single) !== 0;
  }

  get wantsPrevKv(): boolean {
    return (this.#bits & BITS.prevKv) !== 0;
  }

  get wantsFragments(): boolean {
    return (this.#bits & BITS.fragments) !== 0;
  }

  get wantsProgress(): boolean {
    return (this.#bits & BITS.progress) !== 0;
  }

  get isLagging(): boolean {
    return (this.#bits & BITS.lagging) !== 0;
  }

  set isLagging(isLagging: boolean) {
    this.#bits = isLagging ? this.#bits | BITS.lagging : this.#bits & ~BITS.lagging;
  }

  /** Whether a response went out since progress was last due. */
  get wasBusy(): boolean {
    return (this.#bits & BITS.busy) !== 0;
  }

  set wasBusy(wasBusy: boolean) {
    this.#bits = wasBusy ? this.#bits | BITS.busy : this.#bits & ~BITS.busy;
  }

  /** What decides how events are encoded for the watcher: those with the same form share the bytes. 0 to 7. */
  get eventForm(): number {
    return this.#bits & (BITS.puts | BITS.deletes | BITS.prevKv);
  }

  wants(isDelete: boolean): boolean {
    return (this.#bits & (isDelete ? BITS.deletes : BITS.puts)) !== 0;
  }
}
