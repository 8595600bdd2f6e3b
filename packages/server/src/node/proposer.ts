import { assert, type Clock } from "@conclave/base";
import { CommandBatch, type CommandKind, type CommandResult } from "@conclave/state-machine";
import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { type ProposalWaiter, WaitingProposals } from "./waiting-proposals.ts";

/** Commands that leave together as the data of one log entry, with the sequences it carries. */
export interface ProposalBatch {
  readonly entryData: Uint8Array;
  /** Sequences `[first, last]`, all from this member and boot. */
  readonly first: number;
  readonly last: number;
}

export interface ProposerLimits {
  /** Commands waiting for an answer before new ones are refused with "too many requests". Count. */
  readonly waitersMax: number;
  /** Bytes not yet handed to Raft before new ones are refused. */
  readonly unsentBytesMax: number;
  /** A batch is closed once it holds this many bytes; one larger command still fits alone. */
  readonly batchBytesMax: number;
  /** How long a waiter waits: etcd's 5 s + 2 election timeouts. Milliseconds. */
  readonly timeoutMs: number;
}

export const DEFAULT_PROPOSER_LIMITS: Omit<ProposerLimits, "timeoutMs"> = {
  // Under a second of work: more would only wait for longer, and be given up before it is answered.
  waitersMax: 30_000,
  unsentBytesMax: 64 * 1024 * 1024,
  batchBytesMax: 128 * 1024,
};

/**
 * Gives each command of this member an id and a waiter, and gathers what one turn of the event loop brought
 * into the data of one log entry. A command whose fate is unknown stays until its deadline: its entry may
 * still commit under another leader.
 */
export class Proposer {
  /** Distinguishes this boot of this member from all others, so that a replayed id finds no waiter. */
  readonly origin: number;
  readonly #limits: ProposerLimits;
  readonly #clock: Clock;
  readonly #waiting = new WaitingProposals();
  readonly #closed: ProposalBatch[] = [];
  readonly #open: CommandBatch;
  #openFirst = 1;
  #nextSequence = 1;
  #closedBytes = 0;

  constructor(options: { origin: number; limits: ProposerLimits; clock: Clock }) {
    this.origin = options.origin;
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#open = new CommandBatch(options.limits.batchBytesMax);
  }

  /** Commands that wait for an answer. */
  get pending(): number {
    return this.#waiting.count;
  }

  get hasUnsent(): boolean {
    return this.#closed.length > 0 || this.#open.count > 0;
  }

  /**
   * Adds a command. The bytes are copied before this returns.
   * @param isUrgent a crowd of other commands does not keep it out: the end of leases, an alarm. Bounded by who proposes.
   */
  submit(kind: CommandKind, body: Uint8Array, waiter: ProposalWaiter, isUrgent = false): void {
    if (!isUrgent && !this.#hasRoomFor(body)) {
      waiter.onRefused(EtcdErrors.tooManyRequests);
      return;
    }
    const sequence = this.#nextSequence;
    if (!this.#open.append(kind, this.origin, sequence, body)) {
      this.#closeBatch();
      const isTaken = this.#open.append(kind, this.origin, sequence, body);
      assert(isTaken, "an empty batch takes any command");
    }
    this.#nextSequence += 1;
    this.#waiting.add(sequence, waiter, this.#clock.nowMs() + this.#limits.timeoutMs);
  }

  #hasRoomFor(body: Uint8Array): boolean {
    const unsentBytes = this.#closedBytes + this.#open.sizeBytes;
    return (
      this.#waiting.count < this.#limits.waitersMax &&
      unsentBytes + body.length <= this.#limits.unsentBytesMax
    );
  }

  /** The next batch to hand to Raft or to the leader; null if there is none. */
  takeBatch(): ProposalBatch | null {
    if (this.#closed.length === 0) {
      if (this.#open.count === 0) return null;
      this.#closeBatch();
    }
    const batch = this.#closed.shift();
    assert(batch !== undefined, "a closed batch was just seen");
    this.#closedBytes -= batch.entryData.length;
    return batch;
  }

  /** Puts a batch that Raft would not take now back in front. */
  giveBack(batch: ProposalBatch): void {
    this.#closed.unshift(batch);
    this.#closedBytes += batch.entryData.length;
  }

  #closeBatch(): void {
    const last = this.#nextSequence - 1;
    const entryData = this.#open.take();
    this.#closed.push({ entryData, first: this.#openFirst, last });
    this.#closedBytes += entryData.length;
    this.#openFirst = this.#nextSequence;
  }

  /** See ApplyObserver: results of other members' commands need not be computed. */
  wantsResults(origin: number): boolean {
    return origin === this.origin;
  }

  /** Called for every applied command that {@link wantsResults}. */
  onResult(origin: number, sequence: number, result: CommandResult): void {
    if (origin === this.origin) this.#waiting.take(sequence)?.onResult(result);
  }

  /** Whether anybody still waits for the batch. Its last command is the last to be answered, and to be given up. */
  isAwaited(batch: ProposalBatch): boolean {
    return this.#waiting.has(batch.last);
  }

  /** Ends the wait of a batch of which nothing will be heard any more. */
  refuse(batch: ProposalBatch, error: EtcdError): void {
    this.#refuseRange(batch.first, batch.last, error);
  }

  #refuseRange(first: number, last: number, error: EtcdError): void {
    for (let sequence = first; sequence <= last; sequence += 1) {
      this.#waiting.take(sequence)?.onRefused(error);
    }
  }

  /** Ends the wait of everyone whose deadline has passed. */
  expire(nowMs: number, error: EtcdError): void {
    for (;;) {
      const waiter = this.#waiting.takeExpired(nowMs);
      if (waiter === null) return;
      waiter.onRefused(error);
    }
  }

  /** The member stops: everyone is told so. */
  close(): void {
    for (const waiter of this.#waiting.takeAll()) waiter.onRefused(EtcdErrors.stopped);
  }
}
