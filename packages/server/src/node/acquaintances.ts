import type { LogIndex, MemberId, Term } from "@conclave/raft";
import type { Claim } from "../peer/claim.ts";
import type { AcquaintanceFile, KnownBoots } from "../storage/acquaintance-file.ts";
import type { KnownBoot } from "../storage/boot-record.ts";

/** What this member, if it leads, was promised by another in its term. */
export interface HeardPromise {
  readonly term: Term;
  /** Acknowledged, so durable there; 0: nothing was. */
  readonly match: LogIndex;
}

const REMEDY =
  "what it voted and acknowledged may be forgotten, so it may not take part: remove it from the cluster, and add it anew with an empty directory";

/**
 * The memory of who the others are. A member whose directory was lost, or put back from an old copy, does not know what it promised,
 * but its peers have seen it (F14, F15): each start of a directory is one step further than the start before.
 */
export class Acquaintances {
  readonly #file: AcquaintanceFile;
  readonly #promiseOf: (member: MemberId) => HeardPromise | null;
  readonly #known: Map<MemberId, KnownBoot>;
  /** By member: what it had promised when the start of it that is running now spoke for the first time. */
  readonly #before = new Map<
    MemberId,
    { readonly boot: bigint; readonly promise: HeardPromise | null }
  >();
  /** Judged one after another: what is accepted is durable first. */
  #judged: Promise<unknown> = Promise.resolve();

  constructor(
    file: AcquaintanceFile,
    known: KnownBoots,
    promiseOf: (member: MemberId) => HeardPromise | null,
  ) {
    this.#file = file;
    this.#known = new Map(known);
    this.#promiseOf = promiseOf;
  }

  /**
   * A member opens its link. What it promises from now on it promises in this start, as one that others have welcomed: an
   * introduction that was sent before and comes late says nothing against it. Requires: it is a member.
   */
  onLink(member: MemberId, boot: bigint): void {
    if (this.#before.get(member)?.boot === boot) return;
    this.#before.set(member, { boot, promise: this.#promiseOf(member) });
  }

  #promisedBefore(member: MemberId, boot: bigint): HeardPromise | null {
    const now = this.#promiseOf(member);
    const before = this.#before.get(member);
    if (now === null || before?.boot !== boot) return now;
    return before.promise?.term === now.term ? before.promise : null;
  }

  /** @returns null if it may take part, remembered durably then; else why not. Rejects if that cannot be remembered. */
  judge(member: MemberId, claim: Claim): Promise<string | null> {
    const judged = this.#judged.then(() => this.#judge(member, claim));
    this.#judged = judged.catch(() => {});
    return judged;
  }

  async #judge(member: MemberId, claim: Claim): Promise<string | null> {
    const known = this.#known.get(member);
    const refusal = refusalOf(claim, known, this.#promisedBefore(member, claim.nonce));
    if (refusal !== null) return refusal;
    if (known?.nonce === claim.nonce) return null;
    const { directory, boots, nonce } = claim;
    this.#known.set(member, { directory, boots, nonce });
    await this.#file.write(this.#known);
    return null;
  }
}

function refusalOf(
  claim: Claim,
  known: KnownBoot | undefined,
  promise: HeardPromise | null,
): string | null {
  const { log } = claim;
  if (known !== undefined && known.directory !== claim.directory) {
    return `its data directory is not the one that it had, which was lost or replaced; ${REMEDY}`;
  }
  if (known !== undefined && !leadsTo(claim, known)) {
    return `its data directory is an old copy: this is its start ${claim.boots}, and another start ${known.boots} has been seen; ${REMEDY}`;
  }
  if (log === null || promise === null || promise.match === 0) return null;
  const isShort = log.term <= promise.term && log.lastIndex < promise.match;
  if (!isShort && log.term >= promise.term) return null;
  return `its data directory is an old copy: it ends at index ${log.lastIndex} of term ${log.term}, and index ${promise.match} was acknowledged in term ${promise.term}; ${REMEDY}`;
}

/** Whether a start is the one that was seen, or comes after it. What lies further back than a start remembers is believed. */
function leadsTo({ boots, nonce, earlier }: Claim, known: KnownBoot): boolean {
  const back = boots - known.boots;
  if (back < 0) return false;
  return ([nonce, ...earlier][back] ?? known.nonce) === known.nonce;
}
