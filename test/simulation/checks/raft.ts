import {
  ClusterInvariants,
  checkMember,
  type MemberId,
  type Message,
  type Raft,
} from "@conclave/raft";
import type { SimulatedMember } from "@conclave/testing/cluster";
import { DurableLog } from "./durable-log.ts";
import { check } from "./violation.ts";

/** Compared after every event: one text of it all would cost more than most events do. */
interface Mark {
  term: number;
  role: string;
  commitIndex: number;
  appliedIndex: number;
  lastIndex: number;
  lastTerm: number;
}

interface Followed {
  readonly id: MemberId;
  raft: Raft | null;
  readonly durable: DurableLog;
  /** What changed since the last look is told by these. */
  readonly mark: Mark;
}

/**
 * R1–R15, after every event, for the members whose consensus moved: those of the whole cluster are raft's own
 * ({@link ClusterInvariants}); here are the ones about the disk and about what is sent.
 */
export class RaftChecks {
  readonly #invariants = new ClusterInvariants();
  readonly #followed = new Map<MemberId, Followed>();

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
  onBooted(member: SimulatedMember, raft: Raft): void {
    const { recovered } = member;
    const followed = this.#follow(member);
    if (member.forgot !== null) {
      this.#silence(member, raft);
      return;
    }
    followed.raft = raft;
    Object.assign(followed.mark, unseen());
    followed.durable.follow(raft, recovered?.lostTail ?? null);
    const proposeMembership = raft.proposeMembership.bind(raft);
    raft.proposeMembership = (change) => {
      // What was committed until now was so by the membership until now.
      this.look(member, raft);
      return proposeMembership(change);
    };
    const step = raft.step.bind(raft);
    raft.step = (message) => {
      this.#onReceived(message);
      step(message);
    };
  }

  /**
   * R11: what it promised stays what it was, and it does not know: it may say nothing any more; until its leader has refused it, nothing
   * that promises anything.
   */
  #silence({ name, forgot }: SimulatedMember, raft: Raft): void {
    const takeReady = raft.takeReady.bind(raft);
    raft.takeReady = () => {
      const ready = takeReady();
      const said = [...(ready?.messages ?? []), ...(ready?.durableMessages ?? [])];
      const bad = said.find((message) => forgot === "starts" || isPromise(message));
      check(bad === undefined, () => `R11: ${name} says ${bad?.type}, and forgot what it promised`);
      return ready;
    };
  }

  #follow(member: SimulatedMember): Followed {
    const { id, name } = member;
    const known = this.#followed.get(id);
    if (known !== undefined) return known;
    const followed = { id, raft: null, durable: new DurableLog(name), mark: unseen() };
    this.#followed.set(id, followed);
    return followed;
  }

  /** @returns whether the member's consensus moved since the last look */
  look(member: SimulatedMember, raft: Raft): boolean {
    const followed = this.#followed.get(member.id);
    if (followed === undefined || member.forgot !== null) return false;
    if (!hasMoved(followed.mark, raft)) return false;
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
    if (message.type === "vote")
      this.#invariants.recordVote(message.from, message.term, message.from);
    if (message.type === "vote-response" && message.granted) {
      this.#invariants.recordVote(message.from, message.term, message.to);
    }
    if (message.type === "append-response" && !message.rejected) {
      // What a leader of a later term overwrote in the same turn never reached the disk by itself. It is as if it had, for a
      // moment: the later term reached it with the answer, so nothing that counts on the entry can be committed any more.
      const isOverwritten = message.term < hardState.term;
      check(
        isOverwritten || message.index <= lastIndexMax,
        () => `R11: m${message.from} acknowledged ${message.index}, its disk has ${lastIndexMax}`,
      );
    }
  }
}

function isPromise(message: Message): boolean {
  if (message.type === "append-response") return !message.rejected;
  if (message.type === "vote-response" || message.type === "pre-vote-response")
    return message.granted;
  return message.type === "vote" || message.type === "pre-vote";
}

function unseen(): Mark {
  return { term: -1, role: "", commitIndex: -1, appliedIndex: -1, lastIndex: -1, lastTerm: -1 };
}

/** Moves the mark to where the member is. @returns whether that is elsewhere */
function hasMoved(mark: Mark, raft: Raft): boolean {
  const { term, role, commitIndex, appliedIndex, lastIndex } = raft;
  const { lastTerm } = raft.inner.log;
  if (
    mark.term === term &&
    mark.role === role &&
    mark.commitIndex === commitIndex &&
    mark.appliedIndex === appliedIndex &&
    mark.lastIndex === lastIndex &&
    mark.lastTerm === lastTerm
  ) {
    return false;
  }
  mark.term = term;
  mark.role = role;
  mark.commitIndex = commitIndex;
  mark.appliedIndex = appliedIndex;
  mark.lastIndex = lastIndex;
  mark.lastTerm = lastTerm;
  return true;
}
