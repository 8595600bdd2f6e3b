import { assert, type Clock, type Timer } from "@conclave/base";
import {
  decodeMembershipEntry,
  type Entry,
  type LogIndex,
  type MemberId,
  type Message,
  type Raft,
  type Ready,
  type Role,
  type SnapshotMark,
  type Term,
} from "@conclave/raft";
import type { MembershipCommand, StateMachine } from "@conclave/state-machine";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import type { DurableStateStore } from "../storage/durable-state-store.ts";
import type { Wal } from "../storage/wal.ts";
import type { ProposalBatch, Proposer } from "./proposer.ts";
import type { ReadGate } from "./read-gate.ts";

/** What the driver asks of the log on disk: see Wal. */
export type DriverLog = Pick<Wal, "append" | "isFull">;

/** What the driver asks of the state's storage. */
export type DriverStore = Pick<DurableStateStore, "seal" | "isOverlayFull" | "whenBelowLimit">;

/** What the driver asks of the links to the other members. Nothing here waits. */
export interface DriverLinks {
  send(messages: readonly Message[]): void;
  /**
   * Hands a batch to the leader of `term`. `onRefused` is called, in a later turn, if that leader certainly did not
   * take it in that term. @returns false if it cannot be sent now; the batch then stays with the caller.
   */
  forward(leader: MemberId, term: Term, batch: ProposalBatch, onRefused: () => void): boolean;
}

/** What the rest of the member wants to know about consensus. */
export interface DriverEvents {
  /** Role, leader or term changed. */
  onRoleChange(role: Role, leader: MemberId, term: Term): void;
  /** This member leads and everything committed before its term is applied: it may act as the leader. */
  onLeading(term: Term): void;
  /** Entries are about to be applied. */
  beforeApply(): void;
  /** Entries were applied up to `index`; runs once per turn, before reads are served. */
  onApplied(index: LogIndex): void;
  /** A change of the membership was applied, as the entry at `index` of `term`. */
  onMembership(index: LogIndex, term: Term): void;
  /** The log holds again what a damage had taken from it. */
  onRecovered(): void;
  /**
   * A received snapshot must replace log and state now. Calls `done` when the new state is durable and
   * loaded; the driver applies nothing meanwhile.
   */
  onSnapshot(mark: SnapshotMark, done: () => void): void;
}

export interface RaftDriverOptions {
  readonly raft: Raft;
  readonly log: DriverLog;
  readonly store: DriverStore;
  readonly machine: StateMachine;
  readonly proposer: Proposer;
  readonly reads: ReadGate;
  readonly links: DriverLinks;
  readonly events: DriverEvents;
  readonly clock: Clock;
  /** One Raft tick: what RaftConfig counts in. Milliseconds. */
  readonly tickMs: number;
  /** Runs a callback at the end of this turn of the event loop (setImmediate). */
  readonly defer: (callback: () => void) => void;
}

/**
 * A batch that a leader took, or may have taken, in a term. It can become an entry of that term only: once an entry of
 * a later term is applied here and the batch was not, it never will be, and it is safe to propose it again.
 */
interface SentBatch {
  readonly batch: ProposalBatch;
  readonly term: Term;
}

/** Committed entries waiting to be applied beyond which none are proposed, as etcd's gap of 5,000. */
const APPLY_QUEUE_MAX = 5_000;

/** Commands applied before the event loop is given back: more of them follow in its next turn. Bytes of entries. */
const APPLY_BYTES_PER_TURN = 128 * 1024;

const NO_COMMANDS = new Uint8Array(0);

/**
 * The loop: the only place where consensus meets the disk and the network. Whatever happens (a message, a tick, a
 * proposal, a report of the disk) is given to the core, and one turn later everything the core asks for is done.
 */
export class RaftDriver {
  readonly #o: RaftDriverOptions;
  #turnDeferred = false;
  #inTurn = false;
  #turnAgain = false;
  #stopped = false;
  #tickTimer: Timer | null = null;
  /** Readies without writes wait here for the writes taken before them. */
  #writesIssued = 0;
  #writesDurable = 0;
  readonly #awaitingDisk: { readonly ready: Ready; readonly write: number }[] = [];
  /** Committed, not yet applied. */
  #toApply: Entry[] = [];
  #installing = false;
  /** The state is being replaced by another member's: entries wait. */
  #isApplyHeld = false;
  #isWaitingForStore = false;
  /** Not known to be applied or lost, in order of sending, hence of term. */
  #sent: SentBatch[] = [];
  #leadingTerm: Term = 0;

  constructor(options: RaftDriverOptions) {
    this.#o = options;
  }

  start(): void {
    this.#scheduleTick();
    this.wake();
  }

  /** Ends the loop. Nothing is sent, written or applied afterwards. */
  stop(): void {
    this.#stopped = true;
    this.#tickTimer?.cancel();
  }

  /** The disk or the state machine is behind: no new entries are begun until it has caught up. */
  get isOverloaded(): boolean {
    return this.#toApply.length > APPLY_QUEUE_MAX || this.#o.log.isFull;
  }

  /** True while this member leads and has applied everything committed before its term. */
  get isLeading(): boolean {
    return this.#leadingTerm !== 0 && this.#leadingTerm === this.#o.raft.term;
  }

  step(message: Message): void {
    if (this.#stopped) return;
    this.#o.raft.step(message);
    this.wake();
  }

  /** Makes a turn run at the end of this turn of the event loop. */
  wake(): void {
    if (this.#turnDeferred || this.#stopped) return;
    this.#turnDeferred = true;
    this.#o.defer(() => {
      this.#turnDeferred = false;
      this.#turn();
    });
  }

  /**
   * Another member's batch, forwarded to us as the leader of `term`: in another term the sender may have given it up.
   * @returns whether the core took it; if not, it is certainly not in any log.
   */
  proposeForwarded(entryData: Uint8Array, term: Term): boolean {
    if (this.#stopped || this.isOverloaded || this.#o.raft.term !== term) return false;
    const taken = this.#o.raft.propose(entryData).ok;
    if (taken) this.wake();
    return taken;
  }

  #scheduleTick(): void {
    this.#tickTimer = this.#o.clock.setTimer(this.#o.tickMs, () => {
      if (this.#stopped) return;
      this.#scheduleTick();
      this.#o.raft.tick();
      const nowMs = this.#o.clock.nowMs();
      const timeoutError = EtcdErrors.timeout;
      this.#o.proposer.expire(nowMs, timeoutError);
      this.#o.reads.onTick(nowMs, timeoutError);
      this.wake();
    });
  }

  /** Runs until nothing is left to do. A report of the disk may come in the middle and makes it go round again. */
  #turn(): void {
    if (this.#stopped) return;
    if (this.#inTurn) {
      this.#turnAgain = true;
      return;
    }
    this.#inTurn = true;
    try {
      do {
        this.#turnAgain = false;
        this.#offerProposals();
        this.#o.reads.ask();
        this.#carryOutReadies();
        this.#applyCommitted();
      } while (this.#turnAgain || (this.#o.raft.hasReady() && !this.#installing));
      // A state that is being loaded may know its index already, but not yet its keys.
      const { machine } = this.#o;
      if (!this.#installing && machine.isLoaded) this.#o.reads.serve(machine.appliedIndex);
    } finally {
      this.#inTurn = false;
    }
  }

  #offerProposals(): void {
    const { proposer, raft } = this.#o;
    while (proposer.hasUnsent && !this.isOverloaded) {
      if (raft.leader === 0n) return; // The batch waits for a leader until its waiters give up.
      const batch = proposer.takeBatch();
      if (batch === null) return;
      const sent: SentBatch = { batch, term: raft.term };
      const isSent =
        raft.role === "leader" ? raft.propose(batch.entryData).ok : this.#forward(sent);
      if (!isSent) {
        proposer.giveBack(batch);
        return;
      }
      this.#sent.push(sent);
    }
  }

  #forward(sent: SentBatch): boolean {
    const { raft, links } = this.#o;
    return links.forward(raft.leader, sent.term, sent.batch, () => this.#takeBack(sent));
  }

  /**
   * A batch that is in no log and never will be is offered again, with the next tick: its waiters notice nothing but time.
   * The refusal is about this sending only: the batch may have been given up, and sent again, before it came.
   */
  #takeBack(sent: SentBatch): void {
    const at = this.#sent.indexOf(sent);
    if (at === -1) return;
    this.#sent.splice(at, 1);
    if (this.#o.proposer.isAwaited(sent.batch)) this.#o.proposer.giveBack(sent.batch);
  }

  #carryOutReadies(): void {
    for (;;) {
      if (this.#installing) return;
      const ready = this.#o.raft.takeReady();
      if (ready === null) return;
      this.#carryOut(ready);
    }
  }

  #carryOut(ready: Ready): void {
    const { events, links, reads } = this.#o;
    if (ready.roleChange !== null) {
      const { role, leader, term } = ready.roleChange;
      if (role !== "leader") this.#leadingTerm = 0;
      events.onRoleChange(role, leader, term);
    }
    if (ready.messages.length > 0) links.send(ready.messages);
    for (const entry of ready.committed) this.#toApply.push(entry);
    for (const read of ready.reads) reads.onConfirmed(read.readId, read.index);
    for (const readId of ready.refusedReads) reads.onRefused(readId);
    if (ready.isRecovered) events.onRecovered();
    if (ready.snapshot === null) this.#write(ready);
    else this.#install(ready.snapshot, ready);
  }

  #install(mark: SnapshotMark, ready: Ready): void {
    this.#installing = true;
    this.#toApply = this.#toApply.filter((entry) => entry.index > mark.index);
    this.#abandonSent();
    this.#o.events.onSnapshot(mark, () => {
      this.#installing = false;
      this.#write(ready);
      this.wake();
    });
  }

  #write(ready: Ready): void {
    const { hardState, entries, snapshot, isRecovered } = ready;
    if (hardState === null && entries.length === 0 && snapshot === null && !isRecovered) {
      if (this.#writesDurable === this.#writesIssued) this.#onDurable(ready);
      else this.#awaitingDisk.push({ ready, write: this.#writesIssued });
      return;
    }
    this.#writesIssued += 1;
    const write = this.#writesIssued;
    this.#awaitingDisk.push({ ready, write });
    const recovery = isRecovered ? { lostTail: null } : {};
    this.#o.log.append({ hardState, entries, reset: snapshot, ...recovery }, () => {
      assert(write === this.#writesDurable + 1, "the log reports writes in order");
      this.#writesDurable = write;
      this.#releaseDurable();
      this.#turn();
    });
  }

  #releaseDurable(): void {
    for (;;) {
      const next = this.#awaitingDisk[0];
      if (next === undefined || next.write > this.#writesDurable) return;
      this.#awaitingDisk.shift();
      this.#onDurable(next.ready);
    }
  }

  #onDurable(ready: Ready): void {
    if (this.#stopped) return;
    this.#o.raft.onDurable(ready.sequence);
    if (ready.durableMessages.length > 0) this.#o.links.send(ready.durableMessages);
  }

  /** Applies nothing until {@link releaseApplying}: the state is about to be replaced. */
  holdApplying(): void {
    this.#isApplyHeld = true;
  }

  /** Goes on applying after `appliedIndex`, to which the state may have been brought by other means meanwhile. */
  releaseApplying(appliedIndex: LogIndex): void {
    this.#isApplyHeld = false;
    if (appliedIndex > this.#o.raft.appliedIndex) {
      this.#toApply = this.#toApply.filter((entry) => entry.index > appliedIndex);
      this.#abandonSent();
      this.#o.raft.onApplied(appliedIndex);
    }
    this.wake();
  }

  /** Whether the log here holds everything up to `index`, committed, and gave it out to be applied. */
  hasCommitted(index: LogIndex): boolean {
    return Math.max(this.#o.raft.appliedIndex, this.#toApply.at(-1)?.index ?? 0) >= index;
  }

  #applyCommitted(): void {
    if (this.#toApply.length === 0 || this.#installing || this.#isApplyHeld) return;
    const { machine, store, raft, events } = this.#o;
    events.beforeApply();
    let applied = 0;
    let bytes = 0;
    for (const entry of this.#toApply) {
      if (bytes >= APPLY_BYTES_PER_TURN) {
        this.wake();
        break;
      }
      bytes += entry.data.length;
      if (store.isOverlayFull) {
        this.#waitForStore();
        break;
      }
      this.#apply(entry);
      this.#settleSent(entry);
      applied += 1;
    }
    if (applied === 0) return;
    this.#toApply = applied === this.#toApply.length ? [] : this.#toApply.slice(applied);
    store.seal(machine.appliedIndex);
    raft.onApplied(machine.appliedIndex);
    events.onApplied(machine.appliedIndex);
    this.#maybeStartLeading();
  }

  #apply(entry: Entry): void {
    const { machine, proposer, events } = this.#o;
    if (entry.kind !== "membership") {
      machine.apply(entry.kind === "command" ? entry : { ...entry, data: NO_COMMANDS }, proposer);
      return;
    }
    const { index, term, data } = entry;
    machine.apply({ index, term, data: NO_COMMANDS, membership: commandOf(data) }, proposer);
    events.onMembership(index, term);
  }

  /** The store holds as much as it wants to in memory: entries wait, and with them, in the end, proposals. */
  #waitForStore(): void {
    if (this.#isWaitingForStore) return;
    this.#isWaitingForStore = true;
    this.#o.store.whenBelowLimit(() => {
      this.#isWaitingForStore = false;
      this.wake();
    });
  }

  /** Forgets the batches that are answered, and offers those again that the change of term has lost. */
  #settleSent(applied: Entry): void {
    while (this.#sent.length > 0) {
      const { batch, term } = this.#sent[0]!;
      const isAwaited = this.#o.proposer.isAwaited(batch);
      if (isAwaited && term >= applied.term) return;
      this.#sent.shift();
      if (isAwaited) this.#o.proposer.giveBack(batch);
    }
  }

  /** A snapshot stands for entries that are not seen here: nobody can tell whether it holds what was sent. */
  #abandonSent(): void {
    const abandoned = this.#sent;
    this.#sent = [];
    for (const { batch } of abandoned) {
      this.#o.proposer.refuse(batch, EtcdErrors.timeoutDueToLeaderFail);
    }
  }

  #maybeStartLeading(): void {
    const { raft, machine, events } = this.#o;
    if (raft.role !== "leader" || this.#leadingTerm === raft.term) return;
    if (machine.appliedTerm !== raft.term) return;
    this.#leadingTerm = raft.term;
    events.onLeading(raft.term);
  }
}

function commandOf(entryData: Uint8Array): MembershipCommand {
  const { change, id, context, membership } = decodeMembershipEntry(entryData);
  return { change, id, context, memberIds: [...membership.voters, ...membership.learners] };
}
