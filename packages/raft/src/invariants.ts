import { assert } from "@conclave/base";
import { isMember, isVoter } from "./membership.ts";
import type {
  Entry,
  HardState,
  LogIndex,
  LogPosition,
  MemberId,
  Membership,
  Message,
  SnapshotMark,
  Term,
} from "./message.ts";
import { quorumOf } from "./quorum.ts";
import type { Raft } from "./raft.ts";

/**
 * What must hold in every state that a cluster can reach, checked after every step of tests and simulation.
 * The letters name the rows of the invariant table that the project keeps (R1 election safety, R3 log matching, ...).
 */

/** What a disk would give back after a crash now. */
export interface DurableView {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMark;
  /** From `snapshot.index + 1` on. */
  readonly entries: readonly Entry[];
  /** What this disk lost lies at or below here (recovery.ts); absent or null: nothing is lost. */
  readonly lostTail?: LogPosition | null;
}

export interface MemberView {
  readonly id: MemberId;
  /** Null while crashed. */
  readonly raft: Raft | null;
  readonly durable: DurableView;
}

/** One committed entry, written once for the whole cluster. */
interface Committed {
  readonly term: Term;
  /** Of the log up to here. */
  readonly hash: number;
  /** The term of the leader that committed it. */
  readonly commitTerm: Term;
}

interface ShadowEntry {
  readonly entry: Entry | null;
  readonly hash: number;
}

/** What one incarnation of a member showed at the last check. */
interface Seen {
  raft: Raft;
  term: Term;
  commitIndex: LogIndex;
  appliedIndex: LogIndex;
  /** The chain of hashes of its log, by index; below the compaction point only as long as remembered. */
  shadow: Map<LogIndex, ShadowEntry>;
  shadowLast: LogIndex;
  /** As leader: the end of its log. */
  leaderTerm: Term;
  leaderLast: LogIndex;
  /** As leader: what the others were known to hold. */
  readonly matches: Map<MemberId, { readonly match: LogIndex; readonly takenBack: number }>;
}

export class ClusterInvariants {
  readonly #leaders = new Map<Term, MemberId>();
  #lastLeaderTerm: Term = 0;
  readonly #votes = new Map<string, MemberId>();
  /** (index, term) -> hash of the log up to there. */
  readonly #prefixes = new Map<string, number>();
  /** By index; [0] stands for the empty log. */
  readonly #ledger: Committed[] = [{ term: 0, hash: 0, commitTerm: 0 }];
  readonly #seen = new Map<MemberId, Seen>();

  /** The highest index known to anybody to be committed. */
  get committedIndex(): LogIndex {
    return this.#ledger.length - 1;
  }

  /** The hash of the log up to a committed index. */
  committedHash(index: LogIndex): number {
    const committed = this.#ledger[index];
    assert(committed !== undefined, "asked for the hash of an entry that is not committed");
    return committed.hash;
  }

  /** Checks the member that made a step, and the cluster as far as the step concerns it. */
  check(members: ReadonlyMap<MemberId, MemberView>, stepped: MemberId): void {
    const member = members.get(stepped)!;
    const { raft } = member;
    if (raft === null) return;
    checkMember(raft);
    const seen = this.#follow(member, raft);
    assert(raft.term >= seen.term, "R10: a term fell");
    assert(raft.commitIndex >= seen.commitIndex, "R10: a commit index fell");
    assert(raft.appliedIndex >= seen.appliedIndex, "R10: an applied index fell");
    this.#checkLog(raft, seen);
    this.#checkLeader(raft, seen);
    this.#checkMatches(members, raft);
    this.#checkCommits(members, raft, seen);
    seen.term = raft.term;
    seen.commitIndex = raft.commitIndex;
    seen.appliedIndex = raft.appliedIndex;
  }

  /** Checks a message in the moment in which it leaves its sender. */
  onSend(sender: MemberView, message: Message): void {
    const { hardState, snapshot, entries } = sender.durable;
    const isPreVote =
      message.type === "pre-vote" || (message.type === "pre-vote-response" && message.granted);
    assert(isPreVote || message.term <= hardState.term, "R10: sent a term that is not durable");
    if (message.type === "vote") this.#onVote(sender, message.term, sender.id);
    if (message.type === "vote-response" && message.granted) {
      this.#onVote(sender, message.term, message.to);
    }
    if (message.type === "append-response" && !message.rejected) {
      const durableLast = snapshot.index + entries.length;
      assert(message.index <= durableLast, "R11: acknowledged an entry that is not durable");
    }
  }

  #onVote(voter: MemberView, term: Term, candidate: MemberId): void {
    const { hardState } = voter.durable;
    const isDurable = hardState.term > term || hardState.vote === candidate;
    assert(isDurable, "R11: a vote left before it was durable");
    this.recordVote(voter.id, term, candidate);
  }

  /** R11: one vote a term, over all lives of a voter. Called before whoever is voted for can know. */
  recordVote(voter: MemberId, term: Term, candidate: MemberId): void {
    const key = `${voter}/${term}`;
    const before = this.#votes.get(key);
    assert(before === undefined || before === candidate, "R11: two votes in one term");
    this.#votes.set(key, candidate);
  }

  #follow(member: MemberView, raft: Raft): Seen {
    const seen = this.#seen.get(member.id);
    if (seen?.raft === raft) return seen;
    assert(
      raft.term >= member.durable.hardState.term,
      "R10: a restart went back behind the durable term",
    );
    const fresh: Seen = {
      raft,
      term: member.durable.hardState.term,
      commitIndex: raft.firstIndex - 1,
      appliedIndex: raft.firstIndex - 1,
      shadow: new Map(),
      shadowLast: 0,
      leaderTerm: 0,
      leaderLast: 0,
      matches: new Map(),
    };
    this.#seen.set(member.id, fresh);
    return fresh;
  }

  /** R3: equal (index, term) means equal logs up to there. Walks only over what changed. */
  #checkLog(raft: Raft, seen: Seen): void {
    const { log } = raft.inner;
    const { shadow } = seen;
    let from = Math.min(log.lastIndex, seen.shadowLast);
    while (from >= log.firstIndex && shadow.get(from)?.entry !== log.at(from)) from -= 1;
    if (from < log.firstIndex) {
      // What is compacted was committed, so the ledger knows it.
      from = log.compactedIndex;
      shadow.set(from, { entry: null, hash: this.committedHash(from) });
    }
    let { hash } = shadow.get(from)!;
    for (let index = from + 1; index <= log.lastIndex; index += 1) {
      const entry = log.at(index);
      hash = chainHash(hash, entry);
      shadow.set(index, { entry, hash });
      const key = `${index}/${entry.term}`;
      const known = this.#prefixes.get(key);
      assert(known === undefined || known === hash, `R3: logs differ below ${key}`);
      this.#prefixes.set(key, hash);
    }
    seen.shadowLast = log.lastIndex;
  }

  #checkLeader(raft: Raft, seen: Seen): void {
    if (raft.role !== "leader") return;
    const known = this.#leaders.get(raft.term);
    assert(known === undefined || known === raft.id, `R1: two leaders in term ${raft.term}`);
    if (seen.leaderTerm !== raft.term) {
      assert(known === undefined, "R1: a member led one term twice, with a crash between");
      this.#leaders.set(raft.term, raft.id);
      this.#lastLeaderTerm = Math.max(this.#lastLeaderTerm, raft.term);
      this.#checkElected(raft);
      this.#checkCompleteness(raft, seen);
      seen.leaderTerm = raft.term;
      seen.matches.clear();
    } else {
      assert(raft.lastIndex >= seen.leaderLast, "R2: a leader cut its own log");
      const isOwn = raft.inner.log.termAt(raft.commitIndex) === raft.term;
      assert(isOwn || raft.commitIndex === seen.commitIndex, "R12: counted an older term's entry");
    }
    for (const { id, match, takenBack } of raft.progress) {
      const before = seen.matches.get(id);
      const mayFall = before === undefined || before.takenBack < takenBack;
      assert(mayFall || match >= before.match, "R10: a match index fell");
      seen.matches.set(id, { match, takenBack });
    }
    seen.leaderLast = raft.lastIndex;
    this.#checkMembershipChanges(raft);
  }

  /** R1: whoever leads was voted for in this term, not in an earlier one, by a quorum. */
  #checkElected(raft: Raft): void {
    const { id, term } = raft;
    const { voters } = raft.membership;
    const granted = voters.filter(
      (voter) => voter === id || this.#votes.get(`${voter}/${term}`) === id,
    );
    assert(
      granted.length >= quorumOf(voters.length),
      `R1: ${granted.length} of ${voters.length} voted for the leader of term ${term}`,
    );
  }

  /** R4: a new leader holds everything that leaders of earlier terms committed. */
  #checkCompleteness(raft: Raft, seen: Seen): void {
    const last = this.#ledger.findLastIndex((committed) => committed.commitTerm < raft.term);
    if (last <= raft.inner.log.compactedIndex) return;
    assert(raft.lastIndex >= last, "R4: a leader lacks committed entries");
    assert(
      seen.shadow.get(last)?.hash === this.#ledger[last]!.hash,
      "R4: a leader has other entries than were committed",
    );
  }

  /** R13: one change at a time, by one voter at a time. */
  #checkMembershipChanges(raft: Raft): void {
    const { log, commitIndex } = raft.inner;
    const { memberships } = log;
    if (memberships.currentIndex <= commitIndex) return;
    assert(
      log.membershipAt(commitIndex) === memberships.previous,
      "R13: two membership changes at once",
    );
    const isOwn = log.termAt(memberships.currentIndex) === raft.term;
    const isTermOpen = log.termAt(commitIndex) === raft.term;
    assert(isTermOpen || !isOwn, "R13: a change before an entry of its term was committed");
    // A joiner started without a membership and knows only what the log told it since.
    if (memberships.previous.voters.length === 0) return;
    const difference = votersApart(memberships.previous, memberships.current);
    assert(difference <= 1, "R13: a change moves one voter at most");
  }

  #checkCommits(members: ReadonlyMap<MemberId, MemberView>, raft: Raft, seen: Seen): void {
    const { log, commitIndex } = raft.inner;
    const from = Math.max(seen.commitIndex, log.compactedIndex) + 1;
    for (let index = from; index <= commitIndex; index += 1) {
      const { hash } = seen.shadow.get(index)!;
      const known = this.#ledger[index];
      if (known !== undefined) {
        assert(known.hash === hash, `R5: two different entries committed at ${index}`);
        continue;
      }
      assert(index === this.#ledger.length, "R5: committed past the ledger");
      this.#ledger.push({ term: log.at(index).term, hash, commitTerm: raft.term });
      this.#checkDurability(members, raft, index);
    }
    this.#checkQuorumLog(members, raft);
  }

  /** R8: what is committed first is durable on a quorum of the voters that the leader counts. */
  #checkDurability(members: ReadonlyMap<MemberId, MemberView>, raft: Raft, index: LogIndex): void {
    const term = this.#ledger[index]!.term;
    const { voters } = raft.membership;
    const holders = voters.filter((id) => holdsDurably(members.get(id), index, term));
    assert(holders.length >= quorumOf(voters.length), `R8: ${index} committed without a quorum`);
  }

  /** R15: what a leader believes to be durable at a member of its term is so. */
  #checkMatches(members: ReadonlyMap<MemberId, MemberView>, raft: Raft): void {
    for (const { id, match } of raft.progress) {
      const member = members.get(id);
      const term = raft.inner.log.termAt(match);
      if (member?.durable.hardState.term !== raft.term || match === 0 || term === null) continue;
      assert(holdsDurably(member, match, term), `R15: ${match} is not durable at ${id}`);
    }
  }

  /** R7: no quorum of voters can forget what is committed. */
  #checkQuorumLog(members: ReadonlyMap<MemberId, MemberView>, raft: Raft): void {
    if (raft.role !== "leader") return;
    if (raft.term < this.#lastLeaderTerm) return;
    const index = this.committedIndex;
    const { term } = this.#ledger[index]!;
    const { voters } = raft.membership;
    const others = voters.filter((id) => !holdsDurably(members.get(id), index, term));
    assert(others.length < quorumOf(voters.length), `R7: a quorum lacks committed entry ${index}`);
  }
}

function holdsDurably(member: MemberView | undefined, index: LogIndex, term: Term): boolean {
  if (member === undefined) return false;
  const { snapshot, entries, lostTail } = member.durable;
  // Not there, but nobody is elected without it: the lost copy still binds this member's vote.
  if (lostTail && (term < lostTail.term || (term === lostTail.term && index <= lostTail.index))) {
    return true;
  }
  if (index <= snapshot.index) return true;
  return entries[index - snapshot.index - 1]?.term === term;
}

function votersApart(a: Membership, b: Membership): number {
  const added = b.voters.filter((id) => !a.voters.includes(id));
  const removed = a.voters.filter((id) => !b.voters.includes(id));
  return added.length + removed.length;
}

/** What must hold in one member by itself: R10 order of indexes, R15 bookkeeping of a leader. */
export function checkMember(raft: Raft): void {
  const { log, unstable, commitIndex, deliveredIndex, appliedIndex } = raft.inner;
  assert(appliedIndex <= deliveredIndex, "R10: applied more than was delivered");
  assert(deliveredIndex <= commitIndex, "R10: delivered more than is committed");
  assert(commitIndex <= log.lastIndex, "R10: committed more than there is");
  assert(log.compactedIndex <= deliveredIndex, "R15: compacted more than was delivered");
  assert(unstable.durableIndex <= unstable.handedIndex, "R10: durable is what was handed out");
  assert(unstable.handedIndex <= log.lastIndex, "R10: handed out more than there is");
  const { leadership } = raft.inner;
  assert((leadership !== null) === (raft.role === "leader"), "leadership belongs to a leader");
  if (leadership === null) return;
  const { current, currentIndex } = log.memberships;
  assert(
    isVoter(current, raft.id) || currentIndex > commitIndex,
    "R13: a leader stayed after the change that removed it was committed",
  );
  for (const [id, progress] of leadership.progress) {
    assert(isMember(raft.membership, id), "R15: progress of a stranger");
    assert(progress.match < progress.next, "R15: match reaches next");
    assert(progress.match <= log.lastIndex, "R15: match beyond the log");
    assert(progress.next <= log.lastIndex + 1, "R15: next beyond the log");
    assert(
      progress.inflight.count <= raft.inner.config.inflightMessagesMax,
      "R15: too many messages in flight",
    );
    assert(
      progress.state === "replicate" || progress.inflight.count === 0,
      "R15: a window belongs to replication",
    );
  }
}

/** FNV-1a over the entry, chained. 32 bits: a collision would hide a difference, never invent one. */
export function chainHash(previous: number, entry: Entry): number {
  let hash = 0x811c9dc5 ^ previous;
  const mix = (value: number) => {
    hash = Math.imul(hash ^ value, 0x01000193);
  };
  mix(entry.term);
  mix(entry.index);
  mix(entry.kind.length);
  for (const byte of entry.data) mix(byte);
  return hash >>> 0;
}
