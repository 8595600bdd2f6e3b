import type { TlsOptions } from "../../transport/h2.ts";
import type { LeaseToKeep } from "../keep-alive.ts";

/** What a worker connects with. Both parts are copied to its thread. */
export interface WorkerConnection {
  readonly endpoints: readonly string[];
  readonly tls: TlsOptions | undefined;
}

/** What a worker starts with. */
export interface WorkerStart extends WorkerConnection {
  readonly heartbeat: SharedArrayBuffer;
}

/** To the worker. Times are of the shared clock. */
export type WorkerRequest =
  | {
      readonly kind: "keep";
      readonly lease: LeaseToKeep;
      /** See {@link SharedLease}. */
      readonly cells: SharedArrayBuffer;
      readonly stallLimitMs: number;
    }
  | { readonly kind: "renew"; readonly leaseId: bigint }
  | { readonly kind: "drop"; readonly leaseId: bigint };

/** From the worker. What it renewed is in the {@link SharedLease} instead, for messages wait for the event loop. */
export type WorkerReport =
  | { readonly kind: "ready" }
  | { readonly kind: "late"; readonly leaseId: bigint; readonly afterRenewals: number }
  | { readonly kind: "gone"; readonly leaseId: bigint };
