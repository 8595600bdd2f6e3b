import { nextBelow, type Prng } from "@conclave/base";
import type { LogIndex, LogPosition, Term } from "./message.ts";

/**
 * A member whose disk lost entries that it may have acknowledged, until its log holds them again: what protocol-aware
 * recovery (PAR, CTRL) asks for. The argument is docs/repair.md. In short, of what such a member says
 *
 * - a vote stands for the log as it was: only a candidate that reaches the mark gets one, and there is no candidacy of its own;
 * - an acknowledgement stands for what is here: the leader is told to forget those of before;
 * - a commit index that the leader derives from such a forgotten acknowledgement is not believed.
 *
 * Term and vote are not its affair: they were never lost, or the member would not have been let up to here.
 */
export class Recovery {
  /** Names this boot to leaders. Drawn, so that a message about an earlier loss does not pass for one about this. */
  readonly id: number;
  /** Every entry that this log ever acknowledged lies at or below here. Only ever made smaller. */
  #mark: LogPosition;
  /** What the log was found to share with the leader of `#verifiedTerm`, since this boot. */
  #verifiedTerm: Term = 0;
  #verifiedIndex: LogIndex = 0;

  constructor(mark: LogPosition, prng: Prng) {
    this.#mark = mark;
    this.id = 1 + nextBelow(prng, 2 ** 31) * 2 ** 21 + nextBelow(prng, 2 ** 21);
  }

  get mark(): LogPosition {
    return this.#mark;
  }

  /** Whether a log that ends there holds whatever this one acknowledged (Raft 5.4.1). */
  isCoveredBy(term: Term, index: LogIndex): boolean {
    if (term !== this.#mark.term) return term > this.#mark.term;
    return index >= this.#mark.index;
  }

  verifiedIn(term: Term): LogIndex {
    return this.#verifiedTerm === term ? this.#verifiedIndex : 0;
  }

  verify(term: Term, index: LogIndex): void {
    this.#verifiedIndex = Math.max(this.verifiedIn(term), index);
    this.#verifiedTerm = term;
  }

  /** The leader of the mark's own term knows how far it had sent: nothing of that term was acknowledged beyond it. */
  lower(leaderTerm: Term, lastIndex: LogIndex): void {
    if (leaderTerm !== this.#mark.term) return;
    this.#mark = { term: leaderTerm, index: Math.min(this.#mark.index, lastIndex) };
  }
}
