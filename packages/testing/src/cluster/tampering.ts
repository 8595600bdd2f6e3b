import { type Clock, nextBelow, nextChance, type Prng } from "@conclave/base";

/** What is done to the messages of one direction between two members. Probabilities, each for itself. */
export interface Tampering {
  readonly drop?: number;
  readonly duplicate?: number;
  /** The message comes up to {@link LATE_MS_MAX} later, after those sent behind it. */
  readonly delay?: number;
  /** One of the last {@link REMEMBERED} messages, however old, comes again before this one. */
  readonly replay?: number;
  /** A bit of the message is turned. */
  readonly corrupt?: number;
}

export type TamperKind = keyof Tampering;

const LATE_MS_MAX = 3_000;
/** Messages of one direction that can be replayed: those of a run, thinned out. Count. */
const REMEMBERED = 64;

/**
 * Does to Raft's messages what one TCP connection never does: loses some, doubles them, changes their order, brings back
 * those of long ago. Over several connections much of this happens (see Network.resetLate); Raft is to bear all of it
 * (thesis 3.1), whatever carries its messages.
 */
export class MessageTampering {
  /** What was done, by kind. Counts. */
  readonly done: Record<TamperKind, number> = {
    drop: 0,
    duplicate: 0,
    delay: 0,
    replay: 0,
    corrupt: 0,
  };
  readonly #prng: Prng;
  /** By "from>to". */
  readonly #wanted = new Map<string, Tampering>();
  readonly #remembered = new Map<string, Uint8Array[]>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** Null: nothing any more. */
  set(from: string, to: string, tampering: Tampering | null): void {
    if (tampering === null) this.#wanted.delete(`${from}>${to}`);
    else this.#wanted.set(`${from}>${to}`, tampering);
  }

  end(): void {
    this.#wanted.clear();
  }

  /** A message of the link from one member to another has arrived. `deliver` gets what comes of it, now or later. */
  onMessage(
    from: string,
    to: string,
    message: Uint8Array,
    clock: Clock,
    deliver: (message: Uint8Array) => void,
  ): void {
    const wanted = this.#wanted.get(`${from}>${to}`);
    if (wanted === undefined) {
      deliver(message);
      return;
    }
    const old = this.#remember(`${from}>${to}`, message);
    if (old !== undefined && this.#draws("replay", wanted)) deliver(old);
    if (this.#draws("drop", wanted)) return;
    if (this.#draws("duplicate", wanted)) deliver(message);
    if (this.#draws("delay", wanted)) {
      const copy = Uint8Array.from(message);
      clock.setTimer(nextBelow(this.#prng, LATE_MS_MAX), () => deliver(copy));
    } else if (this.#draws("corrupt", wanted)) deliver(this.corrupted(message));
    else deliver(message);
  }

  /** The same but for one bit. */
  corrupted(message: Uint8Array): Uint8Array {
    const copy = Uint8Array.from(message);
    const at = nextBelow(this.#prng, copy.length || 1);
    copy[at] = (copy[at] ?? 0) ^ (1 << nextBelow(this.#prng, 8));
    return copy;
  }

  /** Whether what is no link message, and so comes once and in order, is to be corrupted. */
  drawsCorruption(from: string, to: string): boolean {
    const wanted = this.#wanted.get(`${from}>${to}`);
    return wanted !== undefined && this.#draws("corrupt", wanted);
  }

  /** @returns one of those before */
  #remember(link: string, message: Uint8Array): Uint8Array | undefined {
    const remembered = this.#remembered.get(link) ?? [];
    this.#remembered.set(link, remembered);
    const at = nextBelow(this.#prng, REMEMBERED);
    const old = remembered[at % (remembered.length || 1)];
    if (remembered.length < REMEMBERED) remembered.push(Uint8Array.from(message));
    else remembered[at] = Uint8Array.from(message);
    return old;
  }

  #draws(kind: TamperKind, wanted: Tampering): boolean {
    const probability = wanted[kind];
    if (probability === undefined || !nextChance(this.#prng, probability)) return false;
    this.done[kind] += 1;
    return true;
  }
}
