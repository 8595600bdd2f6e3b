import type { TimedOperation } from "@conclave/testing";

/** What clients asked and were told. Times are virtual ms; `Infinity`: no answer, so it may have happened, or may yet. */
export interface Operation {
  readonly client: string;
  readonly method: "put" | "delete-range" | "txn" | "range";
  /** The request, encoded: what the log has is the same bytes. */
  readonly body: Uint8Array;
  /** No other request of the run has the same bytes. */
  readonly isUnique: boolean;
  /** A read that may be old, but is of a state there was. */
  readonly isSerializable: boolean;
  /** A read at a revision before the newest; 0: of the newest state. */
  readonly atRevision: number;
  readonly invokedMs: number;
  completedMs: number;
  /** Of the answer; 0 without one. */
  revision: number;
  /** The answer without its header, encoded; null without one. */
  answer: Uint8Array | null;
  /** Certainly not applied: the refusal says so. */
  isRefused: boolean;
  /** Refused because the revision asked for was compacted away. */
  isCompacted: boolean;
}

export type RegisterInput =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: string }
  | { readonly kind: "swap"; readonly expected: string; readonly value: string };

/** An operation on one key, with what its caller saw of it: no revision. */
export interface RegisterOperation extends TimedOperation<RegisterInput, string> {
  readonly key: string;
}

export interface LeaseLife {
  readonly client: string;
  readonly id: bigint;
  /** As granted. Milliseconds. */
  readonly ttlMs: number;
  /** When the newest request that was answered with a TTL was sent: the lease lives from then, or later, for its TTL. */
  renewedAtMs: number;
  /** Its client let it go. */
  revokeAskedMs: number;
  /** Every renewal that was answered. */
  readonly renewals: { readonly invokedMs: number; readonly ttlSeconds: number }[];
}

/** A lock of the server's service, or of the SDK. */
export interface Hold {
  readonly client: string;
  readonly key: string;
  /** Revision of the answer to Lock. */
  readonly revision: number;
  readonly grantedMs: number;
}

export interface SdkHold {
  readonly client: string;
  readonly name: string;
  /** The fencing token: create revision of the holder's key. */
  readonly fence: number;
  readonly fromMs: number;
  /** When its signal aborted. */
  toMs: number;
}

/** One time that somebody led by the server's election service. */
export interface ElectedTerm {
  readonly client: string;
  readonly key: string;
  /** Create revision of the key: tells it from other terms of the same lease. */
  readonly fence: number;
  readonly lease: bigint;
  /** Of the answer to Campaign. */
  readonly revision: number;
  /** Its leader asked for its end: it resigned, or let its lease go. */
  isEndAsked: boolean;
  /** Of the answer to Resign; 0 without one. */
  resignedAt: number;
}

/** What somebody who leads, or once led, asked to be told to all. */
export interface Proclamation {
  readonly client: string;
  readonly key: string;
  /** Of the term in whose name it was asked. */
  readonly fence: number;
  /** Nobody else writes it. */
  readonly value: string;
  /** Of the answer; 0 without one. */
  revision: number;
  /** "election: not leader" */
  isRefused: boolean;
}

/** One stream of Observe. */
export interface Observed {
  readonly client: string;
  /** The revision of each answer, and the leader in it. */
  readonly leaders: {
    readonly revision: number;
    readonly key: string;
    readonly pair: WatchedPair;
  }[];
}

export interface WatchedPair {
  readonly value: string;
  readonly createRevision: number;
  readonly version: number;
  readonly modRevision: number;
}

export interface WatchedEvent {
  readonly revision: number;
  readonly key: string;
  /** Null: deleted. */
  readonly pair: WatchedPair | null;
  /** Null: there was none, it was not asked for, or it is compacted. */
  readonly before: WatchedPair | null;
}

export interface WatchedResponse {
  readonly revision: number;
  readonly kind: "created" | "events" | "progress" | "canceled";
  /** More of the same revision follows. */
  readonly isFragment: boolean;
  /** Of a watch that asked for what is compacted away, else 0. */
  readonly compactRevision: number;
  readonly events: readonly WatchedEvent[];
}

/** One watch on one stream. */
export interface Watched {
  readonly client: string;
  /** `[key, rangeEnd)` as requests have it. */
  readonly key: string;
  readonly rangeEnd: string;
  /** First revision wanted; 0: the one after that of the answer. */
  readonly from: number;
  readonly wantsPuts: boolean;
  readonly wantsDeletes: boolean;
  readonly wantsBefore: boolean;
  readonly takesFragments: boolean;
  readonly responses: WatchedResponse[];
}

export class History {
  readonly operations: Operation[] = [];
  /** They are among the operations as well. */
  readonly registers: RegisterOperation[] = [];
  readonly leases: LeaseLife[] = [];
  readonly holds: Hold[] = [];
  readonly sdkHolds: SdkHold[] = [];
  readonly terms: ElectedTerm[] = [];
  readonly proclamations: Proclamation[] = [];
  readonly observed: Observed[] = [];
  readonly watches: Watched[] = [];
  /** Calls that have not ended. */
  pendingCalls = 0;

  /** Everything whose outcome is checked. */
  get operationCount(): number {
    const renewals = this.leases.reduce((sum, lease) => sum + lease.renewals.length, 0);
    return (
      this.operations.length +
      this.leases.length +
      renewals +
      this.holds.length +
      this.sdkHolds.length +
      this.terms.length +
      this.proclamations.length
    );
  }

  get eventCount(): number {
    let count = 0;
    for (const { responses } of this.watches) {
      for (const { events } of responses) count += events.length;
    }
    return count;
  }
}
