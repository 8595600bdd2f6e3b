import type { Clock, Timer } from "@conclave/base";

/** What is held back. */
export interface HeldReader {
  pauseReading(reason: "output"): void;
  resumeReading(reason: "output"): void;
}

export interface BackpressureLimits {
  readonly outputHighWaterBytes: number;
  readonly outputStallTimeoutMs: number;
}

/** Who does not read our answers gets no more questions in, and not for ever: holds back one connection's reading. */
export class Backpressure {
  readonly #reader: HeldReader;
  readonly #limits: BackpressureLimits;
  readonly #clock: Clock;
  readonly #onStalled: () => void;
  #paused = false;
  /** Set while the socket is not taking a write. */
  #timer: Timer | null = null;

  constructor(reader: HeldReader, limits: BackpressureLimits, clock: Clock, onStalled: () => void) {
    this.#reader = reader;
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
    if (mustPause) this.#reader.pauseReading("output");
    else this.#reader.resumeReading("output");
  }

  /** The socket took a write: the time for the next one begins anew. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
