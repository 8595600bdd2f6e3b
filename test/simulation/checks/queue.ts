import type {
  ModelPair,
  ReferenceModel,
} from "../../../packages/state-machine/src/reference-model.ts";

/** Who stands first in a queue of the lock or election service at a revision; null: nobody stands there. */
export function firstInQueue(
  model: ReferenceModel,
  prefix: string,
  revision: number,
): ModelPair | null {
  let first: ModelPair | null = null;
  for (const pair of model.states[revision]?.values() ?? []) {
    if (!pair.key.startsWith(prefix)) continue;
    if (first === null || pair.create < first.create) first = pair;
  }
  return first;
}
