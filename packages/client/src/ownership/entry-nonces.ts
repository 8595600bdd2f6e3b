import type { Prng } from "@conclave/base";
import { drawNonce } from "../runtime.ts";
import type { Session } from "../session/session.ts";

/** Nonces kept for one session. Count. Beyond it they are forgotten. */
export const FREE_NONCES_MAX = 1_024;

/**
 * The nonces of entries that are gone for certain, for the next entries on the same session. A server keeps a deleted key in
 * its index until it is compacted, and etcd goes over all of them whenever somebody asks who is first in the queue: a key
 * of its own for each acquisition would make each slower than the one before.
 *
 * Nothing may be under way that still acts on the old key: no attempt to create or to delete it was answered by silence.
 */
export class EntryNonces {
  readonly #prng: Prng;
  readonly #free = new WeakMap<Session, string[]>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** One that no other entry on this session has. */
  take(session: Session): string {
    return this.#free.get(session)?.pop() ?? drawNonce(this.#prng);
  }

  /** Requires: no key with it is left, or can come about. */
  giveBack(session: Session, nonce: string): void {
    const free = this.#free.get(session);
    if (free === undefined) this.#free.set(session, [nonce]);
    else if (free.length < FREE_NONCES_MAX) free.push(nonce);
  }
}
