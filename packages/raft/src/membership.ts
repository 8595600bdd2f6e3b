import { assert } from "@conclave/base";
import type { LogIndex, MemberId, Membership } from "./message.ts";

/**
 * Which members vote, and when a change takes force.
 *
 * A change is in force as soon as its entry is in the log, committed or not, as in the thesis (4.1), and not
 * when it is applied, as in etcd. The membership is then a pure function of the log: a restart that has
 * forgotten its commit index still counts the right quorum, and a truncated change un-happens by itself. An
 * apply-time rule would have to make the commit index as durable as the vote and refuse campaigns while a
 * membership entry is unapplied; here there is nothing to refuse.
 *
 * It is safe because neighbouring memberships differ by one voter, so their majorities overlap (thesis 4.1), and
 * the leader starts a change only when the previous one is committed and it has committed an entry of its own
 * term (Ongaro's correction of 2015: otherwise two changes from different terms give disjoint quorums).
 *
 * An entry carries the whole membership that results, not a difference: applied twice, or by a joiner that never
 * saw the beginning of the log, it still means the same.
 *
 * An "update" changes nothing here: what the context says of a member is the state machine's. It waits its turn like
 * the others, so that whoever judges a change by the members there are judges by all changes before it.
 */
export type MembershipChangeType = "add-voter" | "add-learner" | "promote" | "remove" | "update";

export interface MembershipChange {
  readonly type: MembershipChangeType;
  readonly id: MemberId;
  /** Opaque to consensus, for the state machine (a name, addresses). Absent: empty. */
  readonly context?: Uint8Array;
}

/** What an entry of kind `membership` says. */
export interface MembershipEntry {
  readonly change: MembershipChangeType;
  readonly id: MemberId;
  /** In force from this entry on. */
  readonly membership: Membership;
  readonly context: Uint8Array;
}

export type MembershipChangeRefusal =
  | "ALREADY_MEMBER"
  | "NOT_A_MEMBER"
  | "NOT_A_LEARNER"
  | "LAST_VOTER"
  | "TOO_MANY_MEMBERS";

/** Members of one cluster, voters and learners. More would not be faster or safer, only bigger. */
export const MEMBERS_MAX = 255;

/** Bytes of `MembershipChange.context`. */
export const MEMBERSHIP_CONTEXT_BYTES_MAX = 1 << 20;

export const EMPTY_MEMBERSHIP: Membership = { voters: [], learners: [] };

/** Sorted by id, so that equal memberships look equal. Requires: no id twice, no 0n. */
export function membershipOf(
  voters: readonly MemberId[],
  learners: readonly MemberId[] = [],
): Membership {
  const all = new Set([...voters, ...learners]);
  assert(all.size === voters.length + learners.length, "a member has one part in a membership");
  assert(!all.has(0n), "member id 0 names nobody");
  return { voters: sorted(voters), learners: sorted(learners) };
}

function sorted(ids: readonly MemberId[]): MemberId[] {
  return [...ids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

export function isVoter(membership: Membership, id: MemberId): boolean {
  return membership.voters.includes(id);
}

export function isLearner(membership: Membership, id: MemberId): boolean {
  return membership.learners.includes(id);
}

export function isMember(membership: Membership, id: MemberId): boolean {
  return isVoter(membership, id) || isLearner(membership, id);
}

export function sameMembership(a: Membership, b: Membership): boolean {
  return sameIds(a.voters, b.voters) && sameIds(a.learners, b.learners);
}

function sameIds(a: readonly MemberId[], b: readonly MemberId[]): boolean {
  return a.length === b.length && a.every((id, position) => id === b[position]);
}

/** The membership after a change, or why there is none. */
export function changedMembership(
  { voters, learners }: Membership,
  { type, id }: MembershipChange,
): Membership | MembershipChangeRefusal {
  const votes = voters.includes(id);
  const learns = learners.includes(id);
  switch (type) {
    case "add-voter":
    case "add-learner":
      if (votes || learns) return "ALREADY_MEMBER";
      if (voters.length + learners.length >= MEMBERS_MAX) return "TOO_MANY_MEMBERS";
      return type === "add-voter"
        ? membershipOf([...voters, id], learners)
        : membershipOf(voters, [...learners, id]);
    case "promote":
      if (!votes && !learns) return "NOT_A_MEMBER";
      if (votes) return "NOT_A_LEARNER";
      return membershipOf([...voters, id], without(learners, id));
    case "remove":
      if (!votes && !learns) return "NOT_A_MEMBER";
      if (votes && voters.length === 1) return "LAST_VOTER";
      return membershipOf(without(voters, id), without(learners, id));
    case "update":
      if (!votes && !learns) return "NOT_A_MEMBER";
      return membershipOf(voters, learners);
  }
}

function without(ids: readonly MemberId[], id: MemberId): MemberId[] {
  return ids.filter((other) => other !== id);
}

interface MembershipMark {
  readonly index: LogIndex;
  readonly membership: Membership;
}

/** The memberships of the stretch of log that is held in memory: one at its base, one for each change in it. */
export class MembershipHistory {
  /** Rising by index; the first stands for the compaction point and is always there. */
  #marks: MembershipMark[];

  constructor(index: LogIndex, membership: Membership) {
    this.#marks = [{ index, membership }];
  }

  /** The membership in force. */
  get current(): Membership {
    return this.#last.membership;
  }

  /** The entry that put the current membership in force; the compaction point if none since. */
  get currentIndex(): LogIndex {
    return this.#last.index;
  }

  /** The membership before the current one; the current one if the log remembers no other. */
  get previous(): Membership {
    return (this.#marks.at(-2) ?? this.#last).membership;
  }

  /** Requires: `index` is not below the compaction point. */
  at(index: LogIndex): Membership {
    const mark = this.#marks.findLast((candidate) => candidate.index <= index);
    assert(mark !== undefined, "membership asked for below the compaction point");
    return mark.membership;
  }

  push(index: LogIndex, membership: Membership): void {
    assert(index > this.currentIndex, "memberships rise by index");
    this.#marks.push({ index, membership });
  }

  /** Forgets the changes at `index` and after it. */
  truncate(index: LogIndex): void {
    while (this.#marks.length > 1 && this.#last.index >= index) this.#marks.pop();
  }

  /** Keeps what holds at `index` as the new base. */
  compact(index: LogIndex): void {
    const base = this.at(index);
    const later = this.#marks.filter((mark) => mark.index > index);
    this.#marks = [{ index, membership: base }, ...later];
  }

  get #last(): MembershipMark {
    return this.#marks[this.#marks.length - 1]!;
  }
}
