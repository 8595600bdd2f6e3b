import type { Term } from "@conclave/raft";
import type { Logger } from "../observe/logger.ts";

/** Elections of years: a term that moves by more at once was made up. */
export const TERM_JUMP = 1_000;

/**
 * Looks at how far the term moves at once. Raft follows every higher term, so whoever can speak as a member can use terms up;
 * there are 2^53 of them, and each jump costs the leader its office. It can only be told: to refuse the term would part this
 * member from the others, should they have followed.
 */
export class TermWatch {
  readonly #logger: Logger;
  #term: Term;
  /** Count. */
  jumps = 0;

  constructor(term: Term, logger: Logger) {
    this.#term = term;
    this.#logger = logger;
  }

  onTerm(term: Term): void {
    const before = this.#term;
    this.#term = term;
    if (term - before <= TERM_JUMP) return;
    this.jumps += 1;
    this.#logger.error(
      "the term jumped: somebody who is no member may speak at the peer port; keep it on a network of its own",
      { from: before, to: term },
    );
  }
}
