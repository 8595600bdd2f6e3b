/**
 * What clients of real processes asked and were told. There is no log of theirs to compare with as in the simulation: the
 * ledger is what a watch from the beginning tells. Times are ms; `Infinity`: no answer,
 * so it may have happened, or may yet.
 */
export interface OperationBase {
  readonly client: string;
  readonly invokedMs: number;
  completedMs: number;
}

export interface Write extends OperationBase {
  readonly kind: "put" | "compare-and-put" | "delete";
  readonly key: string;
  /** Unique in the run; empty for a delete. */
  readonly value: string;
  /** For a compare-and-put: the mod revision it wants to find. */
  readonly expectedModRevision: number;
  /** Of the answer; 0 without one. */
  revision: number;
  /** Of the answer: the transaction's branch, or whether something was deleted. */
  succeeded: boolean;
  /** Certainly not applied: the refusal says so. */
  isRefused: boolean;
}

export interface Pair {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
  readonly createRevision: number;
  readonly version: number;
}

export interface Read extends OperationBase {
  /** A serializable one may be old, but is a state there was. */
  readonly kind: "range" | "serializable-range";
  readonly prefix: string;
  revision: number;
  pairs: readonly Pair[];
}

export interface LeaseLife {
  readonly client: string;
  readonly id: bigint;
  /** As granted. Milliseconds. */
  readonly ttlMs: number;
  readonly key: string;
  /** When the newest request that was answered with a TTL was sent: the lease lives from then, or later, for its TTL. */
  renewedAtMs: number;
  /** Its client let it go. */
  revokeAskedMs: number;
}

export interface Hold {
  readonly client: string;
  readonly key: string;
  /** Revision of the answer to Lock. */
  readonly revision: number;
}

export interface WatchedEvent {
  readonly revision: number;
  readonly key: string;
  /** Null: deleted. */
  readonly value: string | null;
}

export interface Watched {
  readonly client: string;
  readonly prefix: string;
  readonly events: WatchedEvent[];
}

export class History {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly leases: LeaseLife[] = [];
  readonly holds: Hold[] = [];
  readonly watches: Watched[] = [];
  /** Calls that have not ended. */
  pendingCalls = 0;

  get operationCount(): number {
    return this.writes.length + this.reads.length + this.leases.length + this.holds.length;
  }
}
