import type { Timer } from "@conclave/base";
import { Backoff, type Runtime } from "../runtime.ts";
import type { Transport } from "../transport/transport.ts";
import type { KeepAlive, KeepAliveListener, LeaseToKeep, Renewal } from "./keep-alive.ts";
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

/**
 * Keeps one lease alive: renews it every third of its time over one stream. A renewal that is late is sent again over a
 * second stream, which the channel places on another member if there is one (failure mode 3: a renewal that hangs), and
 * the first answer wins.
 */
export class Renewer implements KeepAlive, LaneListener {
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #leaseId: bigint;
  readonly #lateAfterMs: number;
  readonly #mayRenew: () => boolean;
  readonly #listener: KeepAliveListener;
  readonly #backoff: Backoff;
  readonly #lanes: KeepAliveLane[] = [];
  #nextRound: Timer | null = null;
  #late: Timer | null = null;
  #reopening: Timer | null = null;
  /** Where a renewal was last late or lost. */
  #troubledEndpoint: string | null = null;
  #roundBeganMs = 0;
  #news: Renewal | null = null;
  #stopped = false;

  /** `mayRenew` is asked before each renewal; while it says no, the renewal counts as late and is tried again. */
  constructor(
    transport: Transport,
    runtime: Runtime,
    lease: LeaseToKeep,
    listener: KeepAliveListener,
    mayRenew: () => boolean,
  ) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#leaseId = lease.leaseId;
    this.#lateAfterMs = lease.marginMs * LATE_AFTER_MARGIN_PART;
    this.#mayRenew = mayRenew;
    this.#listener = listener;
    this.#backoff = new Backoff(runtime.prng, REOPEN_MIN_MS, REOPEN_MAX_MS);
    this.#scheduleAfter(lease.sentAtMs, lease.ttlMs);
  }

  takeNews(): Renewal | null {
    const news = this.#news;
    this.#news = null;
    return news;
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
    const ttlMs = ttlSeconds * 1_000;
    this.#endRound(answering);
    this.#scheduleAfter(sentAtMs, ttlMs);
    const tookMs = this.#runtime.clock.nowMs() - this.#roundBeganMs;
    this.#news = { sentAtMs, ttlMs, tookMs };
    this.#listener.onNews();
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

  /** Plans the next renewal for a lease that is proven alive at `provenAtMs`. */
  #scheduleAfter(provenAtMs: number, ttlMs: number): void {
    const { clock } = this.#runtime;
    const dueMs = provenAtMs + ttlMs * RENEW_AFTER_TTL_PART;
    this.#nextRound = clock.setTimer(dueMs - clock.nowMs(), () => this.#beginRound());
  }

  #beginRound(): void {
    this.#nextRound = null;
    this.#roundBeganMs = this.#runtime.clock.nowMs();
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
    if (this.#stopped || !this.#mayRenew()) return;
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
