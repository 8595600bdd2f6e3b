import type { Clock, Timer } from "@conclave/base";

/** From here on a measuring PING's answer leaves with whatever leaves next. Milliseconds. */
export const PING_ANSWER_RIDES_MS = 5;
/** How late it is answered at most, if nothing else leaves. Milliseconds. */
export const PING_ANSWER_LATE_MS = 20;
/** With so many to be answered they are answered at once. Count. */
export const LATE_PINGS_MAX = 8;
/**
 * Octets beside which a PING is answered at once: half of what grpc-go takes for the way's product of bandwidth and delay at
 * first, so that it never widens its windows by an answer that we held back.
 */
export const PING_MEASURED_BYTES = 32 * 1024;

/**
 * PINGs of a peer that measures the way while it is being answered: grpc-go sends one with the first data after the last was answered,
 * so that callers pay for two messages more with each round of calls, each with a write and a read of its own. Answered with other
 * answers, a little later, they cost next to nothing and come seldom. RFC 9113 6.7 would have them answered first: a PING into
 * silence is, and one beside much data, for windows follow from how long it took.
 */
export class LatePings {
  readonly #clock: Clock;
  readonly #answer: (payload: Uint8Array) => void;
  #owed: Uint8Array[] = [];
  /** When the oldest came. Monotonic ms. */
  #owedSinceMs = 0;
  /** What had been written when it came. Octets. */
  #writtenBytes = 0;
  #timer: Timer | null = null;

  constructor(clock: Clock, answer: (payload: Uint8Array) => void) {
    this.#clock = clock;
    this.#answer = answer;
  }

  get isOwing(): boolean {
    return this.#owed.length > 0;
  }

  /** @param writtenBytes of all output until now */
  owe(payload: Uint8Array, writtenBytes: number): void {
    this.#owed.push(Uint8Array.from(payload));
    if (this.#owed.length === 1) {
      this.#owedSinceMs = this.#clock.nowMs();
      this.#writtenBytes = writtenBytes;
    }
    if (this.#owed.length >= LATE_PINGS_MAX) this.#answerAll();
    else this.#timer ??= this.#clock.setTimer(PING_ANSWER_LATE_MS, this.#onTimer);
  }

  /** Output is about to leave: what is late enough leaves with it. */
  ride(writtenBytes: number): void {
    const isDue = this.#clock.nowMs() - this.#owedSinceMs >= PING_ANSWER_RIDES_MS;
    if (isDue || writtenBytes - this.#writtenBytes > PING_MEASURED_BYTES) this.#answerAll();
  }

  /** Nobody is to be answered any more. */
  forget(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#owed = [];
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    this.#answerAll();
  };

  #answerAll(): void {
    const owed = this.#owed;
    this.forget();
    for (const payload of owed) this.#answer(payload);
  }
}
