import { assert } from "@conclave/base";
import type { LogIndex, MemberId, Term } from "./message.ts";

/** One Ready on its way to the disk. */
interface Write {
  readonly sequence: number;
  readonly term: Term;
  readonly vote: MemberId;
  /** What the log on disk agrees with once this write is done; lowered when a later truncation voids it. */
  lastIndex: LogIndex;
  /** 0 when the write holds no snapshot. */
  readonly snapshotIndex: LogIndex;
}

/**
 * What the disk is known to hold. The log in memory runs ahead of it; a vote, an append ack and the
 * leader's own count wait for it.
 *
 * Reports name a sequence, not an index: entry 5 may be written, overwritten by another entry 5 and written
 * again, and a late report of the first must not pass for the second (bug class H11). So a truncation lowers every write
 * that is under way, and only a later write can raise the mark again.
 */
export class Unstable {
  /** Entries up to here were handed to the disk. */
  handedIndex: LogIndex;
  /** Entries up to here are on disk, as they are in the log now. Never above `handedIndex`. */
  durableIndex: LogIndex;
  #durableTerm: Term;
  #durableVote: MemberId;
  /** Rising by sequence. */
  readonly #writes: Write[] = [];

  constructor(lastIndex: LogIndex, term: Term, vote: MemberId) {
    this.handedIndex = lastIndex;
    this.durableIndex = lastIndex;
    this.#durableTerm = term;
    this.#durableVote = vote;
  }

  get isWriting(): boolean {
    return this.#writes.length > 0;
  }

  /** Whether the disk holds this term and vote: only then may others learn of them (Raft Figure 2, 5.2). */
  holds(term: Term, vote: MemberId): boolean {
    return this.#durableTerm === term && this.#durableVote === vote;
  }

  onTruncate(index: LogIndex): void {
    this.#lower(index - 1);
  }

  /** A snapshot takes the place of the log: nothing on disk stands for it until it is installed. */
  onReplace(snapshotIndex: LogIndex): void {
    this.#lower(0);
    this.handedIndex = snapshotIndex;
  }

  onHandOut(write: {
    readonly sequence: number;
    readonly term: Term;
    readonly vote: MemberId;
    readonly lastIndex: LogIndex;
    readonly snapshotIndex: LogIndex;
  }): void {
    assert(write.lastIndex >= this.handedIndex, "the disk is handed the log in order");
    this.handedIndex = write.lastIndex;
    this.#writes.push({ ...write });
  }

  /** Takes in that everything up to `sequence` is durable. @returns the newest snapshot installed by it, 0 if none. */
  onDurable(sequence: number): LogIndex {
    let snapshotIndex = 0;
    while (this.#writes.length > 0 && this.#writes[0]!.sequence <= sequence) {
      const write = this.#writes.shift()!;
      this.#durableTerm = write.term;
      this.#durableVote = write.vote;
      this.durableIndex = Math.max(this.durableIndex, write.lastIndex);
      snapshotIndex = Math.max(snapshotIndex, write.snapshotIndex);
    }
    assert(this.durableIndex <= this.handedIndex, "durable is what was handed out");
    return snapshotIndex;
  }

  #lower(index: LogIndex): void {
    this.handedIndex = Math.min(this.handedIndex, index);
    this.durableIndex = Math.min(this.durableIndex, index);
    for (const write of this.#writes) write.lastIndex = Math.min(write.lastIndex, index);
  }
}
