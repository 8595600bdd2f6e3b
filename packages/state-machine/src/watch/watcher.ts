import type { ByteString } from "@conclave/base";
import { FilterType, type WatchCreateRequest } from "@conclave/wire";
import type { KeyRange } from "../mvcc/range-bounds.ts";
import type { Change } from "../mvcc/store.ts";

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
  /** Sends bytes that are a whole response. */
  send(response: Uint8Array): void;
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

/** The watchers of one range: it is looked up, and its events are encoded, once for all of them. */
export class WatcherGroup {
  readonly range: KeyRange;
  first: Watcher | null = null;
  /** Changes of the revision being published that fall into the range; null while there are none. */
  pending: Change[] | null = null;

  constructor(range: KeyRange) {
    this.range = range;
  }
}

const WANTS = { puts: 1, deletes: 2, prevKv: 4, fragments: 8, progress: 16 } as const;

/**
 * One subscription. It is either in step, and gets every event as it is published; or it lags, and then it is no more
 * than a cursor: what it has not been sent is read again later.
 */
export class Watcher {
  readonly stream: WatcherStream;
  readonly id: number;
  readonly range: KeyRange;
  /** Events below this revision are never sent. */
  readonly startRevision: number;
  /** Bits of {@link WANTS}: one number, as there may be very many watchers. */
  readonly #wants: number;

  isLagging = false;
  /** Valid only while lagging: everything below this revision was sent. */
  cursor = 0;
  /** Valid only while lagging: history that was looked up and not sent yet. */
  plan: CatchUpPlan | null = null;
  /** Whether a response went out since progress was last due. */
  wasBusy = false;

  /** Neighbours in the list of watchers of the same range. */
  group: WatcherGroup | null = null;
  nextInGroup: Watcher | null = null;
  previousInGroup: Watcher | null = null;

  constructor(
    stream: WatcherStream,
    id: number,
    range: KeyRange,
    startRevision: number,
    request: WatchCreateRequest,
  ) {
    this.stream = stream;
    this.id = id;
    this.range = range;
    this.startRevision = startRevision;
    let wants = 0;
    if (!request.filters.includes(FilterType.NOPUT)) wants |= WANTS.puts;
    if (!request.filters.includes(FilterType.NODELETE)) wants |= WANTS.deletes;
    if (request.prevKv) wants |= WANTS.prevKv;
    if (request.fragment) wants |= WANTS.fragments;
    if (request.progressNotify) wants |= WANTS.progress;
    this.#wants = wants;
  }

  get wantsPrevKv(): boolean {
    return (this.#wants & WANTS.prevKv) !== 0;
  }

  get wantsFragments(): boolean {
    return (this.#wants & WANTS.fragments) !== 0;
  }

  get wantsProgress(): boolean {
    return (this.#wants & WANTS.progress) !== 0;
  }

  /** What decides how events are encoded for the watcher: those with the same form share the bytes. 0 to 7. */
  get eventForm(): number {
    return this.#wants & (WANTS.puts | WANTS.deletes | WANTS.prevKv);
  }

  wants(isDelete: boolean): boolean {
    return (this.#wants & (isDelete ? WANTS.deletes : WANTS.puts)) !== 0;
  }
}
