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
  /** Changes of the revision being published that fall into the range. */
  readonly pending: Change[] = [];

  constructor(range: KeyRange) {
    this.range = range;
  }
}

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
  readonly wantsPuts: boolean;
  readonly wantsDeletes: boolean;
  readonly wantsPrevKv: boolean;
  readonly wantsFragments: boolean;
  readonly wantsProgress: boolean;

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
    this.wantsPuts = !request.filters.includes(FilterType.NOPUT);
    this.wantsDeletes = !request.filters.includes(FilterType.NODELETE);
    this.wantsPrevKv = request.prevKv;
    this.wantsFragments = request.fragment;
    this.wantsProgress = request.progressNotify;
  }

  wants(isDelete: boolean): boolean {
    return isDelete ? this.wantsDeletes : this.wantsPuts;
  }
}
