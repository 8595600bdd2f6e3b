import { assert, type Clock } from "@conclave/base";
import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";

/** Who waits to read. Exactly one of the two is called, once; neither may throw. */
export interface ReadWaiter {
  /** The state now contains everything acknowledged before the read arrived. Read it before returning. */
  onReadable(): void;
  onRefused(error: EtcdError): void;
}

interface Round {
  readonly readId: number;
  readonly waiters: readonly ReadWaiter[];
  readonly deadlineMs: number;
  /** Applied index to wait for; null until leadership was proved. */
  index: number | null;
}

export interface ReadGateLimits {
  /** Reads waiting before new ones are refused with "too many requests". Count. */
  readonly waitersMax: number;
  /** etcd's 5 s + 2 election timeouts. Milliseconds. */
  readonly timeoutMs: number;
  /** A round without an answer is asked again, under a new id, after this time. Milliseconds. */
  readonly retryMs: number;
}

/**
 * Linearizable reads by ReadIndex (thesis 6.4). All reads that arrive while a round is on its way share the next
 * one. Each round has an id of its own, never reused: an acknowledgement that was meant for an earlier round must
 * not confirm a later one (etcd 20418).
 */
export class ReadGate {
  readonly #limits: ReadGateLimits;
  readonly #clock: Clock;
  readonly #askRaft: (readId: number) => void;
  #nextReadId = 1;
  #arriving: ReadWaiter[] = [];
  #arrivingDeadlineMs = Number.POSITIVE_INFINITY;
  /** Rounds under way, by id; oldest first. */
  readonly #rounds = new Map<number, Round>();
  #confirmed: Round[] = [];
  #waiters = 0;
  #retryAtMs = Number.POSITIVE_INFINITY;

  constructor(options: {
    limits: ReadGateLimits;
    clock: Clock;
    askRaft: (readId: number) => void;
  }) {
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#askRaft = options.askRaft;
  }

  /**
   * Adds a read. The caller then sees to it that {@link ask} runs in this turn.
   * @param isUrgent a crowd of other reads does not keep it out: a lease's renewal. Bounded by who asks.
   */
  submit(waiter: ReadWaiter, isUrgent = false): void {
    if (this.#waiters >= this.#limits.waitersMax && !isUrgent) {
      waiter.onRefused(EtcdErrors.tooManyRequests);
      return;
    }
    if (this.#arriving.length === 0) {
      this.#arrivingDeadlineMs = this.#clock.nowMs() + this.#limits.timeoutMs;
    }
    this.#waiters += 1;
    this.#arriving.push(waiter);
  }

  get pending(): number {
    return this.#waiters;
  }

  /** Starts a round for the reads that arrived since the last one. */
  ask(): void {
    if (this.#arriving.length === 0) return;
    this.#startRound(this.#arriving, this.#arrivingDeadlineMs);
    this.#arriving = [];
  }

  #startRound(waiters: readonly ReadWaiter[], deadlineMs: number): void {
    const readId = this.#nextReadId;
    this.#nextReadId += 1;
    this.#rounds.set(readId, { readId, waiters, deadlineMs, index: null });
    this.#retryAtMs = Math.min(this.#retryAtMs, this.#clock.nowMs() + this.#limits.retryMs);
    this.#askRaft(readId);
  }

  /** Leadership was proved for a round: it may be served once `index` is applied. */
  onConfirmed(readId: number, index: number): void {
    const round = this.#rounds.get(readId);
    if (round === undefined) return;
    this.#rounds.delete(readId);
    round.index = index;
    this.#confirmed.push(round);
  }

  /** The core will never confirm this round. It is asked again at the next tick, under a new id. */
  onRefused(readId: number): void {
    if (this.#rounds.has(readId)) this.#retryAtMs = this.#clock.nowMs();
  }

  /** Serves every confirmed round whose index is applied. */
  serve(appliedIndex: number): void {
    if (this.#confirmed.length === 0) return;
    const later: Round[] = [];
    for (const round of this.#confirmed) {
      assert(round.index !== null, "a confirmed round has an index");
      if (round.index > appliedIndex) {
        later.push(round);
        continue;
      }
      this.#waiters -= round.waiters.length;
      for (const waiter of round.waiters) waiter.onReadable();
    }
    this.#confirmed = later;
  }

  /** Called at every tick: times out old rounds and asks unanswered ones again. */
  onTick(nowMs: number, timeoutError: EtcdError): void {
    this.#confirmed = this.#confirmed.filter((round) => !this.#timeOut(round, nowMs, timeoutError));
    if (nowMs < this.#retryAtMs && !this.#isOldestOverdue(nowMs)) return;
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    const unanswered = [...this.#rounds.values()];
    this.#rounds.clear();
    for (const round of unanswered) {
      if (!this.#timeOut(round, nowMs, timeoutError)) {
        this.#startRound(round.waiters, round.deadlineMs);
      }
    }
  }

  #isOldestOverdue(nowMs: number): boolean {
    for (const round of this.#rounds.values()) return round.deadlineMs <= nowMs;
    return false;
  }

  #timeOut(round: Round, nowMs: number, error: EtcdError): boolean {
    if (round.deadlineMs > nowMs) return false;
    this.#refuse(round.waiters, error);
    return true;
  }

  #refuse(waiters: readonly ReadWaiter[], error: EtcdError): void {
    this.#waiters -= waiters.length;
    for (const waiter of waiters) waiter.onRefused(error);
  }

  /** The member stops: everyone is told so. */
  close(): void {
    const rounds = [...this.#rounds.values(), ...this.#confirmed];
    this.#rounds.clear();
    this.#confirmed = [];
    for (const round of rounds) this.#refuse(round.waiters, EtcdErrors.stopped);
    const arriving = this.#arriving;
    this.#arriving = [];
    this.#refuse(arriving, EtcdErrors.stopped);
  }
}
