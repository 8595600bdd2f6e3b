import type { Timer } from "@conclave/base";
import { Backoff, type Runtime } from "../runtime.ts";
import type { Transport } from "../transport/transport.ts";
import { KeepAliveLane, type LaneListener } from "./keep-alive-lane.ts";

/** A lease is renewed when this part of its time has passed since the last proven renewal. */
const RENEW_AFTER_TTL_PART = 1 / 3;
/** A renewal that is not answered within this part of the margin is late, and sent again over another stream. */
const LATE_AFTER_MARGIN_PART = 1 / 2;
/** Streams that may carry an unanswered renewal at once. When full, the oldest gives way. */
const LANES_MAX = 3;
/** Pauses between attempts to open a stream, ms. */
const REOPEN_MIN_MS = 20;
const REOPEN_MAX_MS = 1_000;

/** What the session learns. */
export interface RenewalListener {
  onRenewed(sentAtMs: number, ttlMs: number): void;
  /** A renewal is late. May come several times until the next `onRenewed`. */
  onLate(): void;
  /** The server says that the lease is gone. Last. */
  onGone(): void;
}

/**
 * Keeps one lease alive: renews it every third of its time over one stream. A renewal that is late is sent again over a
 * second stream, which the channel places on another member if there is one (failure mode 3: a renewal that hangs), and
 * the first answer wins. It never gives up by itself: its owner stops it at the deadline.
 */
export class Renewer implements LaneListener {
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #leaseId: bigint;
  readonly #lateAfterMs: number;
  readonly #listener: RenewalListener;
  readonly #backoff: Backoff;
  readonly #lanes: KeepAliveLane[] = [];
  #nextRound: Timer | null = null;
  #late: Timer | null = null;
  #reopening: Timer | null = null;
  /** Where a renewal was last late or lost. */
  #troubledEndpoint: string | null = null;
  #stopped = false;

  constructor(
    transport: Transport,
    runtime: Runtime,
    leaseId: bigint,
    marginMs: number,
    listener: RenewalListener,
  ) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#leaseId = leaseId;
    this.#lateAfterMs = marginMs * LATE_AFTER_MARGIN_PART;
    this.#listener = listener;
    this.#backoff = new Backoff(runtime.prng, REOPEN_MIN_MS, REOPEN_MAX_MS);
  }

  /** Plans the next renewal for a lease that is proven alive at `provenAtMs`. */
  scheduleAfter(provenAtMs: number, ttlMs: number): void {
    const { clock } = this.#runtime;
    const dueMs = provenAtMs + ttlMs * RENEW_AFTER_TTL_PART;
    this.#nextRound?.cancel();
    this.#nextRound = clock.setTimer(dueMs - clock.nowMs(), () => this.#beginRound());
  }

  /** Renews at once, unless a renewal is under way. */
  renewNow(): void {
    if (this.#nextRound === null) return;
    this.#nextRound.cancel();
    this.#beginRound();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimers();
    for (const lane of this.#lanes.splice(0)) lane.close();
  }

  /** @internal */
  onAnswer(answering: KeepAliveLane, sentAtMs: number, ttlSeconds: number): void {
    if (this.#stopped) return;
    if (ttlSeconds <= 0) {
      this.stop();
      this.#listener.onGone();
      return;
    }
    this.#endRound(answering);
    this.#listener.onRenewed(sentAtMs, ttlSeconds * 1_000);
  }

  /** @internal */
  onBroken(broken: KeepAliveLane): void {
    const at = this.#lanes.indexOf(broken);
    if (at === -1) return;
    this.#lanes.splice(at, 1);
    this.#troubledEndpoint = broken.endpoint;
    const roundIsOpen = this.#late !== null;
    if (this.#stopped || !roundIsOpen || this.#lanes.some((lane) => !lane.isIdle)) return;
    this.#reopening ??= this.#runtime.clock.setTimer(this.#backoff.nextDelayMs(), () => {
      this.#reopening = null;
      this.#send();
    });
  }

  #beginRound(): void {
    this.#nextRound = null;
    this.#send();
    this.#watchForLateness();
  }

  #endRound(answering: KeepAliveLane): void {
    this.#cancelTimers();
    this.#backoff.reset();
    this.#troubledEndpoint = null;
    for (const lane of this.#lanes.splice(0)) {
      if (lane === answering) this.#lanes.push(lane);
      else lane.close();
    }
  }

  #watchForLateness(): void {
    this.#late = this.#runtime.clock.setTimer(this.#lateAfterMs, () => {
      this.#watchForLateness();
      this.#troubledEndpoint = this.#lanes.at(-1)?.endpoint ?? null;
      this.#send();
      this.#listener.onLate();
    });
  }

  #send(): void {
    if (this.#stopped) return;
    let lane = this.#lanes.find((each) => each.isIdle);
    if (lane === undefined) {
      if (this.#lanes.length === LANES_MAX) this.#lanes.shift()?.close();
      lane = new KeepAliveLane(this.#transport, this.#leaseId, this, this.#troubledEndpoint);
      this.#lanes.push(lane);
    }
    lane.renew(this.#runtime.clock.nowMs());
  }

  #cancelTimers(): void {
    this.#nextRound?.cancel();
    this.#late?.cancel();
    this.#reopening?.cancel();
    this.#nextRound = null;
    this.#late = null;
    this.#reopening = null;
  }
}
