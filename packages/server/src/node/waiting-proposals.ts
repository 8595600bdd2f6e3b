import { assert } from "@conclave/base";
import type { CommandResult } from "@conclave/state-machine";
import type { EtcdError } from "@conclave/wire";

/** Who waits for a proposal. Exactly one of the two is called, once; neither may throw. */
export interface ProposalWaiter {
  /** The command was applied here. `result` may be reused by the next command: read it before returning. */
  onResult(result: CommandResult): void;
  /** Nobody will answer any more. What `error` means for the command is etcd's: timeouts are ambiguous. */
  onRefused(error: EtcdError): void;
}

/** Places at the beginning. Count; a power of two. */
const PLACES_MIN = 1_024;

/**
 * Who waits for which command, by the command's sequence. Sequences follow each other, and waiters leave about in the order
 * in which they came: a ring of places, where a map would pay for each of them in garbage. It has as many places as
 * sequences lie between the oldest that waits and the newest: its owner bounds their number and how long one waits.
 */
export class WaitingProposals {
  #waiters: (ProposalWaiter | null)[] = new Array<ProposalWaiter | null>(PLACES_MIN).fill(null);
  #deadlinesMs = new Float64Array(PLACES_MIN);
  #mask = PLACES_MIN - 1;
  /** Nobody waits for a sequence below it. */
  #first = 1;
  #next = 1;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Requires: `sequence` is one more than the last, 1 at first, and deadlines do not fall. */
  add(sequence: number, waiter: ProposalWaiter, deadlineMs: number): void {
    assert(sequence === this.#next, "sequences follow each other");
    if (this.#next - this.#first > this.#mask) this.#grow();
    this.#waiters[sequence & this.#mask] = waiter;
    this.#deadlinesMs[sequence & this.#mask] = deadlineMs;
    this.#next += 1;
    this.#count += 1;
  }

  has(sequence: number): boolean {
    if (sequence < this.#first || sequence >= this.#next) return false;
    return this.#waiters[sequence & this.#mask] !== null;
  }

  /** Takes the one who waits for `sequence` out; null: nobody does. */
  take(sequence: number): ProposalWaiter | null {
    if (sequence < this.#first || sequence >= this.#next) return null;
    const place = sequence & this.#mask;
    const waiter = this.#waiters[place]!;
    if (waiter === null) return null;
    this.#waiters[place] = null;
    this.#count -= 1;
    if (sequence === this.#first) this.#skipGone();
    return waiter;
  }

  /** Takes the one out who waits longest; null: nobody's deadline has come. */
  takeExpired(nowMs: number): ProposalWaiter | null {
    if (this.#count === 0 || this.#deadlinesMs[this.#first & this.#mask]! > nowMs) return null;
    return this.take(this.#first);
  }

  /** Takes everyone out. */
  takeAll(): ProposalWaiter[] {
    const all: ProposalWaiter[] = [];
    for (;;) {
      const waiter = this.takeExpired(Number.POSITIVE_INFINITY);
      if (waiter === null) return all;
      all.push(waiter);
    }
  }

  #skipGone(): void {
    while (this.#first < this.#next && this.#waiters[this.#first & this.#mask] === null) {
      this.#first += 1;
    }
  }

  #grow(): void {
    const places = 2 * (this.#mask + 1);
    const waiters = new Array<ProposalWaiter | null>(places).fill(null);
    const deadlinesMs = new Float64Array(places);
    for (let sequence = this.#first; sequence < this.#next; sequence += 1) {
      waiters[sequence & (places - 1)] = this.#waiters[sequence & this.#mask]!;
      deadlinesMs[sequence & (places - 1)] = this.#deadlinesMs[sequence & this.#mask]!;
    }
    this.#waiters = waiters;
    this.#deadlinesMs = deadlinesMs;
    this.#mask = places - 1;
  }
}
