import type { Timer } from "@conclave/base";
import {
  type WatchRequestInit,
  type WatchResponse,
  Watch as WatchService,
  type Event as WireEvent,
} from "@conclave/wire";
import { CompactedError, ConclaveError, type ErrorCode } from "../errors.ts";
import { Backoff, type Runtime } from "../runtime.ts";
import type { MessageHandler, MessageStream, Transport } from "../transport/transport.ts";
import { errorOfCancelReason, isTokenRefused } from "./cancel-reason.ts";
import { Subscription, type WatchSink, type WatchSpec } from "./subscription.ts";

/** Pauses between attempts to open the stream, ms. */
const REOPEN_MIN_MS = 20;
const REOPEN_MAX_MS = 2_000;

/** Streams in a row whose token may be refused before their watches are told. Count. */
const REFUSED_TOKENS_MAX = 2;

/** The id in answers that belong to no watch: a refused create, or the answer to a progress request. */
const NO_WATCH_ID = -1;

/** Stream errors after which another stream, maybe on another member, may do better. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "UNAVAILABLE",
  "NO_LEADER",
  "TOO_MANY_REQUESTS",
  "CANCELLED",
  "TIMEOUT",
  "INTERNAL",
  "UNKNOWN",
]);

/**
 * All watches of a client on one stream. When the stream breaks, every watch is created again on the next one from its
 * own cursor, so that a watcher sees each event once and in order over any number of streams and members.
 *
 * Watch ids are ours, counted up and never used again, so an answer that was under way when a watch was cancelled
 * cannot be taken for another's. Creates are answered in the order they were sent.
 */
export class WatchHub {
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #readStoreRevision: () => Promise<number>;
  readonly #backoff: Backoff;
  readonly #subscriptions = new Set<Subscription>();
  readonly #byWatchId = new Map<number, Subscription>();
  readonly #creating: number[] = [];
  #stream: MessageStream<WatchRequestInit> | null = null;
  #reopening: Timer | null = null;
  /** Where the last stream broke: the next one goes elsewhere if it can. */
  #troubledEndpoint: string | null = null;
  #lastWatchId = 0;
  /** The stream whose token was refused, while a call gets another token. */
  #refusedStream: MessageStream<WatchRequestInit> | null = null;
  #refusedTokens = 0;

  /** `readStoreRevision` is a linearizable read of the store's revision. */
  constructor(transport: Transport, runtime: Runtime, readStoreRevision: () => Promise<number>) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#readStoreRevision = readStoreRevision;
    this.#backoff = new Backoff(runtime.prng, REOPEN_MIN_MS, REOPEN_MAX_MS);
  }

  open(spec: WatchSpec, sink: WatchSink): Subscription {
    const subscription = new Subscription(spec, sink, this);
    this.#subscriptions.add(subscription);
    this.attach(subscription);
    return subscription;
  }

  /** Ends the stream and fails every watch with `error`. */
  close(error: ConclaveError): void {
    this.#stream?.cancel();
    this.#forgetStream();
    this.#reopening?.cancel();
    this.#reopening = null;
    for (const subscription of [...this.#subscriptions]) subscription.fail(error);
  }

  /** @internal */
  attach(subscription: Subscription): void {
    if (this.#stream === null) {
      if (this.#reopening === null) this.#openStream();
      return;
    }
    this.#create(subscription);
  }

  /** @internal */
  detach(subscription: Subscription): void {
    if (subscription.isClosed) this.#subscriptions.delete(subscription);
    const { watchId } = subscription;
    if (watchId === null) return;
    subscription.watchId = null;
    this.#byWatchId.delete(watchId);
    this.#stream?.send({ cancelRequest: { watchId } });
  }

  #openStream(): void {
    this.#reopening = null;
    const handler: MessageHandler<WatchResponse> = {
      onMessage: (response) => this.#onResponse(response),
      onEnd: (error) => this.#onStreamEnd(error),
    };
    this.#stream = this.#transport.stream(WatchService.Watch, handler, this.#troubledEndpoint);
    for (const subscription of this.#subscriptions) {
      if (subscription.isOn) this.#create(subscription);
    }
  }

  #create(subscription: Subscription): void {
    this.#lastWatchId += 1;
    const watchId = this.#lastWatchId;
    subscription.watchId = watchId;
    this.#byWatchId.set(watchId, subscription);
    this.#creating.push(watchId);
    const { key, rangeEnd, filters, prevKv } = subscription.spec;
    this.#stream?.send({
      createRequest: {
        key,
        rangeEnd,
        filters,
        prevKv,
        watchId,
        startRevision: subscription.cursor.next ?? 0,
        progressNotify: true,
      },
    });
  }

  #onStreamEnd(error: ConclaveError): void {
    this.#troubledEndpoint = this.#stream?.endpoint ?? null;
    this.#forgetStream();
    if (!PASSING.has(error.code)) {
      for (const subscription of [...this.#subscriptions]) subscription.fail(error);
      return;
    }
    if (this.#subscriptions.size > 0) this.#scheduleReopen();
  }

  #scheduleReopen(): void {
    this.#reopening ??= this.#runtime.clock.setTimer(this.#backoff.nextDelayMs(), () => {
      this.#reopening = null;
      if (this.#subscriptions.size > 0) this.#openStream();
    });
  }

  #forgetStream(): void {
    this.#stream = null;
    this.#refusedStream = null;
    this.#byWatchId.clear();
    this.#creating.length = 0;
    for (const subscription of this.#subscriptions) {
      if (subscription.watchId === null) continue;
      subscription.watchId = null;
      subscription.sink.onInterrupted?.();
    }
  }

  #onResponse(response: WatchResponse): void {
    this.#backoff.reset();
    if (response.created) this.#onCreated(response);
    else if (response.canceled) this.#onCanceled(response, response.watchId);
    else this.#onEvents(response);
  }

  #onCreated(response: WatchResponse): void {
    const watchId = this.#creating.shift();
    if (watchId === undefined || ![watchId, NO_WATCH_ID].includes(response.watchId)) {
      this.#onProtocolViolation("a watch was created that nobody asked for");
      return;
    }
    if (response.canceled) {
      this.#onCanceled(response, watchId);
      return;
    }
    const subscription = this.#byWatchId.get(watchId);
    if (subscription === undefined) return;
    const { clusterId = 0n, revision: storeRevision = 0 } = response.header ?? {};
    if (!subscription.maybeJoinCluster(clusterId)) {
      subscription.fail(regressedError("another cluster answers now"));
      return;
    }
    this.#refusedTokens = 0;
    subscription.cursor.onCreated(storeRevision);
    if (storeRevision < subscription.cursor.next! - 1) this.#suspectRegression(subscription);
    subscription.sink.onCreated?.(storeRevision);
  }

  #onCanceled(response: WatchResponse, watchId: number): void {
    const subscription = this.#byWatchId.get(watchId);
    if (subscription === undefined) return;
    this.#byWatchId.delete(watchId);
    subscription.watchId = null;
    const { compactRevision, cancelReason } = response;
    if (compactRevision > 0) {
      const message = `watch: events before revision ${compactRevision} were compacted away`;
      subscription.fail(new CompactedError(message, compactRevision));
      return;
    }
    if (cancelReason === "") this.#attachLater(subscription);
    else if (isTokenRefused(cancelReason) && this.#maySignInAgain()) void this.#signInAgain();
    else subscription.fail(errorOfCancelReason(cancelReason));
  }

  /** Watches that are refused together are one refusal. */
  #maySignInAgain(): boolean {
    return this.#stream === this.#refusedStream || this.#refusedTokens < REFUSED_TOKENS_MAX;
  }

  /**
   * Servers check a watch by the token that its stream was opened with, and that ended before its successor was there. Any
   * call is refused as the watch was, and comes back with another token; then all watches move to a stream that has it.
   */
  async #signInAgain(): Promise<void> {
    const stream = this.#stream;
    if (stream === null || stream === this.#refusedStream) return;
    this.#refusedStream = stream;
    this.#refusedTokens += 1;
    // Whether the read itself succeeds does not matter: the next stream will tell.
    await this.#readStoreRevision().catch(() => {});
    if (this.#stream !== stream) return; // it ended for its new token
    stream.cancel();
    this.#onStreamEnd(new ConclaveError("UNAVAILABLE", "not-applied", "watch: its token ended"));
  }

  /** The server let go of one watch without a reason: ask again, but not in a tight loop. */
  #attachLater(subscription: Subscription): void {
    this.#runtime.clock.setTimer(this.#backoff.nextDelayMs(), () => {
      if (subscription.isOn && subscription.watchId === null) this.attach(subscription);
    });
  }

  #onEvents(response: WatchResponse): void {
    const subscription = this.#byWatchId.get(response.watchId);
    if (subscription === undefined) return;
    if (response.events.length === 0) {
      subscription.cursor.onProgress(response.header?.revision ?? 0);
      return;
    }
    const events = response.events.map(withRevision);
    if (subscription.cursor.next === null || !isOrdered(events)) {
      this.#onProtocolViolation("events came out of order, or before their watch was created");
      return;
    }
    const fresh = subscription.cursor.accept(events);
    if (fresh.length > 0) subscription.sink.onEvents(fresh.map(({ event }) => event));
  }

  /**
   * The member that answered is behind what this watch has already seen. A lagging member catches up; but if even a
   * linearizable read is behind, the store was wiped or restored, and the watch would wait for ever (failure mode 13).
   */
  async #suspectRegression(subscription: Subscription): Promise<void> {
    const expected = subscription.cursor.next! - 1;
    let storeRevision: number;
    try {
      storeRevision = await this.#readStoreRevision();
    } catch {
      // Nothing learned, and the watch would stay silent for ever if the suspicion is right: ask again.
      this.#runtime.clock.setTimer(this.#backoff.nextDelayMs(), () => {
        if (subscription.isOn) void this.#suspectRegression(subscription);
      });
      return;
    }
    if (storeRevision >= expected) return;
    subscription.fail(
      regressedError(`the store is at revision ${storeRevision}, before ${expected}`),
    );
  }

  #onProtocolViolation(message: string): void {
    this.#stream?.cancel();
    this.#onStreamEnd(new ConclaveError("PROTOCOL", "not-applied", message));
  }
}

function regressedError(what: string): ConclaveError {
  const message = `watch: ${what}: the store was wiped, restored or replaced`;
  return new ConclaveError("REVISION_REGRESSED", "not-applied", message);
}

function isOrdered(events: readonly { readonly revision: number }[]): boolean {
  let last = 1;
  for (const { revision } of events) {
    if (revision < last) return false;
    last = revision;
  }
  return true;
}

function withRevision(event: WireEvent): { readonly revision: number; readonly event: WireEvent } {
  return { revision: event.kv?.modRevision ?? 0, event };
}
