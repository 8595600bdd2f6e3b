import {
  ClusterInvariants,
  checkMember,
  type MemberId,
  type Message,
  type Raft,
} from "@conclave/raft";
import type { Cluster, SimulatedMember } from "@conclave/testing/cluster";
import { DurableLog } from "./durable-log.ts";
import { check } from "./violation.ts";

interface Followed {
  readonly id: MemberId;
  raft: Raft | null;
  readonly durable: DurableLog;
  /** What changed since the last look is told by these. */
  mark: string;
}

/**
 * R1–R15, after every event, for the members whose consensus moved: those of the whole cluster are raft's own
 * ({@link ClusterInvariants}); here are the ones about the disk and about what is sent.
 */
export class RaftChecks {
  readonly #invariants = new ClusterInvariants();
  readonly #followed = new Map<MemberId, Followed>();
  /** By "voter/term": R11 over all lives of a voter. */
  readonly #votes = new Map<string, MemberId>();

  constructor(cluster: Cluster) {
    for (const { id, name } of cluster.members) {
      this.#followed.set(id, { id, raft: null, durable: new DurableLog(name), mark: "" });
    }
  }

  /** The last index known to be committed, by anybody. */
  get committedIndex(): number {
    return this.#invariants.committedIndex;
  }

  durableOf(id: MemberId): DurableLog {
    const followed = this.#followed.get(id);
    if (followed === undefined) throw new Error(`there is no member ${id}`);
    return followed.durable;
  }

  /** A member came up from its disk. */
  onBooted({ id }: SimulatedMember, raft: Raft): void {
    const followed = this.#followed.get(id);
    if (followed === undefined) throw new Error(`there is no member ${id}`);
    followed.raft = raft;
    followed.mark = "";
    followed.durable.follow(raft);
    const step = raft.step.bind(raft);
    raft.step = (message) => {
      this.#onReceived(message);
      step(message);
    };
  }

  /** @returns whether the member's consensus moved since the last look */
  look(member: SimulatedMember, raft: Raft): boolean {
    const followed = this.#followed.get(member.id);
    if (followed === undefined) return false;
    const { term, role, commitIndex, appliedIndex, lastIndex } = raft;
    const mark = `${term}${role}${commitIndex},${appliedIndex},${lastIndex},${raft.inner.log.lastTerm}`;
    if (mark === followed.mark) return false;
    followed.mark = mark;
    checkMember(raft);
    this.#invariants.check(this.#followed, member.id);
    return true;
  }

  /** R10, R11: whatever says so stands on the sender's disk. It may be old, so it is compared with all that ever was there. */
  #onReceived(message: Message): void {
    const sender = this.#followed.get(message.from);
    if (sender === undefined) return;
    const { hardState, lastIndexMax } = sender.durable;
    const isPreVote = message.type === "pre-vote" || message.type === "pre-vote-response";
    check(
      isPreVote || message.term <= hardState.term,
      () => `R10: m${message.from} sent term ${message.term}, its disk knows ${hardState.term}`,
    );
    if (message.type === "vote") this.#onVote(message.from, message.term, message.from);
    if (message.type === "vote-response" && message.granted) {
      this.#onVote(message.from, message.term, message.to);
    }
    if (message.type === "append-response" && !message.rejected) {
      check(
        message.index <= lastIndexMax,
        () => `R11: m${message.from} acknowledged ${message.index}, its disk has ${lastIndexMax}`,
      );
    }
  }

  #onVote(voter: MemberId, term: number, candidate: MemberId): void {
    const vote = `${voter}/${term}`;
    const before = this.#votes.get(vote);
    check(
      before === undefined || before === candidate,
      () => `R11: m${voter} voted for m${before} and m${candidate} in term ${term}`,
    );
    this.#votes.set(vote, candidate);
  }
}
