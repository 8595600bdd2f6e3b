import { pause } from "../abort.ts";
import { Backoff, type Runtime } from "../runtime.ts";
import type { Session } from "../session/session.ts";

/** Pauses between attempts to delete a key that could not be deleted, ms. */
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;
/** etcd gives up on a request after 5 s and two election timeouts; one that is older will not be applied any more. */
const REQUEST_LIFETIME_MS = 8_000;

/**
 * Queue entries that nobody owns any more: deleted in the background until that succeeds, or until the session is lost
 * and takes them along. A session that is renewed for others would keep such an entry, and everyone behind it,
 * for ever (failure mode 8).
 */
export class Debris {
  readonly #runtime: Runtime;
  readonly #deleteKey: (key: string, signal: AbortSignal) => Promise<unknown>;

  /** `deleteKey` deletes a key if it is there. The nonce in a key makes that safe to repeat. */
  constructor(runtime: Runtime, deleteKey: (key: string, signal: AbortSignal) => Promise<unknown>) {
    this.#runtime = runtime;
    this.#deleteKey = deleteKey;
  }

  /** `again`: a request that creates the key may still be under way, so delete it once more when that is over. */
  add(session: Session, key: string, options: { readonly again: boolean }): void {
    this.#clear(session.signal, key, options.again).catch(() => {
      // The session was lost, and the server drops the key with its lease.
    });
  }

  async #clear(lost: AbortSignal, key: string, again: boolean): Promise<void> {
    await this.#deleteSurely(lost, key);
    if (!again) return;
    await pause(this.#runtime.clock, REQUEST_LIFETIME_MS, lost);
    await this.#deleteSurely(lost, key);
  }

  async #deleteSurely(lost: AbortSignal, key: string): Promise<void> {
    const backoff = new Backoff(this.#runtime.prng, RETRY_MIN_MS, RETRY_MAX_MS);
    for (;;) {
      try {
        await this.#deleteKey(key, lost);
        return;
      } catch {
        await pause(this.#runtime.clock, backoff.nextDelayMs(), lost);
      }
    }
  }
}
