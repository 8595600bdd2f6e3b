import type { Clock } from "@conclave/base";
import type { MemberId, Raft } from "@conclave/raft";
import type { CommandKind, StateMachine } from "@conclave/state-machine";
import type { EtcdError, ResponseHeader } from "@conclave/wire";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { Proposer, ProposalWaiter } from "./proposer.ts";
import type { RaftDriver } from "./raft-driver.ts";
import type { ReadGate, ReadWaiter } from "./read-gate.ts";

/** What services see of this member: propose, read, renew, and who we are. */
export interface MemberParts {
  readonly id: MemberId;
  readonly clusterId: bigint;
  readonly raft: Raft;
  readonly driver: RaftDriver;
  readonly proposer: Proposer;
  readonly reads: ReadGate;
  readonly machine: StateMachine;
  readonly leases: LeaseKeeper;
  readonly clock: Clock;
}

/** One member of the cluster as its services use it. Nothing here waits: answers come to the waiters. */
export class Member {
  readonly #p: MemberParts;

  constructor(parts: MemberParts) {
    this.#p = parts;
  }

  get id(): MemberId {
    return this.#p.id;
  }
  get clusterId(): bigint {
    return this.#p.clusterId;
  }
  get machine(): StateMachine {
    return this.#p.machine;
  }
  get raft(): Raft {
    return this.#p.raft;
  }
  get leases(): LeaseKeeper {
    return this.#p.leases;
  }
  get clock(): Clock {
    return this.#p.clock;
  }

  /** Puts a command into the log. The bytes are copied before this returns. */
  propose(kind: CommandKind, body: Uint8Array, waiter: ProposalWaiter): void {
    this.#p.proposer.submit(kind, body, waiter);
    this.#p.driver.wake();
  }

  /** Calls back once the state here contains everything acknowledged before this call. */
  readLinearizable(waiter: ReadWaiter): void {
    this.#p.reads.submit(waiter);
    this.#p.driver.wake();
  }

  /** The header of an answer at `revision`. */
  header(revision: number): ResponseHeader {
    const { clusterId, id, raft } = this.#p;
    return { clusterId, memberId: id, revision, raftTerm: raft.term };
  }
}

/** {@link ProposalWaiter} and {@link ReadWaiter} as promises, for code that is not on the hot path. */
export type Refusal = (error: EtcdError) => void;
