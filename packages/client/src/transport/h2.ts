import { createChannel, type TlsClientOptions } from "@conclave/rpc";
import type { ClosableCaller } from "./transport.ts";

/** Whom to trust and who to be, for `https:` endpoints. */
export type TlsOptions = TlsClientOptions;

/** gRPC over HTTP/2 on sockets, balanced over the endpoints. */
export function openChannel(
  endpoints: readonly string[],
  tls: TlsOptions | undefined,
): ClosableCaller {
  return createChannel({ endpoints, ...(tls && { tls }) });
}
