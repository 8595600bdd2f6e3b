import { isLearner, isVoter, type Raft } from "@conclave/raft";
import type { Cluster, SimulatedMember } from "@conclave/testing/cluster";
import type { Probes } from "../probes.ts";
import type { RaftChecks } from "./raft.ts";

/** Differences of terms and indexes beyond this count as one: states are to be told apart, not to be endless. */
const FAR = 6;

/** What a member was when the cluster was looked at last. */
interface Before {
  readonly raft: Raft;
  readonly isLeader: boolean;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly hasReads: boolean;
  readonly isTransferring: boolean;
  readonly isSendingSnapshot: boolean;
  /** Where the last change of the membership stands in its log. */
  readonly changeIndex: number;
  readonly isLearner: boolean;
}

/** Which states the cluster as a whole has been in, and which of the interesting ones. */
export class ClusterShapes {
  readonly #probes: Probes;
  readonly #checks: RaftChecks;
  readonly #hashes = new Set<number>();
  readonly #terms = new Set<number>();
  readonly #before = new Map<string, Before>();
  #runningCount = 0;
  /** The first entry that the last leader seen still had. */
  #firstIndexKept = 0;

  constructor(probes: Probes, checks: RaftChecks) {
    this.#probes = probes;
    this.#checks = checks;
  }

  get hashes(): readonly number[] {
    return [...this.#hashes];
  }

  get leaderCount(): number {
    return this.#terms.size;
  }

  /** Whether members came or went since the last look. */
  isMemberCountNew(cluster: Cluster): boolean {
    return cluster.running.length !== this.#runningCount;
  }

  /** Whether what a member has ends before the log of the last leader begins. */
  isBehindKeptLogs(raft: Raft): boolean {
    return raft.lastIndex > 0 && raft.lastIndex + 1 < this.#firstIndexKept;
  }

  look(cluster: Cluster): void {
    const { running, members } = cluster;
    this.#runningCount = running.length;
    const rafts = members.map((member) => member.node?.member.raft ?? null);
    this.#hashes.add(shapeHash(rafts, this.#checks.committedIndex));
    if (running.length === 0) this.#probes.hit("every member is down");
    const present = members.filter(({ isRemoved }) => !isRemoved);
    if (running.length * 2 <= present.length) this.#probes.hit("a quorum is down");
    for (const member of running) this.#lookAt(cluster, member);
    const leaders = rafts.filter((raft) => raft?.role === "leader");
    const terms = rafts.flatMap((raft) => (raft === null ? [] : [raft.term]));
    if (Math.max(...terms) - Math.min(...terms) >= 3) {
      this.#probes.hit("a member is three terms behind");
    }
    if (leaders.length > 1) this.#probes.hit("two members believe that they lead");
  }

  #lookAt(cluster: Cluster, member: SimulatedMember): void {
    const raft = member.node?.member.raft;
    if (raft === undefined) return;
    const { inner, role, lastIndex, commitIndex, term } = raft;
    const before = this.#before.get(member.name);
    if (before?.raft === raft) this.#compare(before, raft);
    if (role === "leader") this.#lookAtLeader(member, raft, term);
    else if (role === "candidate") this.#lookAtCandidate(cluster, raft);
    if (raft.appliedIndex < commitIndex)
      this.#probes.hit("a member applies behind its commit index");
    if (inner.forwardedReads.count > 0)
      this.#probes.hit("a read of a follower waits for its leader");
    const firstTerm = inner.log.termAt(commitIndex + 1);
    if (firstTerm !== null && firstTerm !== inner.log.lastTerm) {
      this.#probes.hit("several terms of a log are not committed");
    }
    const { leadership } = inner;
    this.#before.set(member.name, {
      raft,
      isLeader: role === "leader",
      lastIndex,
      commitIndex,
      hasReads: (leadership?.reads.count ?? 0) > 0,
      isTransferring: raft.transferTarget !== 0n,
      isSendingSnapshot: isSendingSnapshot(raft),
      changeIndex: inner.log.memberships.currentIndex,
      isLearner: isLearner(raft.membership, raft.id),
    });
  }

  #compare(before: Before, raft: Raft): void {
    if (raft.lastIndex < before.lastIndex) this.#probes.hit("a log is cut back on a conflict");
    this.#compareMemberships(before, raft);
    if (!before.isLeader || raft.role === "leader") return;
    if (before.hasReads) this.#probes.hit("a leader is deposed while reads wait");
    if (before.isSendingSnapshot) this.#probes.hit("a leader is deposed while it sends a snapshot");
    if (before.isTransferring) this.#probes.hit("a leader is deposed by its hand-over");
    if (before.lastIndex > before.commitIndex) {
      this.#probes.hit("a leader is deposed with entries of its own not committed");
    }
  }

  #compareMemberships(before: Before, raft: Raft): void {
    if (raft.inner.log.memberships.currentIndex < before.changeIndex) {
      this.#probes.hit("a change of the members is cut from a log");
    }
    if (before.isLearner && isVoter(raft.membership, raft.id)) {
      this.#probes.hit("a learner is promoted");
    }
    if (before.isLeader && raft.role !== "leader" && before.changeIndex > before.commitIndex) {
      this.#probes.hit("a change of the members is not committed when its leader is deposed");
    }
  }

  #lookAtLeader({ node, isFounder }: SimulatedMember, raft: Raft, term: number): void {
    if (!isFounder) this.#probes.hit("a member that joined leads");
    if (!this.#terms.has(term) && this.#terms.size > 0) {
      this.#probes.hit("a second member leads");
      if ((node?.member.machine.leaseCount ?? 0) > 0) {
        this.#probes.hit("a new leader takes over leases");
      }
    }
    this.#terms.add(term);
    this.#firstIndexKept = raft.firstIndex;
    const { leadership, log, commitIndex, unstable } = raft.inner;
    if (leadership === null) return;
    if (commitIndex > unstable.durableIndex) {
      this.#probes.hit("a commit is not on the leader's own disk");
    }
    if (raft.transferTarget !== 0n) this.#probes.hit("a hand-over is under way");
    if (leadership.firstIndex > commitIndex + 1) {
      this.#probes.hit("a leader has entries of older terms not committed");
    }
    if (leadership.reads.count > 0 && leadership.firstIndex > commitIndex) {
      this.#probes.hit("reads wait for the first entry of a term");
    }
    for (const { state, match, inflight } of leadership.progress.values()) {
      if (inflight.isFull) this.#probes.hit("the window of a member is full");
      if (state === "snapshot") this.#probes.hit("a snapshot is under way");
      if (match < log.compactedIndex) this.#probes.hit("a member lags behind the kept log");
    }
  }

  #lookAtCandidate(cluster: Cluster, candidate: Raft): void {
    for (const { node } of cluster.running) {
      const voter = node?.member.raft;
      if (voter === undefined || voter === candidate) continue;
      const isOlder = candidate.inner.log.lastTerm < voter.inner.log.lastTerm;
      if (isOlder && candidate.lastIndex > voter.lastIndex) {
        this.#probes.hit("a candidate has a longer log of an older term");
      }
      if (voter.role === "leader") this.#probes.hit("a candidate stands against a leader");
      if (voter.role === "candidate") this.#probes.hit("two candidates stand at once");
    }
  }
}

function isSendingSnapshot({ inner }: Raft): boolean {
  for (const { state } of inner.leadership?.progress.values() ?? []) {
    if (state === "snapshot") return true;
  }
  return false;
}

/** The same for clusters that differ only in how far they are. FNV-1a. */
function shapeHash(rafts: readonly (Raft | null)[], committedIndex: number): number {
  let hash = 0x811c9dc5;
  const mix = (value: number): void => {
    hash = Math.imul(hash ^ (value & 0xff), 0x01000193);
  };
  const near = (difference: number): number => Math.max(-FAR, Math.min(FAR, difference));
  const newestTerm = Math.max(0, ...rafts.map((raft) => raft?.term ?? 0));
  for (const raft of rafts) {
    mix(raft === null ? 0 : raft.role.length);
    if (raft === null) continue;
    const { log, unstable } = raft.inner;
    mix(near(newestTerm - raft.term));
    mix(near(raft.term - log.lastTerm));
    mix(near(raft.lastIndex - committedIndex));
    mix(near(committedIndex - raft.commitIndex));
    mix(near(raft.commitIndex - raft.appliedIndex));
    mix(near(raft.lastIndex - unstable.durableIndex));
    mix(raft.leader === 0n ? 0 : 1);
    for (const { state, match, next } of raft.progress) {
      mix(state.length);
      mix(near(next - match));
    }
  }
  return hash >>> 0;
}
