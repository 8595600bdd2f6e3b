import type { LeaseLife } from "../history.ts";
import type { LeaseEnd } from "./replay.ts";
import { check } from "./violation.ts";

/** When an entry of the log was applied first, by any member, and the most that passed on any clock since. Virtual ms. */
export interface LeaseTimes {
  appliedMs(index: number): number;
  longestMs(fromMs: number, toMs: number): number;
}

/**
 * L1: no lease ends by itself before its TTL has passed since the last renewal that was answered. L4: whoever asks after a
 * lease's end is not told that it lives.
 */
export function checkLeases(
  leases: readonly LeaseLife[],
  ends: ReadonlyMap<bigint, LeaseEnd>,
  times: LeaseTimes,
): void {
  for (const lease of leases) {
    const end = ends.get(lease.id);
    if (end === undefined) continue;
    const endedMs = times.appliedMs(end.index);
    if (end.isExpired) checkExpiry(lease, endedMs, times);
    for (const { invokedMs, ttlSeconds } of lease.renewals) {
      check(
        ttlSeconds <= 0 || invokedMs <= endedMs,
        () => `L4: lease ${lease.id} ended at ${endedMs}, a renewal of ${invokedMs} was granted`,
      );
    }
  }
}

function checkExpiry(
  { id, renewedAtMs, ttlMs }: LeaseLife,
  endedMs: number,
  times: LeaseTimes,
): void {
  // A leader counts on its own clock, which may be a fast one.
  const livedMs = times.longestMs(renewedAtMs, endedMs);
  check(
    livedMs >= ttlMs,
    () =>
      `L1: lease ${id} expired ${livedMs} ms after its renewal at ${renewedAtMs}, TTL ${ttlMs} ms`,
  );
}
