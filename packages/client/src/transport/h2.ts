import type { ClosableCaller } from "./transport.ts";

export interface TlsOptions {
  readonly ca?: string;
}

export function openChannel(
  _endpoints: readonly string[],
  _tls: TlsOptions | undefined,
): ClosableCaller {
  throw new Error("pending rpc Channel");
}
