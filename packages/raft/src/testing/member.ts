import { assert, nextBelow, nextChance, type Prng } from "@conclave/base";
import type { RaftConfig } from "../config.ts";
import { chainHash, type DurableView, type MemberView } from "../invariants.ts";
import type { Entry, LogIndex, MemberId, Membership, Message, SnapshotMark } from "../message.ts";
import { Raft } from "../raft.ts";
import type { Ready } from "../ready.ts";

/** Versions of its log that a disk may fall back to when it is damaged. Count. */
const VERSIONS_MAX = 40;

/** What a snapshot transfer carries: the mark and the state it stands for. */
export interface SnapshotContent {
  readonly mark: SnapshotMark;
  readonly stateHash: number;
}

/** Where a member's output goes. */
export interface MemberPort {
  onMessage(member: SimulatedMember, message: Message): void;
  onReady(member: SimulatedMember, ready: Ready): void;
}

/**
 * One member with the least driver that keeps Ready's contract, a disk that finishes writes when told to and forgets
 * the others in a crash, and a state machine that is the hash of all it applied.
 */
export class SimulatedMember implements MemberView {
  readonly id: MemberId;
  raft: Raft | null = null;
  durable: DurableView;
  /** Handed to the disk, in order, not durable yet. */
  writes: Ready[] = [];
  /** Applied commands of this incarnation and those before. */
  appliedIndex: LogIndex = 0;
  /** State hashes by applied index, from the disk's snapshot on. */
  readonly #stateHashes = new Map<LogIndex, number>([[0, 0]]);
  /** States of snapshots that arrived and wait for their Ready. */
  readonly #received = new Map<LogIndex, number>();
  readonly #port: MemberPort;
  readonly #config: Partial<RaftConfig>;
  /** The disk as it was after its last writes, oldest first. */
  #versions: DurableView[] = [];

  constructor(id: MemberId, membership: Membership, config: Partial<RaftConfig>, port: MemberPort) {
    this.id = id;
    this.#port = port;
    this.#config = config;
    this.durable = {
      hardState: { term: 0, vote: 0n, commit: 0 },
      snapshot: { index: 0, term: 0, membership },
      entries: [],
    };
  }

  get stateHash(): number {
    return this.#stateHashes.get(this.appliedIndex)!;
  }

  /** Boots from what is durable. The state machine comes back as of `appliedIndex`, or of its latest state. */
  start(prng: Prng, appliedIndex: LogIndex = this.appliedIndex): void {
    assert(this.raft === null, "already running");
    assert(this.#stateHashes.has(appliedIndex), "no state is kept for that index");
    this.appliedIndex = appliedIndex;
    this.raft = new Raft({
      id: this.id,
      config: this.#config,
      prng,
      restored: { ...this.durable, appliedIndex },
    });
  }

  /** Everything in memory is gone; the first `writesKept` of the unfinished writes reached the disk all the same. */
  crash(writesKept = 0): void {
    for (const ready of this.writes.slice(0, writesKept)) this.#store(ready);
    this.writes = [];
    this.#received.clear();
    this.raft = null;
    this.appliedIndex = Math.max(this.appliedIndex, this.durable.snapshot.index);
  }

  /**
   * The disk rots, and boots as `openLog` of the server has it: term and vote are proven, the log is as some write left it that
   * may be long ago, and the state goes with it unless that log is certain to reach so far.
   * Requires: it is down.
   */
  damage(prng: Prng): void {
    assert(this.raft === null, "a disk is read when its member starts");
    const { hardState, snapshot, entries } = this.durable;
    const last = entries.at(-1) ?? snapshot;
    const isEndKnown = nextChance(prng, 0.5);
    const lostTail = isEndKnown
      ? { term: last.term, index: last.index }
      : { term: hardState.term, index: Number.MAX_SAFE_INTEGER };
    const version = this.#versions[nextBelow(prng, this.#versions.length || 1)];
    const commit = Math.max(version?.hardState.commit ?? 0, version?.snapshot.index ?? 0);
    const kept = [...this.#stateHashes].filter(
      ([index]) => index >= (version?.snapshot.index ?? 0) && index <= commit,
    );
    this.#stateHashes.clear();
    if (version === undefined || kept.length === 0 || nextChance(prng, 0.2)) {
      this.#stateHashes.set(0, 0);
      const beginning = { index: 0, term: 0, membership: snapshot.membership };
      const blank = { ...hardState, commit: 0 };
      this.durable = { hardState: blank, snapshot: beginning, entries: [], lostTail };
    } else {
      for (const [index, hash] of kept) this.#stateHashes.set(index, hash);
      this.durable = { ...version, hardState: { ...hardState, commit }, lostTail };
    }
    this.#versions = [];
    this.appliedIndex = Math.max(...this.#stateHashes.keys());
  }

  step(message: Message, content: SnapshotContent | null = null): void {
    if (this.raft === null) return;
    if (content !== null) this.#received.set(content.mark.index, content.stateHash);
    this.raft.step(message);
  }

  /** The driver's turn: takes what is ready, until nothing is. */
  turn(): void {
    for (;;) {
      const ready = this.raft?.takeReady() ?? null;
      if (ready === null) return;
      const isWrite =
        ready.hardState !== null ||
        ready.entries.length > 0 ||
        ready.snapshot !== null ||
        ready.isRecovered;
      if (isWrite || ready.durableMessages.length > 0) this.writes.push(ready);
      this.#port.onReady(this, ready);
      for (const message of ready.messages) this.#port.onMessage(this, message);
      for (const entry of ready.committed) this.#apply(entry);
      if (ready.committed.length > 0) this.raft?.onApplied(this.appliedIndex);
    }
  }

  /** The oldest write becomes durable. */
  finishWrite(): void {
    const ready = this.writes.shift();
    if (ready === undefined || this.raft === null) return;
    this.#store(ready);
    if (ready.snapshot !== null) this.#install(ready.snapshot);
    this.raft.onDurable(ready.sequence);
    for (const message of ready.durableMessages) this.#port.onMessage(this, message);
  }

  /** Drops log entries up to `index` in memory and on disk; the state as of there is kept. */
  compact(index: LogIndex): void {
    if (this.raft === null || index < this.raft.firstIndex) return;
    const mark = this.raft.snapshotMark(index);
    this.raft.compactLog(index);
    const { snapshot, entries } = this.durable;
    const kept = entries.slice(index - snapshot.index);
    this.durable = { ...this.durable, snapshot: mark, entries: kept };
    for (const known of this.#stateHashes.keys())
      if (known < index) this.#stateHashes.delete(known);
  }

  /** A snapshot of the state now. */
  snapshot(): SnapshotContent {
    assert(this.raft !== null, "a crashed member makes no snapshots");
    return { mark: this.raft.snapshotMark(this.appliedIndex), stateHash: this.stateHash };
  }

  /** The applied indexes that a restart may come back with, lowest first. */
  restorableIndexes(): LogIndex[] {
    const lowest = this.durable.snapshot.index;
    return [...this.#stateHashes.keys()].filter((index) => index >= lowest).sort((a, b) => a - b);
  }

  #apply(entry: Entry): void {
    assert(entry.index === this.appliedIndex + 1, "applied in order, each once");
    const { snapshot, entries } = this.durable;
    const stored = entries[entry.index - snapshot.index - 1];
    assert(stored?.term === entry.term, "applied before it was durable here");
    const hash = chainHash(this.stateHash, entry);
    this.appliedIndex = entry.index;
    this.#stateHashes.set(entry.index, hash);
  }

  #store(ready: Ready): void {
    let { hardState, snapshot, entries, lostTail = null } = this.durable;
    if (ready.snapshot !== null) {
      snapshot = ready.snapshot;
      entries = [];
      this.#stateHashes.set(snapshot.index, this.#received.get(snapshot.index)!);
    }
    if (ready.hardState !== null) hardState = ready.hardState;
    const first = ready.entries[0];
    if (first !== undefined) {
      const kept = first.index - snapshot.index - 1;
      assert(kept >= 0, "entries start above the snapshot");
      assert(kept <= entries.length, "entries leave no gap on disk");
      entries = [...entries.slice(0, kept), ...ready.entries];
    }
    if (ready.isRecovered) lostTail = null;
    this.durable = { hardState, snapshot, entries, lostTail };
    this.#versions = [...this.#versions, this.durable].slice(-VERSIONS_MAX);
  }

  #install(mark: SnapshotMark): void {
    assert(mark.index > this.appliedIndex, "a snapshot moves the state forward");
    this.appliedIndex = mark.index;
  }
}
