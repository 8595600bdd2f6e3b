import { type Event, EventType } from "@conclave/wire";
import { OperationLimit } from "../abort.ts";
import { ConclaveError, type Outcome } from "../errors.ts";
import { compare } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { textOf } from "../kv/keys.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { op } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { isUncertain } from "../ownership/queue-entry.ts";
import { untilSettled } from "../ownership/until-settled.ts";
import { drawNonce } from "../runtime.ts";
import type { Session } from "../session/session.ts";
import { sessionFor } from "./session-for.ts";

/** What {@link Barrier.hold} takes. */
export interface HoldBarrierOptions extends CallOptions {
  /**
   * Ties the barrier to a session: if that is lost, those who wait are told that the barrier is broken. Default: none; the
   * barrier stays up, even when this process dies, until somebody releases it.
   */
  readonly session?: "shared" | Session;
}

/**
 * Keeps everyone waiting until it is released, by whoever: a key that is there while the barrier is up. Go's
 * `recipe.Barrier` of the same key takes part. Made by {@link Client.barrier} without `parties`.
 */
export interface Barrier {
  /**
   * Puts the barrier up.
   * @throws ConclaveError ALREADY_EXISTS if it is up; with outcome `"unknown"` if it may have been put up
   * @example
   * ```ts
   * const barrier = client.barrier("maintenance");
   * await barrier.hold({ session: "shared" }); // comes down with this process
   * const writer = client.barrier("maintenance").wait({ timeout: "1m" });
   * console.log(await barrier.isHeld()); // true
   * // … maintain
   * await barrier.release();
   * await writer;
   * ```
   */
  hold(options?: HoldBarrierOptions): Promise<void>;
  /**
   * Lets everyone through; says whether the barrier was up.
   * @throws ConclaveError, with outcome `"unknown"` if it may have been released
   */
  release(options?: CallOptions): Promise<boolean>;
  /**
   * Waits until the barrier is not up. It takes `signal` and `timeout` as other calls do, but has no limit of its own.
   * @throws ConclaveError BARRIER_BROKEN if the session of the one who held it was lost, or someone deleted its key
   */
  wait(options?: CallOptions): Promise<void>;
  /**
   * Whether it is up now.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   */
  isHeld(options?: CallOptions): Promise<boolean>;
}

/** What the key of a barrier on a lease holds before it is deleted, so that it can be told from one that expired. */
const RELEASED = "released";

/** The {@link Barrier} of one key. */
export class KeyBarrier implements Barrier {
  readonly #coordination: Coordination;
  readonly #key: string;

  constructor(coordination: Coordination, key: string) {
    this.#coordination = coordination;
    this.#key = key;
  }

  async hold(options: HoldBarrierOptions = {}): Promise<void> {
    const { sessions, runtime } = this.#coordination;
    using limit = this.#limit("holding", options);
    const { signal } = limit;
    const session = options.session === undefined ? null : sessionFor(sessions, options.session);
    const leaseId = session === null ? 0n : await session.open({ signal });
    const key = this.#key;
    const nonce = drawNonce(runtime.prng);
    const isOurs = async () => (await this.#coordination.kv.get(key, { signal }))?.text === nonce;
    try {
      const { succeeded } = await this.#coordination
        .txn()
        .if(compare({ key }).absent())
        .then(op.put(key, nonce, { leaseId }))
        .commit({ signal });
      if (succeeded) return;
      // A release that got lost half way left the key behind.
      const replaced = await this.#coordination
        .txn()
        .if(compare({ key }).value.eq(RELEASED))
        .then(op.put(key, nonce, { leaseId }))
        .commit({ signal });
      if (replaced.succeeded) return;
    } catch (error) {
      if (error instanceof ConclaveError && error.code === "LEASE_NOT_FOUND" && session !== null) {
        session.onLeaseNotFound();
        throw session.signal.reason;
      }
      if (!isUncertain(error) || signal.aborted) throw error;
      if (await isOurs()) return;
      throw error;
    }
    const message = `the barrier ${JSON.stringify(key)} is up`;
    throw new ConclaveError("ALREADY_EXISTS", "not-applied", message);
  }

  async release(options: CallOptions = {}): Promise<boolean> {
    using limit = this.#limit("releasing", options);
    const { signal } = limit;
    const { kv } = this.#coordination;
    const key = this.#key;
    const up = await kv.get(key, { signal });
    if (up === null) return false;
    const guarded = this.#coordination
      .txn()
      .if(compare({ key }).createRevision.eq(up.createRevision));
    if (up.leaseId !== 0n && up.text !== RELEASED) {
      await guarded.then(op.put(key, RELEASED, { keepLease: true })).commit({ signal });
    }
    const { succeeded } = await guarded.then(op.delete(key)).commit({ signal });
    return succeeded && up.text !== RELEASED;
  }

  async wait(options: CallOptions = {}): Promise<void> {
    using limit = this.#limit("waiting at", options);
    const { kv, windDown } = this.#coordination;
    limit.alsoEndWith(windDown.signal);
    const { signal } = limit;
    let waitedFor: KeyValue | null = null;
    for (;;) {
      const { items, revision } = await kv.getAll({ key: this.#key }, { signal });
      const up: KeyValue | null = items[0] ?? null;
      if (up?.text === RELEASED) return;
      if (up === null || (waitedFor !== null && up.createRevision !== waitedFor.createRevision)) {
        // One that was put up for good only goes when it is released.
        if (waitedFor === null || waitedFor.leaseId === 0n) return;
        throw this.#brokenError("unknown");
      }
      waitedFor = up;
      const end = await this.#untilEnd(revision + 1, signal);
      if (end === EventType.DELETE && up.leaseId !== 0n) throw this.#brokenError("not-applied");
      if (end !== null) return;
    }
  }

  /** What happened to the key first; null if that may have been compacted away. */
  async #untilEnd(startRevision: number, signal: AbortSignal): Promise<EventType | null> {
    const { hub, namespace } = this.#coordination;
    const spec = { ...namespace.rangeOf({ key: this.#key }), startRevision };
    let end: EventType | null = null;
    await untilSettled(signal, (resolve, onFailed) => {
      const onEvents = ([first]: readonly Event[]) => {
        const { type, kv } = first!;
        // Some other write to the key lifts nothing: then look again.
        if (type === EventType.DELETE || textOf(kv!.value) === RELEASED) end = type;
        resolve();
      };
      return [hub.open(spec, { onEvents, onFailed })];
    });
    return end;
  }

  #brokenError(outcome: Outcome): ConclaveError {
    const message = `the barrier ${JSON.stringify(this.#key)} went away without being released`;
    return new ConclaveError("BARRIER_BROKEN", outcome, message);
  }

  async isHeld(options: CallOptions = {}): Promise<boolean> {
    const up = await this.#coordination.kv.get(this.#key, options);
    return up !== null && up.text !== RELEASED;
  }

  #limit(what: string, options: CallOptions): OperationLimit {
    const { clock } = this.#coordination.runtime;
    return new OperationLimit(clock, `${what} ${JSON.stringify(this.#key)}`, limitsOf(options));
  }
}
