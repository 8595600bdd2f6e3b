import { seededPrng } from "@conclave/base";
import type { RaftConfig } from "../config.ts";
import { membershipOf } from "../membership.ts";
import type {
  Entry,
  LogIndex,
  LogPosition,
  MemberId,
  Message,
  MessageOf,
  MessageType,
  Term,
} from "../message.ts";
import { Raft } from "../raft.ts";
import type { Ready } from "../ready.ts";

/** One member under test, opposite peers that exist only as messages. */
export interface SoloOptions {
  readonly id?: MemberId;
  readonly voters?: readonly MemberId[];
  readonly learners?: readonly MemberId[];
  readonly term?: Term;
  readonly vote?: MemberId;
  /** The terms of the entries in the log, from index 1. */
  readonly log?: readonly Term[];
  readonly commit?: LogIndex;
  /** What the disk lost lay at or below here. */
  readonly lostTail?: LogPosition;
  readonly seed?: number;
  readonly config?: Partial<RaftConfig>;
}

export function entriesOf(terms: readonly Term[], after: LogIndex = 0): Entry[] {
  return terms.map((term, position) => {
    const index = after + position + 1;
    return { term, index, kind: "command", data: Uint8Array.of(term, index) };
  });
}

/** A member restarted with this log; pre-vote off unless asked for, so that terms tell the paper's story. */
export function solo(options: SoloOptions = {}): Raft {
  const { id = 1n, voters = [1n, 2n, 3n], learners = [], log = [], commit = 0 } = options;
  return new Raft({
    id,
    prng: seededPrng(options.seed ?? 1),
    config: { preVote: false, ...options.config },
    restored: {
      hardState: { term: options.term ?? log.at(-1) ?? 0, vote: options.vote ?? 0n, commit },
      snapshot: { index: 0, term: 0, membership: membershipOf(voters, learners) },
      entries: entriesOf(log),
      appliedIndex: 0,
      lostTail: options.lostTail ?? null,
    },
  });
}

/** What a member gave out until it had nothing more to do, its disk being instant. */
export interface Output {
  readonly messages: readonly Message[];
  readonly committed: readonly Entry[];
  readonly readies: readonly Ready[];
}

export function drain(raft: Raft): Output {
  const messages: Message[] = [];
  const committed: Entry[] = [];
  const readies: Ready[] = [];
  for (let ready = raft.takeReady(); ready !== null; ready = raft.takeReady()) {
    readies.push(ready);
    messages.push(...ready.messages);
    raft.onDurable(ready.sequence);
    messages.push(...ready.durableMessages);
    committed.push(...ready.committed);
    const last = ready.committed.at(-1);
    if (last !== undefined) raft.onApplied(last.index);
  }
  return { messages, committed, readies };
}

/** Steps a message in and says what leaves in answer. */
export function answerTo(raft: Raft, message: Message): readonly Message[] {
  raft.step(message);
  return drain(raft).messages;
}

export function only<T extends MessageType>(
  messages: readonly Message[],
  type: T,
): readonly MessageOf<T>[] {
  return messages.filter((message): message is MessageOf<T> => message.type === type);
}

/** A leader of the term after its log's, its no-op and everything before committed by all. */
export function soloLeader(options: SoloOptions = {}): Raft {
  const raft = solo(options);
  elect(raft);
  for (const { id } of raft.progress) acknowledge(raft, id);
  drain(raft);
  return raft;
}

/** Makes it leader by the votes of all others; nothing of its term is committed yet. */
export function elect(raft: Raft): void {
  raft.campaign();
  drain(raft);
  for (const from of raft.membership.voters) {
    if (from === raft.id) continue;
    const { term } = raft;
    raft.step({ type: "vote-response", from, to: raft.id, term, granted: true });
  }
  drain(raft);
}

/** The member `from` acknowledges the leader's log up to `index`. */
export function acknowledge(raft: Raft, from: MemberId, index: LogIndex = raft.lastIndex): void {
  raft.step({
    type: "append-response",
    from,
    to: raft.id,
    term: raft.term,
    index,
    rejected: false,
    hintIndex: 0,
    hintTerm: 0,
  });
}

export function append(
  term: Term,
  previous: readonly [LogIndex, Term],
  terms: readonly Term[] = [],
  commit: LogIndex = 0,
): MessageOf<"append"> {
  const [previousIndex, previousTerm] = previous;
  const entries = entriesOf(terms, previousIndex);
  return { type: "append", from: 2n, to: 1n, term, previousIndex, previousTerm, entries, commit };
}

export function voteRequest(
  term: Term,
  last: readonly [LogIndex, Term] = [0, 0],
  from: MemberId = 2n,
  type: "vote" | "pre-vote" = "vote",
): Message {
  const [lastIndex, lastTerm] = last;
  return { type, from, to: 1n, term, lastIndex, lastTerm, isTransfer: false };
}

export function termsOf(raft: Raft): Term[] {
  const { log } = raft.inner;
  return log.slice(log.firstIndex, log.lastIndex + 1).map((entry) => entry.term);
}
