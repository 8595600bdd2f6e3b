import type { Clock } from "@conclave/base";
import type { MemberId } from "@conclave/raft";
import {
  CommandKind,
  encodeLeaseExpire,
  LeaseExpiry,
  type LeaseObserver,
  type StateMachine,
} from "@conclave/state-machine";
import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import type { ReadWaiter } from "./read-gate.ts";
import type { ProposalWaiter } from "./waiting-proposals.ts";

/** Leases whose end is proposed at once; the next ones follow with the next tick. Count. */
const EXPIRE_BATCH_MAX = 1_000;
/** A leader that could not get a lease's end into the log tries again after this. Milliseconds. */
const EXPIRE_RETRY_MS = 1_000;
/** A question that the leader could not answer, or that found no leader, is asked again after this. Milliseconds. */
const ASK_RETRY_MS = 100;

/** Time of a lease in seconds. `remaining` is -1 for a lease that does not exist. */
export interface LeaseTime {
  readonly remaining: number;
  readonly granted: number;
}

/** Asks the leader, as one of its followers. `null` in place of an answer: it does not lead (any more). */
export interface LeaderLeases {
  renew(leader: MemberId, id: bigint, answer: (ttlSeconds: number | null) => void): void;
  remaining(leader: MemberId, id: bigint, answer: (time: LeaseTime | null) => void): void;
}

export interface LeaseKeeperOptions {
  readonly machine: StateMachine;
  readonly clock: Clock;
  readonly leaderLeases: LeaderLeases;
  /** Whether this member leads and has applied what came before its term. */
  readonly isLeading: () => boolean;
  /** 0n: unknown. */
  readonly leader: () => MemberId;
  readonly propose: (kind: CommandKind, body: Uint8Array, waiter: ProposalWaiter) => void;
  readonly readLinearizable: (waiter: ReadWaiter) => void;
  /** What a new leader adds to every lease: the time in which nobody could renew it. Milliseconds. */
  readonly electionTimeoutMs: number;
  /** How long a question may take before it is answered with a timeout. Milliseconds. */
  readonly timeoutMs: number;
}

/** Either the value or why there is none. */
export type LeaseAnswer<T> = (value: T | null, error: EtcdError | null) => void;

/**
 * The time of leases at this member. As leader it knows when each runs out, renews them, and proposes the end of those
 * that did; as follower it asks the leader. A leader first proves that it still is one: a renewal that a deposed leader
 * grants is a renewal nobody knows of (etcd 15247).
 */
export class LeaseKeeper implements LeaseObserver {
  readonly #o: LeaseKeeperOptions;
  readonly #expiry = new LeaseExpiry();
  /** Answers that wait until a lease whose time is over is really gone. */
  readonly #awaitingEnd = new Map<bigint, (() => void)[]>();
  #term = 0;

  constructor(options: LeaseKeeperOptions) {
    this.#o = options;
  }

  /** The state was loaded, or loaded anew: begins to watch its leases. */
  observe(): void {
    this.#o.machine.observeLeases(this);
  }

  onLeaseGranted(id: bigint, ttlSeconds: number): void {
    this.#expiry.onLeaseGranted(id, ttlSeconds);
  }

  onLeaseRevoked(id: bigint): void {
    this.#expiry.onLeaseRevoked(id);
    const waiting = this.#awaitingEnd.get(id);
    if (waiting === undefined) return;
    this.#awaitingEnd.delete(id);
    for (const answer of waiting) answer();
  }

  onLeading(term: number): void {
    this.#term = term;
    this.#expiry.promote(this.#o.clock.nowMs(), this.#o.electionTimeoutMs);
  }

  onNotLeading(): void {
    this.#expiry.demote();
    const waiting = [...this.#awaitingEnd.values()];
    this.#awaitingEnd.clear();
    for (const answers of waiting) for (const answer of answers) answer();
  }

  /** Grants applied from here on begin their time now. */
  beforeApply(): void {
    this.#expiry.advance(this.#o.clock.nowMs());
  }

  /** Proposes the end of leases whose time is over. Refused when applied if another leader took over meanwhile. */
  onTick(): void {
    if (!this.#expiry.isLeader || !this.#o.isLeading()) return;
    const due = this.#expiry.takeDue(this.#o.clock.nowMs(), EXPIRE_BATCH_MAX);
    if (due.length === 0) return;
    const retry = (): void => {
      const dueMs = this.#o.clock.nowMs() + EXPIRE_RETRY_MS;
      for (const id of due) this.#expiry.retry(id, dueMs);
    };
    const body = encodeLeaseExpire({ term: this.#term, leases: due });
    this.#o.propose(CommandKind.LEASE_EXPIRE, body, { onResult: retry, onRefused: retry });
  }

  /** Renews a lease, here or at the leader. The answer is its TTL in seconds, 0 if there is no such lease. */
  renew(id: bigint, answer: LeaseAnswer<number>): void {
    this.#ask<number>(
      (leader, onAnswer) => this.#o.leaderLeases.renew(leader, id, onAnswer),
      (onAnswer) => this.renewAsLeader(id, onAnswer),
      answer,
    );
  }

  /** The time left of a lease, from here or from the leader. */
  remaining(id: bigint, answer: LeaseAnswer<LeaseTime>): void {
    this.#ask<LeaseTime>(
      (leader, onAnswer) => this.#o.leaderLeases.remaining(leader, id, onAnswer),
      (onAnswer) => this.remainingAsLeader(id, onAnswer),
      answer,
    );
  }

  /** As asked by a follower, too: `null` if this member cannot prove that it leads. */
  renewAsLeader(id: bigint, answer: (ttlSeconds: number | null) => void): void {
    this.#provingLeadership(answer, () => {
      const nowMs = this.#o.clock.nowMs();
      const ttlSeconds = this.#expiry.renew(id, nowMs);
      if (ttlSeconds > 0 || !this.#expiry.isExpiring(id, nowMs)) answer(ttlSeconds);
      else this.#whenEnded(id, () => answer(0));
    });
  }

  remainingAsLeader(id: bigint, answer: (time: LeaseTime | null) => void): void {
    this.#provingLeadership(answer, () => {
      const remainingMs = this.#expiry.remainingMs(id, this.#o.clock.nowMs());
      const granted = this.#o.machine.lease(id)?.ttlSeconds ?? 0;
      answer({ remaining: remainingMs === null ? -1 : Math.floor(remainingMs / 1000), granted });
    });
  }

  #whenEnded(id: bigint, answer: () => void): void {
    const waiting = this.#awaitingEnd.get(id);
    if (waiting === undefined) this.#awaitingEnd.set(id, [answer]);
    else waiting.push(answer);
  }

  #provingLeadership(refuse: (nothing: null) => void, act: () => void): void {
    if (!this.#o.isLeading()) {
      refuse(null);
      return;
    }
    this.#o.readLinearizable({
      onReadable: () => {
        if (this.#o.isLeading() && this.#expiry.isLeader) act();
        else refuse(null);
      },
      onRefused: () => refuse(null),
    });
  }

  /** Asks whoever leads, again and again until there is an answer or the time is over. */
  #ask<T>(
    askLeader: (leader: MemberId, onAnswer: (value: T | null) => void) => void,
    askHere: (onAnswer: (value: T | null) => void) => void,
    answer: LeaseAnswer<T>,
  ): void {
    const { clock } = this.#o;
    const deadlineMs = clock.nowMs() + this.#o.timeoutMs;
    const onAnswer = (value: T | null): void => {
      if (value !== null) answer(value, null);
      else if (clock.nowMs() >= deadlineMs) answer(null, EtcdErrors.timeout);
      else clock.setTimer(ASK_RETRY_MS, attempt);
    };
    const attempt = (): void => {
      const leader = this.#o.leader();
      if (this.#o.isLeading()) askHere(onAnswer);
      else if (leader === 0n) onAnswer(null);
      else askLeader(leader, onAnswer);
    };
    attempt();
  }
}
