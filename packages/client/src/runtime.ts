import { type Clock, nextUint64, type Prng, seededPrng, systemClock } from "@conclave/base";
import { beforeContinuations } from "./session/stall-guard.ts";

/** A hold, as far as whoever records a run needs to know it. */
export interface BegunHold {
  readonly names: readonly string[];
  readonly fence: { readonly revision: number };
  readonly signal: AbortSignal;
}

/** Where time and chance come from. Tests put a virtual clock and a seeded generator here. */
export interface Runtime {
  readonly clock: Clock;
  readonly prng: Prng;
  /** Calls `check` before code goes on after any await, until told to stop. Simulated time has no use for it. */
  readonly beforeContinuations?: (check: () => void) => () => void;
  /** Told of every hold as it begins, by which a simulated run knows who held what and when. */
  readonly onHold?: (hold: BegunHold) => void;
}

export function systemRuntime(): Runtime {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2));
  // What the caller awaits must keep the process alive, also while no connection is open.
  const clock = systemClock({ keepsProcessAlive: true });
  return { clock, prng: seededPrng((high! & 0x1f_ffff) * 2 ** 32 + low!), beforeContinuations };
}

/** A lease id that no one else will pick: 63 random bits, never 0 (0 asks the server to choose). */
export function drawLeaseId(prng: Prng): bigint {
  const id = nextUint64(prng) & 0x7fff_ffff_ffff_ffffn;
  return id === 0n ? 1n : id;
}

/** Names one attempt to own something, so that a lost answer can be settled by looking for it. 64 random bits, hex. */
export function drawNonce(prng: Prng): string {
  return nextUint64(prng).toString(16).padStart(16, "0");
}

/** Waiting times that double from `minMs` to `maxMs`, each shortened by up to half at random so that clients spread. */
export class Backoff {
  #nextMs: number;
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #prng: Prng;

  constructor(prng: Prng, minMs: number, maxMs: number) {
    this.#prng = prng;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#nextMs = minMs;
  }

  nextDelayMs(): number {
    const fullMs = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, fullMs * 2);
    return fullMs * (0.5 + this.#prng.nextUint32() / 2 ** 33);
  }

  /** To be called when an attempt succeeded. */
  reset(): void {
    this.#nextMs = this.#minMs;
  }
}
