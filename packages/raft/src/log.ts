import { assert } from "@conclave/base";
import { MembershipHistory } from "./membership.ts";
import { decodeMembershipEntry } from "./membership-codec.ts";
import type { Entry, LogIndex, Membership, SnapshotMark, Term } from "./message.ts";

/** What an entry costs beyond its data, in memory and in messages. Bytes, roughly. */
const ENTRY_OVERHEAD_BYTES = 32;

export function entryBytes(entry: Entry): number {
  return entry.data.length + ENTRY_OVERHEAD_BYTES;
}

/**
 * The log from its compaction point on, in memory: what a follower may still ask for. It knows nothing of
 * commit or disk (see commit in state.ts, durability in unstable.ts).
 */
export class RaftLog {
  /** Entries `compactedIndex + 1` to `lastIndex`, without a gap. */
  #entries: Entry[];
  #compactedIndex: LogIndex;
  #compactedTerm: Term;
  #memberships: MembershipHistory;

  constructor(base: SnapshotMark, entries: readonly Entry[]) {
    this.#entries = [];
    this.#compactedIndex = base.index;
    this.#compactedTerm = base.term;
    this.#memberships = new MembershipHistory(base.index, base.membership);
    this.append(entries);
  }

  /** The last index that only a snapshot covers; its term is still known. */
  get compactedIndex(): LogIndex {
    return this.#compactedIndex;
  }

  get firstIndex(): LogIndex {
    return this.#compactedIndex + 1;
  }

  get lastIndex(): LogIndex {
    return this.#compactedIndex + this.#entries.length;
  }

  get lastTerm(): Term {
    return this.#entries.at(-1)?.term ?? this.#compactedTerm;
  }

  /** The memberships that the log says, the last one in force (see membership.ts). */
  get memberships(): Pick<MembershipHistory, "current" | "currentIndex" | "previous"> {
    return this.#memberships;
  }

  /** Null when the index is compacted away or not written yet. */
  termAt(index: LogIndex): Term | null {
    if (index === this.#compactedIndex) return this.#compactedTerm;
    return this.#entries[index - this.firstIndex]?.term ?? null;
  }

  matches(index: LogIndex, term: Term): boolean {
    return this.termAt(index) === term;
  }

  /** Raft 5.4.1: a later last term wins; with the same last term the longer log does. */
  isUpToDate(lastIndex: LogIndex, lastTerm: Term): boolean {
    if (lastTerm !== this.lastTerm) return lastTerm > this.lastTerm;
    return lastIndex >= this.lastIndex;
  }

  membershipAt(index: LogIndex): Membership {
    return this.#memberships.at(index);
  }

  /** Requires: the first entry follows the last one here (LogCabin #160: a gap corrupts for ever). */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, "the log has no gaps");
      assert(entry.term >= this.lastTerm, "terms never fall along the log");
      this.#entries.push(entry);
      if (entry.kind === "membership") {
        this.#memberships.push(entry.index, decodeMembershipEntry(entry.data).membership);
      }
    }
  }

  /** Drops the entries at `index` and after it. */
  truncate(index: LogIndex): void {
    assert(index > this.#compactedIndex, "a compacted entry was committed, it cannot conflict");
    assert(index <= this.lastIndex, "nothing to truncate");
    this.#entries.length = index - this.firstIndex;
    this.#memberships.truncate(index);
  }

  /** Drops the entries up to `index`; its term and membership stay known. */
  compact(index: LogIndex): void {
    assert(index >= this.#compactedIndex, "compaction only moves forward");
    const term = this.termAt(index);
    assert(term !== null, "compacted past the log");
    this.#entries.splice(0, index - this.#compactedIndex);
    this.#memberships.compact(index);
    this.#compactedIndex = index;
    this.#compactedTerm = term;
  }

  /** Forgets everything in favour of a snapshot. */
  replace(mark: SnapshotMark): void {
    this.#entries = [];
    this.#compactedIndex = mark.index;
    this.#compactedTerm = mark.term;
    this.#memberships = new MembershipHistory(mark.index, mark.membership);
  }

  at(index: LogIndex): Entry {
    const entry = this.#entries[index - this.firstIndex];
    assert(entry !== undefined, "entry is not in memory");
    return entry;
  }

  /** Entries of `[from, to)`. */
  slice(from: LogIndex, to: LogIndex): Entry[] {
    assert(from >= this.firstIndex, "entries below the compaction point are gone");
    assert(to <= this.lastIndex + 1, "entries past the end are not there");
    return this.#entries.slice(from - this.firstIndex, to - this.firstIndex);
  }

  /** Entries of `[from, to)`, cut before `bytesMax` is exceeded, but at least one if there is one. */
  sliceWithin(from: LogIndex, to: LogIndex, bytesMax: number): Entry[] {
    let end = from;
    let bytes = 0;
    while (end < to) {
      bytes += entryBytes(this.at(end));
      if (bytes > bytesMax && end > from) break;
      end += 1;
    }
    return this.slice(from, end);
  }

  /** Whether the entries at `from` and after it amount to `bytes`; those that are not here any more do. */
  reaches(from: LogIndex, bytes: number): boolean {
    if (from < this.firstIndex) return true;
    let missing = bytes;
    for (let at = from; at <= this.lastIndex && missing > 0; at += 1) {
      missing -= entryBytes(this.at(at));
    }
    return missing <= 0;
  }

  /**
   * Where to look for agreement after a conflict: the last index at or below `index` whose term is not above
   * `term`. Skips a whole term in one exchange (thesis 3.3), on both sides.
   */
  lastIndexAtOrBelow(index: LogIndex, term: Term): LogIndex {
    let at = Math.min(index, this.lastIndex);
    while (at > this.#compactedIndex && this.at(at).term > term) at -= 1;
    return at;
  }
}
