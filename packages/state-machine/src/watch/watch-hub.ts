import { assert } from "@conclave/base";
import type { HeaderFacts } from "../header-encoder.ts";
import type { Change, MvccStore } from "../mvcc/store.ts";
import { HistoryReader } from "./catch-up.ts";
import { EventBatch, WatchResponseEncoder } from "./event-codec.ts";
import { IntervalIndex } from "./interval-index.ts";
import { CHANGES_MAX, RecentChanges } from "./recent-changes.ts";
import { type WatchRegistry, type WatchSink, WatchStream } from "./watch-stream.ts";
import type { Watcher, WatcherStream } from "./watcher.ts";

/** Size from which a response to a watcher that takes fragments is split: what a gRPC client receives by default. */
export const FRAGMENT_BYTES_MAX = 2 * 1024 * 1024;
/**
 * Revisions that follow each other at once go to a watcher in one response, up to here: as much as leaves in one frame of
 * HTTP/2. One revision that is larger goes whole. Bytes.
 */
const RESPONSE_BYTES_MAX = 15 * 1024;
/** What an event takes beside its pair, at most, unless it brings the pair before. Bytes. */
const EVENT_OVERHEAD_BYTES = 12;
/** Lagging watchers whose looked-up history is kept at a time; others look theirs up again. Count. */
const PLANS_MAX = 64;

export interface WatchHubOptions {
  /** What the member knows for the headers of responses. Default: zeros. */
  readonly header?: () => HeaderFacts;
  /** Called when there is something to catch up with and there was not before: call `catchUp` soon. */
  readonly onCatchUpNeeded?: () => void;
  /** Default {@link FRAGMENT_BYTES_MAX}. */
  readonly fragmentBytesMax?: number;
}

const NO_HEADER: HeaderFacts = { clusterId: 0n, memberId: 0n, raftTerm: 0 };

/**
 * Brings changes to watchers. A watcher in step gets each revision with the end of the entry that made it; one whose stream is
 * full, or that began in the past, is a cursor in a queue, and reads what it missed as soon as its stream takes more: there is no
 * timer (decision 8 of the design).
 */
export class WatchHub implements WatchRegistry {
  readonly encoder: WatchResponseEncoder;
  readonly #mvcc: MvccStore;
  readonly #index = new IntervalIndex();
  readonly #recent = new RecentChanges();
  readonly #history: HistoryReader;
  readonly #streams = new Set<WatcherStream>();
  /** Streams that take more and have watchers that lag. */
  #ready: WatcherStream[] = [];
  /** Watchers with a plan, the oldest plan first. */
  readonly #planned = new Set<Watcher>();
  readonly #onCatchUpNeeded: () => void;
  readonly #fragmentBytesMax: number;
  /** Published and not yet sent: the first watcher of each range with changes in it, and those changes. */
  readonly #touched = new Map<Watcher, Change[]>();
  /** About how many bytes those changes are. */
  #pendingBytes = 0;
  #watcherCount = 0;
  /** Changes since anybody watched. */
  #unwatchedChanges = 0;
  /** The revision there was when the state went, until the next state is loaded; null: there is one. */
  #revisionBeforeReset: number | null = null;

  constructor(mvcc: MvccStore, options: WatchHubOptions = {}) {
    this.#mvcc = mvcc;
    this.encoder = new WatchResponseEncoder(options.header ?? (() => NO_HEADER));
    this.#history = new HistoryReader(mvcc, this.#recent);
    this.#onCatchUpNeeded = options.onCatchUpNeeded ?? (() => {});
    this.#fragmentBytesMax = options.fragmentBytesMax ?? FRAGMENT_BYTES_MAX;
  }

  get revision(): number {
    return this.#revisionBeforeReset ?? this.#mvcc.revision;
  }

  get watcherCount(): number {
    return this.#watcherCount;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Whether {@link catchUp} has something to do now. */
  get needsCatchUp(): boolean {
    return this.#ready.length > 0;
  }

  openStream(sink: WatchSink): WatchStream {
    const stream = new WatchStream(this, sink);
    this.#streams.add(stream);
    return stream;
  }

  /** Progress for all streams' watchers that asked for it; the caller decides how often. */
  notifyProgress(): void {
    for (const stream of this.#streams) stream.notifyProgress();
  }

  /** Takes the changes of one revision for the watchers in step: {@link flush} sends them. */
  publish(changes: readonly Change[]): void {
    if (this.#watcherCount === 0) {
      this.#publishToNobody(changes);
      return;
    }
    this.#unwatchedChanges = 0;
    const bytes = sizeOf(changes);
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > RESPONSE_BYTES_MAX) this.flush();
    for (const change of changes) {
      this.#recent.add(change);
      this.#index.visit(change.key, (first) => {
        const touching = this.#touched.get(first);
        if (touching === undefined) this.#touched.set(first, [change]);
        else touching.push(change);
      });
    }
    if (this.#touched.size > 0) this.#pendingBytes += bytes;
  }

  /** Who was cut off may come back in a moment; when nobody has watched for long, nothing is kept. */
  #publishToNobody(changes: readonly Change[]): void {
    this.#unwatchedChanges += changes.length;
    if (this.#unwatchedChanges <= CHANGES_MAX) {
      for (const change of changes) this.#recent.add(change);
    } else if (changes.length > 0) this.#recent.pass(changes[0]!.revision);
  }

  /**
   * Sends what was published. Whoever applies calls it before anything else can happen to the state or to a watcher: what a
   * crowd has written together, its watchers are told together.
   */
  flush(): void {
    if (this.#touched.size === 0) return;
    for (const [first, touching] of this.#touched) this.#deliver(first, touching);
    this.#touched.clear();
    this.#pendingBytes = 0;
  }

  /**
   * Does about `budget` keys' and events' worth of catching up.
   * @returns whether there is more to do now
   */
  catchUp(budget: number): boolean {
    if (this.#revisionBeforeReset !== null) return false;
    assert(this.#touched.size === 0, "what was published is sent before anybody catches up");
    let left = budget;
    while (left > 0) {
      const stream = this.#ready.shift();
      if (stream === undefined) return false;
      stream.isQueued = false;
      const [watcher] = stream.lagging;
      if (watcher === undefined || !stream.isWritable) continue;
      left -= this.#advance(watcher, left);
      this.#enqueue(stream);
    }
    return this.#ready.length > 0;
  }

  /** The streams': a watcher begins. */
  add(watcher: Watcher): void {
    this.#index.add(watcher);
    this.#watcherCount += 1;
    const { startRevision } = watcher;
    if (this.#revisionBeforeReset !== null) {
      this.#fallBehind(watcher, startRevision);
      return;
    }
    if (startRevision > this.revision) return;
    const isInStep =
      startRevision >= this.#mvcc.compactRevision &&
      watcher.isSingle &&
      this.#history.isUnchangedSince(watcher.key, startRevision);
    if (!isInStep) this.#fallBehind(watcher, startRevision);
  }

  /** The streams': a watcher ends. */
  remove(watcher: Watcher): void {
    // An answer may cost a client its connection: others of its range are told of what was published all the same.
    if (this.#touched.has(watcher)) this.flush();
    this.#index.remove(watcher);
    this.#planned.delete(watcher);
    this.#watcherCount -= 1;
  }

  onStreamReady(stream: WatcherStream): void {
    this.#enqueue(stream);
  }

  onStreamClosed(stream: WatcherStream): void {
    this.#streams.delete(stream);
  }

  /** The state is about to be replaced by a snapshot: every watcher becomes a cursor at what it has seen (E10). */
  beforeReset(): void {
    const { revision } = this;
    for (const stream of this.#streams) {
      for (const watcher of stream.watchers()) {
        watcher.plan = null;
        if (!watcher.isLagging) {
          this.#fallBehind(watcher, Math.max(watcher.startRevision, revision + 1));
        }
      }
    }
    this.#planned.clear();
    this.#revisionBeforeReset = revision;
  }

  /** The state was loaded. Watchers go on from their cursors. */
  afterLoad(): void {
    this.#revisionBeforeReset = null;
    this.#recent.clear(this.revision);
    this.#history.reset();
    for (const stream of this.#streams) this.#enqueue(stream);
    // Some may have been queued before there was a state: nobody was called for them then.
    if (this.#ready.length > 0) this.#onCatchUpNeeded();
  }

  /** To all watchers of one range, whose first is given. */
  #deliver(first: Watcher, changes: readonly Change[]): void {
    const deliveries = new RangeDeliveries(this.#mvcc, changes);
    const { firstRevision, lastRevision } = deliveries;
    for (let watcher: Watcher | null = first; watcher !== null; watcher = watcher.nextOfRange) {
      if (watcher.isLagging || lastRevision < watcher.startRevision) continue;
      if (watcher.stream.isClosed) continue;
      const events = deliveries.eventsFor(watcher);
      if (events === null) continue;
      if (!watcher.stream.isWritable) {
        this.#fallBehind(watcher, Math.max(firstRevision, watcher.startRevision));
      } else this.#send(watcher, lastRevision, events);
    }
  }

  /** Everything goes out at once: fragments do not wait for each other, however full the stream gets. */
  #send(watcher: Watcher, revision: number, events: EventBatch): void {
    watcher.wasBusy = true;
    const { encoder } = this;
    if (!watcher.wantsFragments) {
      watcher.stream.send(encoder.head(watcher.id, revision), events.bytes);
      return;
    }
    const headBytes = encoder.head(watcher.id, revision, true).length;
    const pieces = events.split(this.#fragmentBytesMax - headBytes);
    const last = pieces.length - 1;
    pieces.forEach((piece, at) => {
      watcher.stream.send(encoder.head(watcher.id, revision, at < last), piece);
    });
  }

  #fallBehind(watcher: Watcher, cursor: number): void {
    watcher.isLagging = true;
    watcher.cursor = cursor;
    watcher.stream.lagging.add(watcher);
    this.#enqueue(watcher.stream);
  }

  #enqueue(stream: WatcherStream): void {
    if (stream.isQueued || !stream.isWritable || stream.isClosed) return;
    if (stream.lagging.size === 0) return;
    stream.isQueued = true;
    this.#ready.push(stream);
    if (this.#ready.length === 1) this.#onCatchUpNeeded();
  }

  /** One step for one lagging watcher. @returns the work it took */
  #advance(watcher: Watcher, workMax: number): number {
    const { stream } = watcher;
    const { revision, compactRevision } = this.#mvcc;
    if (watcher.cursor <= revision && watcher.cursor < compactRevision) {
      stream.cancelCompacted(watcher, compactRevision);
      stream.onCaughtUp();
      return 1;
    }
    if (watcher.cursor <= revision && !this.#sendHistory(watcher, workMax)) {
      return this.#history.work;
    }
    stream.lagging.delete(watcher);
    if (watcher.cursor <= revision) stream.lagging.add(watcher);
    else {
      watcher.isLagging = false;
      stream.onCaughtUp();
    }
    return this.#history.work;
  }

  /**
   * Sends the next piece of what a watcher missed and moves its cursor. The header's revision is the last one of which
   * everything was sent: a client may resume after it. @returns false if the lookup is still under way
   */
  #sendHistory(watcher: Watcher, workMax: number): boolean {
    const batch = this.#history.read(watcher, workMax);
    this.#limitPlans(watcher);
    if (batch === null) return false;
    const { events, throughRevision } = batch;
    assert(throughRevision >= watcher.cursor, "catching up makes progress");
    watcher.cursor = throughRevision + 1;
    if (events.count === 0) return true;
    this.#send(watcher, throughRevision, events);
    return true;
  }

  #limitPlans(watcher: Watcher): void {
    if (watcher.plan === null) {
      this.#planned.delete(watcher);
      return;
    }
    this.#planned.add(watcher);
    if (this.#planned.size <= PLANS_MAX) return;
    const [oldest] = this.#planned;
    oldest!.plan = null;
    this.#planned.delete(oldest!);
  }
}

/** Collects what the watchers of one range get of revisions that follow each other: each form of it once. */
class RangeDeliveries {
  readonly firstRevision: number;
  readonly lastRevision: number;
  readonly #mvcc: MvccStore;
  readonly #changes: readonly Change[];
  /** By what a watcher wants; null: no change is left. */
  readonly #batches: (EventBatch | null | undefined)[] = [];

  constructor(mvcc: MvccStore, changes: readonly Change[]) {
    this.#mvcc = mvcc;
    this.#changes = changes;
    this.firstRevision = changes[0]!.revision;
    this.lastRevision = changes.at(-1)!.revision;
  }

  eventsFor(watcher: Watcher): EventBatch | null {
    // It began in the middle of these revisions: nobody else gets the same.
    if (watcher.startRevision > this.firstRevision) return this.#collect(watcher);
    const { eventForm } = watcher;
    let batch = this.#batches[eventForm];
    if (batch === undefined) {
      batch = this.#collect(watcher);
      this.#batches[eventForm] = batch;
    }
    return batch;
  }

  #collect(watcher: Watcher): EventBatch | null {
    const batch = new EventBatch();
    for (const change of this.#changes) {
      if (change.revision < watcher.startRevision || !watcher.wants(change.isDelete)) continue;
      const prevPair = watcher.wantsPrevKv ? this.#mvcc.pairBefore(change) : null;
      batch.add(change.pair, change.isDelete, prevPair);
    }
    return batch.count > 0 ? batch : null;
  }
}

function sizeOf(changes: readonly Change[]): number {
  let bytes = 0;
  for (const { pair } of changes) bytes += pair.length + EVENT_OVERHEAD_BYTES;
  return bytes;
}
