import type { Clock, Timer } from "@conclave/base";
import type { ByteLink } from "./link.ts";

export interface BackpressureLimits {
  readonly outputHighWaterBytes: number;
  readonly outputStallTimeoutMs: number;
}

/** Who does not read our answers gets no more questions in, and not for ever: holds back one connection's reading. */
export class Backpressure {
  readonly #link: ByteLink;
  readonly #limits: BackpressureLimits;
  readonly #clock: Clock;
  readonly #onStalled: () => void;
  #paused = false;
  /** Set while the socket is not taking a write. */
  #timer: Timer | null = null;

  constructor(link: ByteLink, limits: BackpressureLimits, clock: Clock, onStalled: () => void) {
    this.#link = link;
    this.#limits = limits;
    this.#clock = clock;
    this.#onStalled = onStalled;
  }

  /** Nothing is read from the peer just now. */
  get paused(): boolean {
    return this.#paused;
  }

  /** To be told, after writing, how much the socket has not taken. */
  update(bufferedBytes: number): void {
    const mustPause = bufferedBytes >= this.#limits.outputHighWaterBytes;
    if (mustPause && this.#timer === null) {
      this.#timer = this.#clock.setTimer(this.#limits.outputStallTimeoutMs, this.#onStalled);
    }
    if (mustPause === this.#paused) return;
    this.#paused = mustPause;
    if (mustPause) this.#link.pause();
    else this.#link.resume();
  }

  /** The socket took a write: the time for the next one begins anew. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
