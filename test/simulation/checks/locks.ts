import type { ReferenceModel } from "../../../packages/state-machine/src/reference-model.ts";
import type { Hold, SdkHold } from "../history.ts";
import { firstInQueue } from "./queue.ts";
import { check } from "./violation.ts";

/**
 * K1: at the revision of the answer, the holder's key is the oldest of its lock. K2, K3: whoever was granted at a later
 * revision has a later key.
 */
export function checkLocks(holds: readonly Hold[], model: ReferenceModel): void {
  let last: { readonly revision: number; readonly fence: number } | null = null;
  for (const { client, key, revision } of [...holds].sort((a, b) => a.revision - b.revision)) {
    const first = firstInQueue(model, "lock/", revision);
    check(
      first?.key === key,
      () => `K1: ${client} holds ${key} at ${revision}, but first is ${first?.key}`,
    );
    const fence = first?.create ?? 0;
    const { revision: lastRevision, fence: lastFence } = last ?? { revision: 0, fence: 0 };
    check(
      fence > lastFence || revision === lastRevision,
      () => `K2: the key of ${client} is of ${fence}, the holder before it had one of ${lastFence}`,
    );
    last = { revision, fence };
  }
}

/**
 * K2 for the SDK's recipes: fences grow from holder to holder, and the key of each fence was there. K6: who holds by its
 * own clock holds alone, as long as no clock drifts.
 */
export function checkSdkHolds(
  holds: readonly SdkHold[],
  model: ReferenceModel,
  areClocksTrue: boolean,
): void {
  const lastByName = new Map<string, SdkHold>();
  for (const hold of holds) {
    const { client, name, fence } = hold;
    const made = model.ledger.some(
      ({ revision, pair }) => revision === fence && pair !== null && pair.create === fence,
    );
    check(made, () => `K2: no key was made at ${fence}, the fence of ${client} for ${name}`);
    const last = lastByName.get(name);
    check(
      last === undefined || fence > last.fence,
      () =>
        `K2: ${name}: the fence of ${client} is ${fence}, before it ${last?.client} had ${last?.fence}`,
    );
    check(
      !areClocksTrue || last === undefined || last.toMs <= hold.fromMs,
      () =>
        `K6: ${name}: ${client} holds from ${hold.fromMs} on, ${last?.client} until ${last?.toMs}`,
    );
    lastByName.set(name, hold);
  }
}
