import type { FilterType, Event as WireEvent } from "@conclave/wire";
import type { ConclaveError } from "../errors.ts";
import { type KeyRange, keptRange } from "../kv/keys.ts";
import { WatchCursor } from "./cursor.ts";

/** What to watch. */
export interface WatchSpec extends KeyRange {
  /** First revision to deliver; null for what comes after the watch was created. */
  readonly startRevision: number | null;
  readonly filters?: readonly FilterType[];
  readonly prevKv?: boolean;
  /** Cluster that `startRevision` belongs to, if known. Default: whichever answers first. */
  readonly clusterId?: bigint;
}

/** Who takes the events. Called from the stream's callback, never after `close`. */
export interface WatchSink {
  /** The server knows the watch, for the first time or again after the stream broke. */
  onCreated?(storeRevision: number): void;
  /** The stream broke. The watch goes on from its cursor on the next one. */
  onInterrupted?(): void;
  /** New events, whole revisions, in order. */
  onEvents(events: readonly WireEvent[]): void;
  /** The watch is over. Last. */
  onFailed(error: ConclaveError): void;
}

/** What a subscription asks of the hub that carries it. */
export interface SubscriptionCarrier {
  /** Puts the subscription on the stream, from its cursor. */
  attach(subscription: Subscription): void;
  /** Takes it off the stream. */
  detach(subscription: Subscription): void;
}

/**
 * One watcher of the shared stream, through all the streams it lives on.
 *
 * Invariant: `watchId` is not null exactly while the watch is requested on the current stream.
 */
export class Subscription {
  readonly spec: WatchSpec;
  readonly sink: WatchSink;
  readonly cursor: WatchCursor;
  readonly #carrier: SubscriptionCarrier;
  watchId: number | null = null;
  #clusterId: bigint | null;
  #wanted: "on" | "paused" | "closed" = "on";

  constructor(spec: WatchSpec, sink: WatchSink, carrier: SubscriptionCarrier) {
    this.spec = { ...spec, ...keptRange(spec) };
    this.sink = sink;
    this.cursor = new WatchCursor(spec.startRevision);
    this.#carrier = carrier;
    this.#clusterId = spec.clusterId ?? null;
  }

  /** Whether the cluster that answers is the one whose revisions the cursor counts; the first one to answer is. */
  maybeJoinCluster(clusterId: bigint): boolean {
    this.#clusterId ??= clusterId;
    return this.#clusterId === clusterId;
  }

  /** Whether it belongs on the stream. */
  get isOn(): boolean {
    return this.#wanted === "on";
  }

  get isClosed(): boolean {
    return this.#wanted === "closed";
  }

  /** Asks the server to stop sending. Nothing is lost: {@link resume} goes on from the cursor. */
  pause(): void {
    if (this.#wanted !== "on") return;
    this.#wanted = "paused";
    this.#carrier.detach(this);
  }

  resume(): void {
    if (this.#wanted !== "paused") return;
    this.#wanted = "on";
    this.#carrier.attach(this);
  }

  close(): void {
    if (this.#wanted === "closed") return;
    this.#wanted = "closed";
    this.#carrier.detach(this);
  }

  /** Ends it with an error, once. */
  fail(error: ConclaveError): void {
    if (this.#wanted === "closed") return;
    this.close();
    this.sink.onFailed(error);
  }
}
