import { type Clock, nextUint64, type Prng } from "@conclave/base";
import type { MemberId, Raft } from "@conclave/raft";
import {
  CommandKind,
  KeyValueHash,
  type RefusedResult,
  type StateMachine,
  TABLE,
} from "@conclave/state-machine";
import { LeaseGrantRequest, type ResponseHeader } from "@conclave/wire";
import type { DamagedFrames } from "../peer/peer-frame.ts";
import type { DurableStateStore } from "../storage/durable-state-store.ts";
import type { CompactionSweeper } from "./compaction-sweeper.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { LongReads } from "./long-reads.ts";
import type { LoopWatchdog } from "./loop-watchdog.ts";
import type { MembershipChanges } from "./membership-changes.ts";
import type { Proposer } from "./proposer.ts";
import type { Quota } from "./quota.ts";
import type { RaftDriver } from "./raft-driver.ts";
import type { ReadGate, ReadWaiter } from "./read-gate.ts";
import type { StateGuard } from "./state-guard.ts";
import type { TermWatch } from "./term-watch.ts";
import type { ProposalWaiter } from "./waiting-proposals.ts";

export interface MemberParts {
  readonly id: MemberId;
  readonly clusterId: bigint;
  readonly raft: Raft;
  readonly driver: RaftDriver;
  readonly proposer: Proposer;
  readonly reads: ReadGate;
  readonly machine: StateMachine;
  readonly store: DurableStateStore;
  readonly leases: LeaseKeeper;
  readonly quota: Quota;
  readonly sweeper: CompactionSweeper;
  readonly longReads: LongReads;
  readonly stateGuard: StateGuard;
  readonly damagedFrames: DamagedFrames;
  readonly loop: LoopWatchdog;
  readonly terms: TermWatch;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly membershipChanges: MembershipChanges;
  /** What a shorter TTL is raised to: a lease must outlive an election. Seconds. */
  readonly leaseTtlSecondsMin: number;
}

/** One member of the cluster as its services use it. Nothing here waits: answers come to the waiters. */
export class Member {
  readonly id: MemberId;
  readonly clusterId: bigint;
  readonly raft: Raft;
  readonly machine: StateMachine;
  readonly store: DurableStateStore;
  readonly leases: LeaseKeeper;
  readonly quota: Quota;
  readonly sweeper: CompactionSweeper;
  readonly longReads: LongReads;
  readonly stateGuard: StateGuard;
  readonly damagedFrames: DamagedFrames;
  readonly loop: LoopWatchdog;
  readonly terms: TermWatch;
  readonly clock: Clock;
  readonly membershipChanges: MembershipChanges;
  readonly #parts: MemberParts;
  /** Bounded by the calls that clients may have open. */
  #awaitingLoad: (() => void)[] = [];

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.clusterId = parts.clusterId;
    this.raft = parts.raft;
    this.machine = parts.machine;
    this.store = parts.store;
    this.leases = parts.leases;
    this.quota = parts.quota;
    this.sweeper = parts.sweeper;
    this.longReads = parts.longReads;
    this.stateGuard = parts.stateGuard;
    this.damagedFrames = parts.damagedFrames;
    this.loop = parts.loop;
    this.terms = parts.terms;
    this.clock = parts.clock;
    this.membershipChanges = parts.membershipChanges;
  }

  /**
   * Whether it follows without a vote until somebody promotes it. One that is to vote and has not caught up yet is none: to clients it is a
   * member as any other, as in etcd, where it votes at once.
   */
  get isLearner(): boolean {
    return this.raft.role === "learner" && this.machine.members().get(this.id)?.isLearner === true;
  }

  /** Commands that wait for their result. */
  get proposalsPending(): number {
    return this.#parts.proposer.pending;
  }

  /** Puts a command into the log. The bytes are copied before this returns. */
  propose(kind: CommandKind, body: Uint8Array, waiter: ProposalWaiter, isUrgent = false): void {
    this.#parts.proposer.submit(kind, body, waiter, isUrgent);
    this.#parts.driver.wake();
  }

  /** Calls back once the state here contains everything acknowledged before this call. */
  readLinearizable(waiter: ReadWaiter, isUrgent = false): void {
    this.#parts.reads.submit(waiter, isUrgent);
    this.#parts.driver.wake();
  }

  /**
   * Calls back when there is a state to read from: at once, but for the moment in which a received snapshot is loaded, and for
   * the time in which a damaged log recovers: the state may have gone back behind what was read here before.
   * For what is read without asking the leader.
   */
  whenLoaded(callback: () => void): void {
    if (this.#isReadable) callback();
    else this.#awaitingLoad.push(callback);
  }

  get #isReadable(): boolean {
    return this.machine.isLoaded && !this.raft.isRecovering;
  }

  /** A state was loaded, or the log has recovered. */
  onLoaded(): void {
    if (!this.#isReadable) return;
    const waiting = this.#awaitingLoad;
    this.#awaitingLoad = [];
    for (const callback of waiting) callback();
    this.longReads.wake();
  }

  /** The header of an answer at `revision`. */
  header(revision: number): ResponseHeader {
    return { clusterId: this.clusterId, memberId: this.id, revision, raftTerm: this.raft.term };
  }

  /** Grants a lease. An id of 0 is replaced by a free one: every member must grant the same. */
  grantLease(ttlSeconds: number, id: bigint, waiter: ProposalWaiter): void {
    const body = LeaseGrantRequest.encode({
      TTL: Math.max(ttlSeconds, this.#parts.leaseTtlSecondsMin),
      ID: id === 0n ? this.#drawLeaseId() : id,
    });
    this.propose(CommandKind.LEASE_GRANT, body, waiter);
  }

  /** A positive id that no lease has, as far as this member knows: 63 random bits, as etcd draws them. */
  #drawLeaseId(): bigint {
    for (;;) {
      const id = nextUint64(this.#parts.prng) >> 1n;
      if (id !== 0n && this.machine.lease(id) === null) return id;
    }
  }

  /** The hash of all revisions up to one, over a consistent view of the store; the sweep of compactions waits. */
  async hashKv(revision: number): Promise<KeyValueHash | RefusedResult> {
    await new Promise<void>((resolve) => this.whenLoaded(resolve));
    const release = this.sweeper.hold();
    const snapshot = await this.store.snapshot();
    try {
      const hash = this.machine.hashKv(revision);
      if (!(hash instanceof KeyValueHash)) return hash;
      const end = String.fromCharCode(TABLE.revision.charCodeAt(0) + 1);
      for await (const chunk of snapshot.scan(TABLE.revision, end)) {
        for (const [key, pair] of chunk) if (!hash.add(key, pair)) break;
      }
      return hash;
    } finally {
      await snapshot.close();
      release();
    }
  }
}
