import { createChannel, type TlsClientOptions } from "@conclave/rpc";
import type { ClosableCaller } from "./transport.ts";

/** Whom to trust and who to be, for `https:` endpoints. */
export type TlsOptions = TlsClientOptions;

/**
 * A member that went silent is given up after ten seconds, so that a watch on it moves on and its silence is not taken for
 * peace. etcd turns away clients that ping more often than every five seconds.
 */
export const LIMITS = { keepaliveTimeMs: 7_000, keepaliveTimeoutMs: 3_000 } as const;

/**
 * Opens the connections of a client: what {@link ConnectOptions.transport} is. Nothing is dialled before the first call.
 * @throws TypeError for something that is not an endpoint
 */
export type OpenTransport = (
  endpoints: readonly string[],
  tls: TlsOptions | undefined,
) => ClosableCaller;

/** gRPC over HTTP/2 on sockets, balanced over the endpoints. */
export function openChannel(
  endpoints: readonly string[],
  tls: TlsOptions | undefined,
): ClosableCaller {
  return createChannel({ endpoints, limits: LIMITS, ...(tls && { tls }) });
}
