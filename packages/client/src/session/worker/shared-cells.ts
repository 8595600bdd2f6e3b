import type { Renewal } from "../keep-alive.ts";

const US_PER_MS = 1_000;

/** The main thread's sign of life. It writes, the worker reads. */
export class Heartbeat {
  readonly buffer: SharedArrayBuffer;
  readonly #beatAtUs: BigInt64Array;

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#beatAtUs = new BigInt64Array(buffer);
  }

  /** Shared time, ms. */
  beat(nowMs: number): void {
    Atomics.store(this.#beatAtUs, 0, BigInt(Math.floor(nowMs * US_PER_MS)));
  }

  /** How long ago the last sign of life was, at `nowMs` of the shared time. */
  ageMs(nowMs: number): number {
    return nowMs - Number(Atomics.load(this.#beatAtUs, 0)) / US_PER_MS;
  }
}

const EXPIRES_AT_US = 0;
const TTL_MS = 1;
/** Cells of 32 bit, behind the two of 64. */
const RENEWALS = 4;
const IS_STALLED = 5;
const IS_WITHHELD = 6;
const TOOK_MS = 7;
const BYTES = 32;

/**
 * What main thread and worker share about one lease, so that the main thread learns of renewals even before it has come to
 * read messages: code that goes on after a long computation finds its session alive.
 */
export class SharedLease {
  readonly buffer: SharedArrayBuffer;
  readonly #times: BigInt64Array;
  readonly #cells: Int32Array;

  constructor(buffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer;
    this.#times = new BigInt64Array(buffer, 0, 2);
    this.#cells = new Int32Array(buffer);
  }

  /**
   * How many renewals were acknowledged. Each is written before it is counted. A reader that meets the next one half
   * written sees its end of the lease, which is what counts, with the TTL of the one before.
   */
  get renewals(): number {
    return Atomics.load(this.#cells, RENEWALS);
  }

  /** By the worker; shared time. */
  onRenewed({ sentAtMs, ttlMs, tookMs }: Renewal): void {
    Atomics.store(this.#cells, TOOK_MS, Math.ceil(tookMs));
    Atomics.store(this.#times, TTL_MS, BigInt(ttlMs));
    Atomics.store(this.#times, EXPIRES_AT_US, BigInt(Math.floor((sentAtMs + ttlMs) * US_PER_MS)));
    Atomics.add(this.#cells, RENEWALS, 1);
  }

  /** The last renewal. Requires: there was one. */
  lastRenewal(): Renewal {
    const ttlMs = Number(Atomics.load(this.#times, TTL_MS));
    const expiresAtMs = Number(Atomics.load(this.#times, EXPIRES_AT_US)) / US_PER_MS;
    return { sentAtMs: expiresAtMs - ttlMs, ttlMs, tookMs: Atomics.load(this.#cells, TOOK_MS) };
  }

  /** The worker found the main thread silent for too long. Final. */
  get isStalled(): boolean {
    return Atomics.load(this.#cells, IS_STALLED) === 1;
  }

  stall(): void {
    Atomics.store(this.#cells, IS_STALLED, 1);
  }

  /** The main thread wants no renewal for now. */
  get isWithheld(): boolean {
    return Atomics.load(this.#cells, IS_WITHHELD) === 1;
  }

  withhold(isWithheld: boolean): void {
    Atomics.store(this.#cells, IS_WITHHELD, isWithheld ? 1 : 0);
  }
}
