import { assert, type Prng, seededPrng } from "@conclave/base";
import type { RaftConfig } from "../config.ts";
import { ClusterInvariants } from "../invariants.ts";
import { EMPTY_MEMBERSHIP, membershipOf } from "../membership.ts";
import type { LogIndex, MemberId, Membership, Message } from "../message.ts";
import type { Raft } from "../raft.ts";
import type { Ready } from "../ready.ts";
import { SimulatedMember, type SnapshotContent } from "./member.ts";

/** A message on its way; a snapshot carries the state it stands for. */
export interface Flying {
  readonly message: Message;
  readonly content: SnapshotContent | null;
}

/** A read that somebody waits for. */
interface OpenRead {
  readonly member: MemberId;
  /** Everything committed when it was asked: the least it must see (R17). */
  readonly floor: LogIndex;
}

export interface ClusterOptions {
  readonly seed: number;
  readonly voters: readonly MemberId[];
  readonly learners?: readonly MemberId[];
  readonly config?: Partial<RaftConfig>;
}

/**
 * A whole cluster in memory whose every event is caused by the caller: which message arrives, which is lost, when a
 * disk finishes, who ticks, who dies. After each event the invariants are checked.
 */
export class Cluster {
  readonly members = new Map<MemberId, SimulatedMember>();
  readonly invariants = new ClusterInvariants();
  /** Sent and neither delivered nor lost, oldest first. */
  flying: Flying[] = [];
  /** Listens to every Ready, for scripts and traces. */
  onReady: (member: SimulatedMember, ready: Ready) => void = () => {};
  /** Listens to every message that leaves. */
  onSend: (message: Message) => void = () => {};
  /** Reads that were neither served nor refused. */
  readonly openReads = new Map<number, OpenRead>();
  servedReads = 0;
  refusedReads = 0;
  readonly #blocked = new Set<string>();
  readonly #prng: Prng;
  readonly #config: Partial<RaftConfig>;
  #nextReadId = 1;

  constructor({ seed, voters, learners = [], config = {} }: ClusterOptions) {
    this.#prng = seededPrng(seed);
    this.#config = config;
    const membership = membershipOf(voters, learners);
    for (const id of [...voters, ...learners]) this.#add(id, membership);
  }

  /** A running member's core. */
  raft(id: MemberId): Raft {
    const raft = this.members.get(id)?.raft ?? null;
    assert(raft !== null, `member ${id} does not run`);
    return raft;
  }

  /** The running leader of the highest term, or null. */
  get leader(): SimulatedMember | null {
    let best: SimulatedMember | null = null;
    for (const member of this.running) {
      if (member.raft?.role !== "leader") continue;
      if (best?.raft == null || member.raft.term > best.raft.term) best = member;
    }
    return best;
  }

  get running(): SimulatedMember[] {
    return [...this.members.values()].filter((member) => member.raft !== null);
  }

  /** A member that knows nothing yet, not even who is in the cluster. */
  join(id: MemberId): void {
    this.#add(id, EMPTY_MEMBERSHIP);
  }

  /** Does something to a member, gives its driver a turn and checks the invariants. */
  act<T>(id: MemberId, action: (raft: Raft) => T): T {
    const result = action(this.raft(id));
    this.turn(id);
    return result;
  }

  /** The driver's turn alone. */
  turn(id: MemberId): void {
    this.members.get(id)!.turn();
    this.invariants.check(this.members, id);
  }

  read(id: MemberId): number {
    const readId = this.#nextReadId;
    this.#nextReadId += 1;
    this.openReads.set(readId, { member: id, floor: this.invariants.committedIndex });
    this.act(id, (raft) => raft.readIndex(readId));
    return readId;
  }

  finishWrite(id: MemberId): void {
    this.members.get(id)!.finishWrite();
    this.turn(id);
  }

  crash(id: MemberId, writesKept = 0): void {
    this.members.get(id)!.crash(writesKept);
    for (const [readId, read] of this.openReads) {
      if (read.member === id) this.openReads.delete(readId);
    }
  }

  restart(id: MemberId, appliedIndex?: LogIndex): void {
    this.members.get(id)!.start(this.#prng, appliedIndex);
    this.turn(id);
  }

  /** Messages from `from` to `to` are lost from now on. */
  block(from: MemberId, to: MemberId): void {
    this.#blocked.add(`${from}>${to}`);
  }

  /** Cuts both ways between the members of different groups. */
  partition(...groups: readonly (readonly MemberId[])[]): void {
    for (const group of groups) {
      for (const other of groups) {
        if (group === other) continue;
        for (const from of group) for (const to of other) this.block(from, to);
      }
    }
  }

  heal(): void {
    this.#blocked.clear();
  }

  isBlocked({ from, to }: Message): boolean {
    return this.#blocked.has(`${from}>${to}`);
  }

  /** Delivers the message at `position`, leaving it in place if it is to arrive again. */
  deliver(position: number, again = false): void {
    const flying = this.flying[position];
    assert(flying !== undefined, "no such message");
    if (!again) this.flying.splice(position, 1);
    if (this.isBlocked(flying.message)) this.#lose(flying);
    else this.#arrive(flying);
  }

  /** A message that arrived before, or was lost, arrives. Requires: it carries no snapshot. */
  redeliver(message: Message): void {
    assert(message.type !== "install-snapshot", "a snapshot's content is not kept");
    if (!this.isBlocked(message)) this.#arrive({ message, content: null });
  }

  lose(position: number): void {
    const [flying] = this.flying.splice(position, 1);
    if (flying !== undefined) this.#lose(flying);
  }

  /** Finishes writes and delivers messages in order until nothing moves. */
  settle(): void {
    for (let events = 0; events < 100_000; events += 1) {
      const writer = this.running.find((member) => member.writes.length > 0);
      if (writer !== undefined) this.finishWrite(writer.id);
      else if (this.flying.length > 0) this.deliver(0);
      else return;
    }
    assert(false, "the cluster never comes to rest");
  }

  #add(id: MemberId, membership: Membership): void {
    const member = new SimulatedMember(id, membership, this.#config, {
      onMessage: (sender, message) => this.#onMessage(sender, message),
      onReady: (owner, ready) => this.#onReady(owner, ready),
    });
    this.members.set(id, member);
    member.start(this.#prng);
  }

  #onMessage(sender: SimulatedMember, message: Message): void {
    this.invariants.onSend(sender, message);
    this.onSend(message);
    if (message.type !== "install-snapshot") {
      this.flying.push({ message, content: null });
      return;
    }
    // As a driver does it: the content is made when the transfer starts, and may be newer than what was asked for.
    const content = sender.snapshot();
    assert(content.mark.index >= message.snapshot.index, "a snapshot is not older than asked for");
    this.flying.push({ message: { ...message, snapshot: content.mark }, content });
  }

  #onReady(member: SimulatedMember, ready: Ready): void {
    for (const { readId, index } of ready.reads) {
      const read = this.openReads.get(readId);
      assert(read !== undefined, "a read was answered twice, or never asked");
      assert(read.member === member.id, "a read was answered to somebody else");
      assert(index >= read.floor, `R17: stale read ${readId} at ${index}, needs ${read.floor}`);
      this.openReads.delete(readId);
      this.servedReads += 1;
    }
    for (const readId of ready.refusedReads) {
      assert(this.openReads.delete(readId), "a read was refused twice, or never asked");
      this.refusedReads += 1;
    }
    this.onReady(member, ready);
  }

  #arrive({ message, content }: Flying): void {
    const receiver = this.members.get(message.to);
    if (receiver === undefined || receiver.raft === null) {
      this.#lose({ message, content });
      return;
    }
    const { term } = receiver.raft;
    receiver.step(message, content);
    const isMoved = receiver.raft.term !== term;
    assert(message.type !== "pre-vote" || !isMoved, "R14: a pre-vote moved a term");
    this.turn(message.to);
    if (content !== null) this.#reportSnapshot(message, true);
  }

  #lose({ message, content }: Flying): void {
    if (content !== null) this.#reportSnapshot(message, false);
  }

  #reportSnapshot(message: Message, ok: boolean): void {
    const sender = this.members.get(message.from);
    if (sender?.raft == null) return;
    sender.raft.reportSnapshot(message.to, ok);
    this.turn(message.from);
  }
}
