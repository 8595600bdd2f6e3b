import type { Event as WireEvent } from "@conclave/wire";
import { onAbort, pause } from "../abort.ts";
import { ConclaveError, type ErrorCode } from "../errors.ts";
import type { KeyRange, Namespace } from "../kv/keys.ts";
import { Backoff, type Runtime } from "../runtime.ts";
import type { Transport } from "../transport/transport.ts";
import type { WatchHub } from "../watch/watch-hub.ts";
import { readSnapshot, type Snapshot } from "./snapshot.ts";

/** What mirrors of one client work with. */
export interface MirrorParts {
  readonly transport: Transport;
  readonly namespace: Namespace;
  readonly hub: WatchHub;
  readonly runtime: Runtime;
  /** Aborts with the error of what ends when the client is closed. */
  readonly closed: AbortSignal;
}

/** Who keeps the copy. What it throws ends the source. */
export interface MirrorSourceSink {
  onSnapshot(snapshot: Snapshot, isSameStore: boolean): void;
  onEvents(events: readonly WireEvent[]): void;
  /** The server serves the watch, or no longer does. */
  onSynced(synced: boolean): void;
  /** It did not work, and will be tried again. */
  onTrouble(error: unknown): void;
  /** It is over. Last. */
  onFailed(error: unknown): void;
}

/** Pauses between attempts to read the range anew, ms. */
const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 5_000;

/** Errors that reading anew cannot mend. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  "CANCELLED",
  "CLOSED",
  "INVALID_ARGUMENT",
  "INVALID_VALUE",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "UNIMPLEMENTED",
]);

/** Whether reading anew cannot mend it. */
export function isFinalError(error: unknown): boolean {
  return !(error instanceof ConclaveError) || FINAL.has(error.code);
}

/**
 * Reads a range at a revision and watches it from the next one, and does so again whenever the watch cannot go on:
 * after a compaction (failure mode 11), or when the store was wiped, restored or replaced (failure mode 13).
 */
export class MirrorSource {
  readonly #parts: MirrorParts;
  readonly #range: KeyRange;
  readonly #sink: MirrorSourceSink;
  readonly #stop = new AbortController();
  /** The last snapshot, and whether the store it was read from has since gone back. */
  #last: Snapshot | null = null;
  #isRegressed = false;

  constructor(parts: MirrorParts, range: KeyRange, sink: MirrorSourceSink) {
    this.#parts = parts;
    this.#range = range;
    this.#sink = sink;
  }

  /** Ends it without a word to the sink. */
  stop(): void {
    this.#stop.abort();
  }

  async run(): Promise<void> {
    const { clock, prng } = this.#parts.runtime;
    const { signal } = this.#stop;
    const backoff = new Backoff(prng, RETRY_MIN_MS, RETRY_MAX_MS);
    while (!signal.aborted) {
      try {
        const snapshot = await this.#takeSnapshot();
        backoff.reset();
        await this.#follow(snapshot);
      } catch (error) {
        if (signal.aborted) return;
        if (isFinalError(error)) {
          this.#sink.onFailed(error);
          return;
        }
        this.#isRegressed ||= (error as ConclaveError).code === "REVISION_REGRESSED";
        this.#sink.onTrouble(error);
        await pause(clock, backoff.nextDelayMs(), signal).catch(() => {}); // The loop looks at it.
      }
    }
  }

  async #takeSnapshot(): Promise<Snapshot> {
    const { signal } = this.#stop;
    const snapshot = await readSnapshot(this.#parts.transport, this.#range, signal);
    signal.throwIfAborted();
    const last = this.#last;
    const isSameStore =
      last !== null &&
      !this.#isRegressed &&
      snapshot.clusterId === last.clusterId &&
      snapshot.revision >= last.revision;
    this.#sink.onSnapshot(snapshot, isSameStore);
    this.#last = { ...snapshot, pairs: [] };
    this.#isRegressed = false;
    signal.throwIfAborted(); // Whoever heard of it may have had enough.
    return snapshot;
  }

  /** Watches from the snapshot on. Rejects when that cannot go on. */
  #follow({ revision, clusterId }: Snapshot): Promise<never> {
    return new Promise((_, reject) => {
      const end = (error: unknown) => {
        stopListening();
        subscription.close();
        this.#sink.onSynced(false);
        reject(error);
      };
      const subscription = this.#parts.hub.open(
        { ...this.#range, startRevision: revision + 1, clusterId },
        {
          onCreated: () => this.#sink.onSynced(true),
          onInterrupted: () => this.#sink.onSynced(false),
          onEvents: (events) => {
            try {
              this.#sink.onEvents(events);
            } catch (error) {
              end(error);
            }
          },
          onFailed: end,
        },
      );
      const stopListening = onAbort(this.#stop.signal, () => end(this.#stop.signal.reason));
    });
  }
}
