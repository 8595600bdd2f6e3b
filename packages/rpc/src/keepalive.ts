import type { Clock, Timer } from "@conclave/base";

export interface KeepaliveLimits {
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** The connection under watch. */
export interface KeepaliveTarget {
  /** When the peer was last heard. Monotonic ms. */
  readonly heardAtMs: number;
  /** Whether silence may be answered with a PING, and no answer to that with the end. */
  readonly mayProbe: boolean;
  sendProbe(): void;
  onSilence(): void;
}

/** Asks a silent peer for a sign of life (RFC 9113 6.7) and notices when there is none. One timer, moved seldom. */
export class Keepalive {
  readonly #target: KeepaliveTarget;
  readonly #limits: KeepaliveLimits;
  readonly #clock: Clock;
  #timer: Timer | null = null;

  constructor(target: KeepaliveTarget, limits: KeepaliveLimits, clock: Clock) {
    this.#target = target;
    this.#limits = limits;
    this.#clock = clock;
  }

  start(): void {
    const { keepaliveTimeMs } = this.#limits;
    if (keepaliveTimeMs === Number.POSITIVE_INFINITY) return;
    const silentMs = this.#silentMs();
    const waitMs = silentMs >= keepaliveTimeMs ? keepaliveTimeMs : keepaliveTimeMs - silentMs;
    this.#timer = this.#clock.setTimer(waitMs, () => {
      if (this.#silentMs() >= keepaliveTimeMs && this.#target.mayProbe) this.#probe();
      else this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #silentMs(): number {
    return this.#clock.nowMs() - this.#target.heardAtMs;
  }

  #probe(): void {
    const probedAtMs = this.#clock.nowMs();
    this.#timer = this.#clock.setTimer(this.#limits.keepaliveTimeoutMs, () => {
      if (this.#target.heardAtMs > probedAtMs || !this.#target.mayProbe) this.start();
      else this.#target.onSilence();
    });
    this.#target.sendProbe();
  }
}
