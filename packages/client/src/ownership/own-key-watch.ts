import { EventType } from "@conclave/wire";
import type { ConclaveError, LossReason } from "../errors.ts";
import { textOf } from "../kv/keys.ts";
import type { Subscription } from "../watch/subscription.ts";
import type { Coordination } from "./coordination.ts";
import { type QueueEntry, STOLEN } from "./queue-entry.ts";

/**
 * Watches a key that stands for a hold: an administrator may delete it, or revoke the lease under it, and another may
 * take the lead at that very moment (failure mode 25).
 */
export class OwnKeyWatch {
  readonly #coordination: Coordination;
  readonly #entry: QueueEntry;
  readonly #key: string;
  readonly #isTerm: boolean;
  readonly #onLost: (reason: LossReason) => void;
  #subscription: Subscription | null = null;
  #closed = false;

  constructor(
    coordination: Coordination,
    entry: QueueEntry,
    key: string,
    terms: {
      readonly startRevision: number;
      /** Whether its value is its holder's own to use. */
      readonly isTerm: boolean;
      readonly onLost: (reason: LossReason) => void;
    },
  ) {
    this.#coordination = coordination;
    this.#entry = entry;
    this.#key = key;
    this.#isTerm = terms.isTerm;
    this.#onLost = terms.onLost;
    this.#watchFrom(terms.startRevision);
  }

  close(): void {
    this.#closed = true;
    this.#subscription?.close();
  }

  #watchFrom(startRevision: number): void {
    const { hub, namespace } = this.#coordination;
    this.#subscription = hub.open(
      { ...namespace.rangeOf({ key: this.#key }), startRevision },
      {
        onEvents: (events) => {
          for (const event of events) {
            if (event.type === EventType.DELETE) this.#lost("deleted");
            else if (this.#isForeign(event.kv!.lease, event.kv!.value)) this.#lost("stolen");
          }
        },
        onFailed: (error) => this.#onFailed(error),
      },
    );
  }

  /** Whether what was written to the key was not the holder's. A thief may be of the same session. */
  #isForeign(leaseId: bigint, value: Uint8Array): boolean {
    if (leaseId !== this.#entry.leaseId) return true;
    return !this.#isTerm && textOf(value) === STOLEN;
  }

  #lost(reason: LossReason): void {
    if (this.#closed) return;
    this.close();
    this.#onLost(reason);
  }

  #onFailed(error: ConclaveError): void {
    if (this.#closed) return;
    // A store that went back in time may have granted the name to anyone: fail closed (failure mode 13).
    if (error.code === "REVISION_REGRESSED") this.#lost("deleted");
    // The watch was off the stream for so long that what it missed was compacted away: look, and go on from there.
    if (error.code === "COMPACTED") this.#lookAgain().catch(() => {});
    // Any other refusal leaves the hold to the session's deadline, which needs no watch.
  }

  async #lookAgain(): Promise<void> {
    const { items, revision } = await this.#coordination.kv.getAll({ key: this.#key });
    const [own] = items;
    if (own?.createRevision !== this.#entry.createRevision) this.#lost("deleted");
    else if (this.#isForeign(own.leaseId, own.value)) this.#lost("stolen");
    else if (!this.#closed) this.#watchFrom(revision + 1);
  }
}
