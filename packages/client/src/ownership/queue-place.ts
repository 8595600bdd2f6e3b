import { byteStringOf } from "@conclave/base";
import { ConclaveError } from "../errors.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { claimOf, type Place } from "./queue-order.ts";

/**
 * Whether a key below a name stands in its queue. Every contender's key has a lease; one without is what somebody keeps
 * there, such as `order/42/state` beside the lock `order/42`, and would be waited for in vain.
 */
export const isEntry = ({ leaseId }: KeyValue): boolean => leaseId !== 0n;

/** An entry of a queue, as it was read with its value. */
export function placeOf(entry: KeyValue): Place {
  const key = byteStringOf(entry.key);
  return { key, createRevision: entry.createRevision, claim: claimOf(entry.text) };
}

/** The error for a claim that contradicts those before it. */
export function disagreementError(name: string, why: string): ConclaveError {
  return new ConclaveError("FAILED_PRECONDITION", "not-applied", `${JSON.stringify(name)}: ${why}`);
}
