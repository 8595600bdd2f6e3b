import { Lease } from "@conclave/wire";
import { ConclaveError } from "../errors.ts";
import type { Transport } from "../transport/transport.ts";

/**
 * Grants a lease under an id of our own, so that a grant that was answered by silence can be repeated: if the lease exists, it
 * is the one we asked for.
 * @returns its TTL as granted, ms
 */
export async function grantLease(
  transport: Transport,
  leaseId: bigint,
  ttlMs: number,
): Promise<number> {
  try {
    const request = { ID: leaseId, TTL: Math.ceil(ttlMs / 1_000) };
    return (await transport.call(Lease.LeaseGrant, request, "idempotent")).TTL * 1_000;
  } catch (error) {
    if (!(error instanceof ConclaveError) || error.code !== "ALREADY_EXISTS") throw error;
    const found = await transport.call(Lease.LeaseTimeToLive, { ID: leaseId }, "read");
    if (found.TTL > 0) return found.grantedTTL * 1_000;
    throw new ConclaveError("LEASE_NOT_FOUND", "not-applied", "the lease expired while granted", {
      cause: error,
    });
  }
}

/** Ends a lease, if it is there and in reach; else it expires. Never rejects. */
export async function revokeLease(transport: Transport, leaseId: bigint): Promise<void> {
  await transport.call(Lease.LeaseRevoke, { ID: leaseId }, "idempotent").catch(() => {});
}
