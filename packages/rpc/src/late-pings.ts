import type { Clock, Timer } from "@conclave/base";

/** How late a measuring PING is answered at most. Milliseconds. */
export const PING_ANSWER_LATE_MS = 5;
/** With so many to be answered they are answered at once. Count. */
export const LATE_PINGS_MAX = 8;

/**
 * PINGs of a peer that measures the way while it is being answered: grpc-go sends one with the first data after the last was answered,
 * so that a lone caller pays for two messages more with each call. Answered a little later, they come that much less often, and what
 * the peer takes for the way's bandwidth is measured over longer. RFC 9113 6.7 would have them answered first: a PING into silence is.
 */
export class LatePings {
  readonly #clock: Clock;
  readonly #answer: (payload: Uint8Array) => void;
  #owed: Uint8Array[] = [];
  #timer: Timer | null = null;

  constructor(clock: Clock, answer: (payload: Uint8Array) => void) {
    this.#clock = clock;
    this.#answer = answer;
  }

  owe(payload: Uint8Array): void {
    this.#owed.push(Uint8Array.from(payload));
    if (this.#owed.length >= LATE_PINGS_MAX) this.#answerAll();
    else this.#timer ??= this.#clock.setTimer(PING_ANSWER_LATE_MS, () => this.#answerAll());
  }

  /** Nobody is to be answered any more. */
  forget(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#owed = [];
  }

  #answerAll(): void {
    const owed = this.#owed;
    this.forget();
    for (const payload of owed) this.#answer(payload);
  }
}
