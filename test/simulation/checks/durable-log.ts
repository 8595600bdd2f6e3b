import type {
  DurableView,
  Entry,
  HardState,
  LogIndex,
  LogPosition,
  Raft,
  Ready,
  Term,
} from "@conclave/raft";
import { check } from "./violation.ts";

/**
 * What a member was told is durable, over all its lives. After a crash its disk must give back no less (R11, R18): that is
 * where an answer that did not wait for the disk is found out.
 */
export class DurableLog implements DurableView {
  hardState: HardState = { term: 0, vote: 0n, commit: 0 };
  snapshot: DurableView["snapshot"] = {
    index: 0,
    term: 0,
    membership: { voters: [], learners: [] },
  };
  entries: Entry[] = [];
  /** What its disk lost lies at or below here: see DurableView. */
  lostTail: LogPosition | null = null;
  /** The last index that ever was durable here: what may have been acknowledged. */
  lastIndexMax: LogIndex = 0;
  readonly #name: string;
  /** Handed to the disk, in order. Bounded by what the core has under way. */
  #handed: Ready[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  get lastIndex(): LogIndex {
    return this.snapshot.index + this.entries.length;
  }

  /** Null if only a snapshot covers it, or nothing. */
  termAt(index: LogIndex): Term | null {
    return this.entries[index - this.snapshot.index - 1]?.term ?? null;
  }

  /** A new life: the core holds what the disk gave back. Everything that the core does from now on is followed. */
  follow(raft: Raft, lostTail: LogPosition | null): void {
    this.lostTail = lostTail;
    this.#compare(raft);
    this.#handed = [];
    const { log, term, vote, commitIndex } = raft.inner;
    this.hardState = { term, vote, commit: commitIndex };
    const { compactedIndex: index, firstIndex, lastIndex } = log;
    this.snapshot = { index, term: log.termAt(index) ?? 0, membership: log.membershipAt(index) };
    this.entries = log.slice(firstIndex, lastIndex + 1);
    // What was written before the end of the last life and never reported is durable, too, once it is read back.
    this.lastIndexMax = Math.max(this.lastIndexMax, this.lastIndex);
    this.#tap(raft);
  }

  /** R11, R18: nothing that was durable is missing, and the vote is the same. */
  #compare(raft: Raft): void {
    const { term, vote, log } = raft.inner;
    const name = this.#name;
    const { hardState } = this;
    check(term >= hardState.term, () => `R11: ${name} forgot term ${hardState.term}, has ${term}`);
    const isVoteKept = term > hardState.term || hardState.vote === 0n || vote === hardState.vote;
    check(isVoteKept, () => `R11: ${name} forgot its vote of term ${term} for ${hardState.vote}`);
    for (
      let index = Math.max(log.firstIndex, this.snapshot.index + 1);
      index <= this.lastIndex;
      index += 1
    ) {
      const [kept, had] = [log.termAt(index), this.termAt(index)];
      const isOverwritten = kept !== null && this.#isHanded(index, kept);
      // What is damaged is not kept, but the member knows that it may have acknowledged it.
      const isKept = kept === had || isOverwritten || (kept === null && this.#isLost(index, had));
      check(isKept, () => `R18: ${name} lost durable entry ${index} of term ${had}, has ${kept}`);
      if (kept !== had && kept !== null) return;
    }
  }

  /**
   * What a later leader overwrites may have reached the disk without having been reported. Its entry there may be of an older
   * term than the one that it replaces (Raft, Figure 8).
   */
  #isHanded(index: LogIndex, term: Term): boolean {
    return this.#handed.some(({ entries }) =>
      entries.some((entry) => entry.index === index && entry.term === term),
    );
  }

  #isLost(index: LogIndex, term: Term | null): boolean {
    const { lostTail } = this;
    if (lostTail === null || term === null) return false;
    return term < lostTail.term || (term === lostTail.term && index <= lostTail.index);
  }

  #tap(raft: Raft): void {
    const takeReady = raft.takeReady.bind(raft);
    const onDurable = raft.onDurable.bind(raft);
    raft.takeReady = () => {
      const ready = takeReady();
      if (ready !== null) this.#handed.push(ready);
      return ready;
    };
    raft.onDurable = (sequence) => {
      while (this.#handed[0] !== undefined && this.#handed[0].sequence <= sequence) {
        this.#absorb(this.#handed.shift() as Ready);
      }
      onDurable(sequence);
    };
  }

  #absorb({ hardState, entries, snapshot, isRecovered }: Ready): void {
    if (isRecovered) this.lostTail = null;
    if (snapshot !== null) {
      this.snapshot = snapshot;
      this.entries = [];
    }
    if (hardState !== null) this.hardState = hardState;
    const [first] = entries;
    if (first !== undefined) {
      this.entries.length = Math.min(this.entries.length, first.index - this.snapshot.index - 1);
      for (const entry of entries) this.entries.push(entry);
    }
    this.lastIndexMax = Math.max(this.lastIndexMax, this.lastIndex);
  }
}
