import { assert, type Clock, type Timer } from "@conclave/base";
import type {
  Entry,
  LogIndex,
  MemberId,
  Membership,
  Message,
  Raft,
  Ready,
  Role,
  SnapshotMark,
  Term,
} from "@conclave/raft";
import type { StateMachine } from "@conclave/state-machine";
import { EtcdErrors } from "@conclave/wire";
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
   * Hands a batch to the leader. `onRefused` is called, in a later turn, if the leader certainly did not take it.
   * @returns false if it cannot be sent now; the batch then stays with the caller.
   */
  forward(leader: MemberId, batch: ProposalBatch, onRefused: () => void): boolean;
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
  onMembership(membership: Membership): void;
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
  /** One Raft tick; a heartbeat is one tick. Milliseconds. */
  readonly tickMs: number;
  /** Runs a callback at the end of this turn of the event loop (setImmediate). */
  readonly defer: (callback: () => void) => void;
}

/** An entry this member proposed as leader, to notice when another entry took its place. */
interface ProposedEntry {
  readonly batch: ProposalBatch;
  readonly term: Term;
  readonly index: LogIndex;
}

/** Committed entries waiting to be applied beyond which none are proposed, as etcd's gap of 5,000. */
const APPLY_QUEUE_MAX = 5_000;

/** A membership entry changes nothing in the state machine but the index it stands at. */
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
  #isWaitingForStore = false;
  readonly #proposed: ProposedEntry[] = [];
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
   * Another member's batch, forwarded to us as the leader.
   * @returns whether the core took it; if not, it is certainly not in any log.
   */
  proposeForwarded(entryData: Uint8Array): boolean {
    if (this.#stopped || this.isOverloaded) return false;
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
      } while (this.#turnAgain || this.#o.raft.hasReady());
      this.#o.reads.serve(this.#o.machine.appliedIndex);
    } finally {
      this.#inTurn = false;
    }
  }

  #offerProposals(): void {
    const { proposer, raft, links } = this.#o;
    while (proposer.hasUnsent && !this.isOverloaded) {
      if (raft.role === "leader") {
        if (!this.#proposeHere()) return;
      } else if (raft.leader !== 0n) {
        const batch = proposer.takeBatch();
        if (batch === null) return;
        // Given back, it is offered again at the next tick: by then the leader has changed or has room.
        const sent = links.forward(raft.leader, batch, () => proposer.giveBack(batch));
        if (!sent) {
          proposer.giveBack(batch);
          return;
        }
      } else {
        return; // No leader: the batch waits for one until its waiters give up.
      }
    }
  }

  #proposeHere(): boolean {
    const batch = this.#o.proposer.takeBatch();
    if (batch === null) return false;
    const outcome = this.#o.raft.propose(batch.entryData);
    if (!outcome.ok) {
      this.#o.proposer.giveBack(batch);
      return false;
    }
    this.#proposed.push({ batch, term: outcome.term, index: outcome.index });
    return true;
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
    if (ready.membership !== null) events.onMembership(ready.membership);
    if (ready.snapshot === null) this.#write(ready);
    else this.#install(ready.snapshot, ready);
  }

  #install(mark: SnapshotMark, ready: Ready): void {
    this.#installing = true;
    this.#toApply = this.#toApply.filter((entry) => entry.index > mark.index);
    this.#o.events.onSnapshot(mark, () => {
      this.#installing = false;
      this.#write(ready);
      this.wake();
    });
  }

  #write(ready: Ready): void {
    const { hardState, entries, snapshot } = ready;
    if (hardState === null && entries.length === 0 && snapshot === null) {
      if (this.#writesDurable === this.#writesIssued) this.#onDurable(ready);
      else this.#awaitingDisk.push({ ready, write: this.#writesIssued });
      return;
    }
    this.#writesIssued += 1;
    const write = this.#writesIssued;
    this.#awaitingDisk.push({ ready, write });
    this.#o.log.append({ hardState, entries, reset: snapshot }, () => {
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

  #applyCommitted(): void {
    if (this.#toApply.length === 0 || this.#installing) return;
    const { machine, store, raft, proposer, events } = this.#o;
    events.beforeApply();
    let applied = 0;
    for (const entry of this.#toApply) {
      if (store.isOverlayFull) {
        this.#waitForStore();
        break;
      }
      machine.apply(entry.kind === "command" ? entry : { ...entry, data: NO_COMMANDS }, proposer);
      this.#settleProposed(entry);
      applied += 1;
    }
    if (applied === 0) return;
    this.#toApply = applied === this.#toApply.length ? [] : this.#toApply.slice(applied);
    store.seal(machine.appliedIndex);
    raft.onApplied(machine.appliedIndex);
    events.onApplied(machine.appliedIndex);
    this.#maybeStartLeading();
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

  /** Waiters whose entry was overwritten by another leader's learn at once that it is lost. */
  #settleProposed(applied: Entry): void {
    for (;;) {
      const oldest = this.#proposed[0];
      if (oldest === undefined || oldest.index > applied.index) return;
      this.#proposed.shift();
      if (oldest.index !== applied.index || oldest.term !== applied.term) {
        this.#o.proposer.refuse(oldest.batch.first, oldest.batch.last, EtcdErrors.leaderChanged);
      }
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
