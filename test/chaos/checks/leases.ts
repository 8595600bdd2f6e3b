import { check } from "../../simulation/checks/violation.ts";
import type { LeaseLife } from "../operations.ts";
import type { Ledger } from "./ledger.ts";

/** L1: a key is taken by the end of its lease only after the TTL since the last renewal that was answered. */
export function checkLeases(
  leases: readonly LeaseLife[],
  ledger: Ledger,
  appearedMs: (revision: number) => number,
  fastestClockMs: (fromMs: number, toMs: number) => number = (fromMs, toMs) => toMs - fromMs,
): void {
  const lives = new Map(leases.map((lease) => [lease.key, lease]));
  for (const { key, value, revision } of ledger) {
    const lease = value === null ? lives.get(key) : undefined;
    if (lease === undefined) continue;
    const endedMs = appearedMs(revision);
    if (lease.revokeAskedMs <= endedMs) continue;
    // A leader counts on its own clock, which may be a fast one.
    const livedMs = fastestClockMs(lease.renewedAtMs, endedMs);
    check(
      livedMs >= lease.ttlMs,
      () => `L1: the lease of ${key} ended ${livedMs} ms after its renewal, TTL ${lease.ttlMs} ms`,
    );
  }
}
