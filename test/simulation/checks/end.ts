import { byteStringOf } from "@conclave/base";
import type { StateMachine } from "@conclave/state-machine";
import type { Replay } from "./replay.ts";
import { check } from "./violation.ts";

/** What a lease asks for that has to end before a run does. Seconds. */
const SHORT_TTL_SECONDS = 2;

export function isShort(ttlSeconds: number): boolean {
  return ttlSeconds <= SHORT_TTL_SECONDS;
}

/** M1, M2, L2, L5: what the members have come to is what the model has come to. */
export function checkEnd(machine: StateMachine, { model }: Replay): void {
  const pairs = model.states[model.revision] ?? new Map();
  check(
    machine.revision === model.revision,
    () => `M1: revision ${machine.revision}, not ${model.revision}`,
  );
  check(machine.keyCount === pairs.size, () => `M2: ${machine.keyCount} keys, not ${pairs.size}`);
  check(
    machine.compactRevision === model.compactRevision,
    () => `M5: compacted to ${machine.compactRevision}, not ${model.compactRevision}`,
  );
  check(machine.leaseCount === model.leases.size, () => `L5: ${machine.leaseCount} leases`);
  for (const [id, ttlSeconds] of model.leases) {
    check(!isShort(ttlSeconds), () => `L2: lease ${id} of ${ttlSeconds} s did not end`);
    const keys = machine
      .lease(id)
      ?.keys()
      .map((key) => byteStringOf(key))
      .sort();
    check(
      keys?.join() === model.keysOf(id).join(),
      () => `L5: lease ${id} has keys ${keys}, not ${model.keysOf(id)}`,
    );
  }
}
