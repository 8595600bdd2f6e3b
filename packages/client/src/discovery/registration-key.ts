import { EventType } from "@conclave/wire";
import { ConclaveError } from "../errors.ts";
import { compare } from "../kv/compare.ts";
import { KeyValue } from "../kv/key-value.ts";
import { op } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import type { Subscription } from "../watch/subscription.ts";
import { instanceIdOf } from "./endpoint.ts";

/** How a write went; `revision` is that of the answer, to watch from the next one on. */
export interface PutOutcome {
  /** `foreign`: another registration has the key, and keeps it. */
  readonly holder: "ours" | "foreign";
  readonly revision: number;
}

/**
 * The key of one registration. Every write is guarded by what was last seen there, so that it never replaces another's
 * registration unasked, and one whose answer was lost is settled by reading who has the key now.
 */
export class RegistrationKey {
  readonly key: string;
  readonly #coordination: Coordination;
  readonly #instanceId: string;
  readonly #replaces: boolean;
  /** Mod revision under which the key was last seen to be ours; 0: it is not there. */
  #knownModRevision = 0;
  #mayExist = false;
  #wasUncertain = false;

  /** `replaces`: whoever else has the key has to give way. */
  constructor(coordination: Coordination, key: string, instanceId: string, replaces: boolean) {
    this.#coordination = coordination;
    this.key = key;
    this.#instanceId = instanceId;
    this.#replaces = replaces;
  }

  /** Whether the key may be there, as far as we wrote it. */
  get mayExist(): boolean {
    return this.#mayExist;
  }

  /** Whether a write was answered by silence, and may still be under way. */
  get wasUncertain(): boolean {
    return this.#wasUncertain;
  }

  /** @throws ConclaveError; after an unknown outcome calling it again is safe */
  async put(value: string, leaseId: bigint, signal: AbortSignal): Promise<PutOutcome> {
    this.#mayExist = true;
    for (;;) {
      const { succeeded, revision, results } = await this.#putOver(value, leaseId, signal);
      if (succeeded) {
        this.#knownModRevision = revision;
        return { holder: "ours", revision };
      }
      const [found] = results as [KeyValue | null];
      if (found !== null && !this.#isOurs(found) && !this.#replaces) {
        return { holder: "foreign", revision };
      }
      this.#knownModRevision = found?.modRevision ?? 0;
    }
  }

  /** Deletes the key if it is ours. @throws ConclaveError; calling it again is safe */
  async remove(signal: AbortSignal): Promise<void> {
    if (!this.#mayExist) return;
    for (;;) {
      const found = await this.#coordination.kv.get(this.key, { signal });
      if (found === null || !this.#isOurs(found) || (await this.#delete(found, signal))) break;
    }
    this.#knownModRevision = 0;
    this.#mayExist = this.#wasUncertain;
  }

  /** Calls back once when, after `revision`, the key is deleted or another's, or that can no longer be told. */
  onTaken(revision: number, callback: () => void): Subscription {
    const { hub, namespace } = this.#coordination;
    const subscription = hub.open(
      { ...namespace.rangeOf({ key: this.key }), startRevision: revision + 1 },
      {
        onEvents: (events) => {
          const isTaken = events.some(
            ({ type, kv }) =>
              type === EventType.DELETE ||
              kv === null ||
              !this.#isOurs(new KeyValue(namespace, kv)),
          );
          if (!isTaken) return;
          subscription.close();
          callback();
        },
        onFailed: callback,
      },
    );
    return subscription;
  }

  async #putOver(value: string, leaseId: bigint, signal: AbortSignal) {
    try {
      return await this.#coordination
        .txn()
        .if(compare({ key: this.key }).modRevision.eq(this.#knownModRevision))
        .then(op.put(this.key, value, { leaseId }))
        .else(op.get(this.key))
        .commit({ signal });
    } catch (error) {
      if (error instanceof ConclaveError && error.outcome === "unknown") this.#wasUncertain = true;
      throw error;
    }
  }

  async #delete(found: KeyValue, signal: AbortSignal): Promise<boolean> {
    const { succeeded } = await this.#coordination
      .txn()
      .if(compare({ key: this.key }).modRevision.eq(found.modRevision))
      .then(op.delete(this.key))
      .commit({ signal });
    return succeeded;
  }

  #isOurs(pair: KeyValue): boolean {
    return instanceIdOf(pair) === this.#instanceId;
  }
}
