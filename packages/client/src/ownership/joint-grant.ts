import type { KeyValue } from "../kv/key-value.ts";
import { type Claim, disagreement, obstacles } from "./queue-order.ts";
import { disagreementError, isEntry, placeOf } from "./queue-place.ts";

/**
 * Whether a claim that others may hold at the same time is granted in each of its queues, by those that stand before it there.
 * @throws ConclaveError FAILED_PRECONDITION: it contradicts them
 */
export function isGrantedJointly(
  names: readonly string[],
  claim: Claim,
  ahead: readonly (readonly KeyValue[])[],
): boolean {
  return ahead.every((each, at) => {
    const places = each
      .filter(isEntry)
      .map(placeOf)
      .sort((a, b) => a.createRevision - b.createRevision);
    const contradiction = disagreement(claim, places);
    if (contradiction !== null) throw disagreementError(names[at]!, contradiction);
    return obstacles(claim, places).length === 0;
  });
}
