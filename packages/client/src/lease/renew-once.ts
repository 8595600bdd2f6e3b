import { Lease, type LeaseKeepAliveResponse } from "@conclave/wire";
import { OperationLimit } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { mayRetry } from "../transport/retry.ts";
import type { CallLimits, Transport } from "../transport/transport.ts";

/** Renews a lease by a stream of its own, and returns its full time, ms. @throws ConclaveError LEASE_NOT_FOUND, UNAVAILABLE, TIMEOUT */
export async function renewOnce(
  transport: Transport,
  { clock }: Runtime,
  leaseId: bigint,
  limits: CallLimits,
): Promise<number> {
  const timeoutMs = limits.timeoutMs ?? transport.timeoutMs;
  using limit = new OperationLimit(clock, "keep-alive", { ...limits, timeoutMs });
  const ttlSeconds = await renew(transport, leaseId, limit.signal, null);
  if (ttlSeconds > 0) return ttlSeconds * 1_000;
  throw new ConclaveError("LEASE_NOT_FOUND", "not-applied", "keep-alive: the lease is gone");
}

/** Where a member will not do it, such as a learner, another one is asked. @returns the TTL in seconds, 0 if the lease is gone */
async function renew(
  transport: Transport,
  leaseId: bigint,
  signal: AbortSignal,
  avoided: string | null,
): Promise<number> {
  let endpoint: string | null = null;
  try {
    return await new Promise<number>((resolve, reject) => {
      const onMessage = ({ TTL }: LeaseKeepAliveResponse): void => {
        stream.cancel();
        resolve(TTL);
      };
      const onEnd = (error: ConclaveError): void => {
        endpoint = stream.endpoint;
        reject(error);
      };
      const handler = { onMessage, onEnd };
      const stream = transport.stream(Lease.LeaseKeepAlive, handler, avoided);
      signal.addEventListener("abort", () => {
        stream.cancel();
        reject(signal.reason);
      });
      stream.send({ ID: leaseId });
    });
  } catch (error) {
    const isOver = signal.aborted || avoided !== null || endpoint === null;
    if (isOver || !mayRetry(error, "idempotent")) throw error;
    return renew(transport, leaseId, signal, endpoint);
  }
}
