import { assert, type Clock } from "@conclave/base";
import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";

/** A read of so much that it is done in steps. Exactly one of `step` returning true and `refuse` ends it. */
export interface LongRead {
  /** The revision it reads at: its records have to stay until it is over. */
  readonly revision: number;
  /** What it has gathered so far. */
  readonly gatheredBytes: number;
  /** False once nobody waits for the answer. */
  readonly isWanted: boolean;
  /** Goes on for about as long as passing over `work` keys takes. @returns whether it has answered */
  step(work: number): boolean;
  refuse(error: EtcdError): void;
}

export interface LongReadLimits {
  /** Reads that make progress at once; others wait in order. Count. */
  readonly runningMax: number;
  /** Reads waiting before new ones are refused with "too many requests". Count. */
  readonly waitingMax: number;
  /** What all running reads together may have gathered; over: the youngest are refused, the oldest never. Bytes. */
  readonly gatheredBytesMax: number;
  /** Time of the event loop for all of them at a time. Milliseconds. */
  readonly sliceMs: number;
}

export const LONG_READ_LIMITS: LongReadLimits = {
  runningMax: 4,
  waitingMax: 256,
  gatheredBytesMax: 512 * 1024 * 1024,
  sliceMs: 3,
};

/** Work of one read before the next one's turn, and between two looks at the clock: a fraction of a millisecond. */
const STEP_WORK = 1_000;
/** Steps in one slice, however slowly the clock moves. Count. */
const STEPS_MAX = 64;

/**
 * Lets long reads get on a slice in each turn of the event loop, so that a client that asks for a million keys keeps
 * nobody waiting: neither heartbeats, nor keep-alives, nor other clients.
 */
export class LongReads {
  readonly #limits: LongReadLimits;
  readonly #clock: Clock;
  readonly #defer: (callback: () => void) => void;
  /** Keeps the records that a reader of a revision sees until the returned function is called. */
  readonly #hold: (revision: number) => () => void;
  readonly #isReadable: () => boolean;
  /** Oldest first; the first `runningMax` of them run. */
  #reads: { readonly read: LongRead; readonly release: () => void }[] = [];
  #next = 0;
  #isScheduled = false;

  constructor(options: {
    limits?: LongReadLimits;
    clock: Clock;
    defer: (callback: () => void) => void;
    hold: (revision: number) => () => void;
    /** False while another state is loaded: {@link wake} when it is. */
    isReadable: () => boolean;
  }) {
    this.#limits = options.limits ?? LONG_READ_LIMITS;
    this.#clock = options.clock;
    this.#defer = options.defer;
    this.#hold = options.hold;
    this.#isReadable = options.isReadable;
  }

  get pending(): number {
    return this.#reads.length;
  }

  submit(read: LongRead): void {
    if (this.#reads.length >= this.#limits.runningMax + this.#limits.waitingMax) {
      read.refuse(EtcdErrors.tooManyRequests);
      return;
    }
    this.#reads.push({ read, release: this.#hold(read.revision) });
    this.wake();
  }

  /** There is a state to read from. */
  wake(): void {
    if (this.#isScheduled || this.#reads.length === 0) return;
    this.#isScheduled = true;
    this.#defer(() => {
      this.#isScheduled = false;
      if (!this.#isReadable()) return;
      this.#slice();
      this.wake();
    });
  }

  /** The member stops: everyone is told so. */
  close(): void {
    for (const { read } of this.#takeAll()) read.refuse(EtcdErrors.stopped);
  }

  #slice(): void {
    const untilMs = this.#clock.nowMs() + this.#limits.sliceMs;
    for (let steps = 0; steps < STEPS_MAX && this.#reads.length > 0; steps += 1) {
      this.#stepNext();
      if (this.#clock.nowMs() >= untilMs) break;
    }
    this.#shed();
  }

  /** Each of those that run in turn. */
  #stepNext(): void {
    const running = Math.min(this.#limits.runningMax, this.#reads.length);
    const at = this.#next % running;
    const { read } = this.#reads[at]!;
    this.#next = at + 1;
    if (!read.isWanted) this.#remove(at).refuse(EtcdErrors.requestCanceled);
    else if (read.step(STEP_WORK)) this.#remove(at);
  }

  #shed(): void {
    let bytes = this.#reads.reduce((sum, { read }) => sum + read.gatheredBytes, 0);
    for (let at = this.#reads.length - 1; at > 0 && bytes > this.#limits.gatheredBytesMax; at--) {
      bytes -= this.#reads[at]!.read.gatheredBytes;
      this.#remove(at).refuse(EtcdErrors.tooManyRequests);
    }
  }

  #remove(at: number): LongRead {
    const [removed] = this.#reads.splice(at, 1);
    assert(removed !== undefined, "what is removed was there");
    removed.release();
    return removed.read;
  }

  #takeAll(): { readonly read: LongRead; readonly release: () => void }[] {
    const reads = this.#reads;
    this.#reads = [];
    for (const { release } of reads) release();
    return reads;
  }
}
