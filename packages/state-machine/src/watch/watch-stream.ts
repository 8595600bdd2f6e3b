import { assert } from "@conclave/base";
import type { WatchCreateRequest } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { keyRangeOf } from "../mvcc/range-bounds.ts";
import { NO_WATCH_ID, type WatchNotice, type WatchResponseEncoder } from "./event-codec.ts";
import { Watcher, type WatcherStream } from "./watcher.ts";

/** Where a stream's responses go. */
export interface WatchSink {
  /**
   * Takes one encoded WatchResponse, always: its events, of which there may be none, are the end of it, and the same bytes for many
   * watchers. Nobody may change them; a head before events is the hub's again when this returns. @returns false if its buffer is
   * full now: nothing but answers to requests comes until {@link WatchStream.onDrain}. Must not call back into the hub.
   */
  send(head: Uint8Array, events: Uint8Array): boolean;
}

/** What a stream needs of the hub that it belongs to. */
export interface WatchRegistry {
  readonly revision: number;
  readonly encoder: WatchResponseEncoder;
  add(watcher: Watcher): void;
  remove(watcher: Watcher): void;
  onStreamReady(stream: WatcherStream): void;
  onStreamClosed(stream: WatcherStream): void;
}

/** Watchers of one stream. Count. */
export const WATCHERS_PER_STREAM_MAX = 65_536;

const REASON_RANGE_EMPTY = "mvcc: watcher range is empty";
const REASON_DUPLICATE_ID = "mvcc: duplicate watch ID provided on the WatchStream";

/**
 * The watchers of one client stream, which share a buffer. Requests are answered at once, in order: the caller reads no
 * further requests while the buffer is full.
 */
export class WatchStream implements WatcherStream {
  readonly #hub: WatchRegistry;
  readonly #sink: WatchSink;
  readonly #watchers = new Map<number, Watcher>();
  #nextId = 0;
  #isWritable = true;
  #isClosed = false;
  #isProgressPending = false;

  readonly lagging = new Set<Watcher>();
  isQueued = false;

  constructor(hub: WatchRegistry, sink: WatchSink) {
    this.#hub = hub;
    this.#sink = sink;
  }

  /** False while the sink's buffer is full: read no more requests from the client. */
  get isWritable(): boolean {
    return this.#isWritable;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Begins a watch, or says in its answer why not. Events come after that answer. */
  create(request: WatchCreateRequest): void {
    assert(!this.#isClosed, "a create on a closed stream");
    const key = request.key.length === 0 ? SMALLEST_KEY : request.key;
    const range = keyRangeOf(key, request.rangeEnd);
    if (!range.isSingle && range.end !== null && range.end <= range.key) {
      this.refuse(REASON_RANGE_EMPTY);
    } else if (request.startRevision < 0) {
      this.refuse(EtcdErrors.compacted.message);
    } else if (request.watchId !== 0 && this.#watchers.has(request.watchId)) {
      this.refuse(REASON_DUPLICATE_ID);
    } else if (this.#watchers.size >= WATCHERS_PER_STREAM_MAX) {
      this.refuse(EtcdErrors.tooManyRequests.message);
    } else {
      const current = this.#hub.revision;
      const startRevision = request.startRevision === 0 ? current + 1 : request.startRevision;
      const id = request.watchId === 0 ? this.#takeId() : request.watchId;
      const watcher = new Watcher(this, id, range, startRevision, request);
      this.#watchers.set(id, watcher);
      this.#notify({ watchId: id, revision: current, created: true });
      this.#hub.add(watcher);
    }
  }

  /** Answers a create that is refused: by one of the rules here, or by the caller's (permission). */
  refuse(cancelReason: string): void {
    const { revision } = this.#hub;
    const watchId = NO_WATCH_ID;
    this.#notify({ watchId, revision, created: true, canceled: true, cancelReason });
  }

  /** Ends a watch at the client's wish. An unknown id is met with silence, as in etcd. */
  cancel(id: number): void {
    const watcher = this.#watchers.get(id);
    if (watcher === undefined) return;
    this.#remove(watcher);
    this.#notify({ watchId: id, revision: this.#hub.revision, canceled: true });
    this.#maybeSendProgress();
  }

  /** Ends a watch whose cursor was overtaken by compaction: the second message of etcd's two. */
  cancelCompacted(watcher: Watcher, compactRevision: number): void {
    this.#remove(watcher);
    this.#notify({ watchId: watcher.id, revision: 0, canceled: true, compactRevision });
  }

  /**
   * Answers once everything up to the answer's revision was sent to all watchers of the stream: at once, or when those
   * that lag have caught up. Requests that come meanwhile share that answer. A stream without watchers gets none, nor
   * one with a watcher that waits for a revision still to come.
   */
  requestProgress(): void {
    this.#isProgressPending = true;
    this.#maybeSendProgress();
  }

  /** Tells watchers that asked for it, and heard nothing since the last call, how far they are. */
  notifyProgress(): void {
    if (!this.#isWritable) return;
    const { revision } = this.#hub;
    for (const watcher of this.#watchers.values()) {
      if (!watcher.wantsProgress) continue;
      const isDue = !watcher.wasBusy && isInStep(watcher, revision);
      watcher.wasBusy = false;
      if (isDue && this.#isWritable) this.#notify({ watchId: watcher.id, revision });
    }
  }

  /** The sink has room again. What was missed meanwhile is read from the store, not remembered. */
  onDrain(): void {
    if (this.#isClosed || this.#isWritable) return;
    this.#isWritable = true;
    this.#hub.onStreamReady(this);
    this.#maybeSendProgress();
  }

  /** Ends the stream with all its watchers. Nothing is sent any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const watcher of this.#watchers.values()) this.#hub.remove(watcher);
    this.#watchers.clear();
    this.lagging.clear();
    this.#hub.onStreamClosed(this);
  }

  watchers(): IterableIterator<Watcher> {
    return this.#watchers.values();
  }

  send(head: Uint8Array, events: Uint8Array): void {
    assert(!this.#isClosed, "a response on a closed stream");
    if (!this.#sink.send(head, events)) this.#isWritable = false;
  }

  onCaughtUp(): void {
    this.#maybeSendProgress();
  }

  #notify(notice: WatchNotice): void {
    this.send(this.#hub.encoder.notice(notice), NO_EVENTS);
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher.id);
    this.lagging.delete(watcher);
    this.#hub.remove(watcher);
  }

  #maybeSendProgress(): void {
    if (!this.#isProgressPending || !this.#isWritable || this.lagging.size > 0) return;
    this.#isProgressPending = false;
    const { revision } = this.#hub;
    for (const watcher of this.#watchers.values()) {
      if (!isInStep(watcher, revision)) return;
    }
    if (this.#watchers.size > 0) this.#notify({ watchId: NO_WATCH_ID, revision });
  }

  /** The next id that is not taken. Ids of ended watches are not given out again. */
  #takeId(): number {
    while (this.#watchers.has(this.#nextId)) this.#nextId += 1;
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }
}

const NO_EVENTS = new Uint8Array(0);

/** A watch without a key watches from the smallest key there is. */
const SMALLEST_KEY = new Uint8Array(1);

/** Whether a watcher was sent all it wants up to `revision`, and `revision` is not before what it waits for. */
function isInStep(watcher: Watcher, revision: number): boolean {
  return !watcher.isLagging && revision >= watcher.startRevision - 1;
}
