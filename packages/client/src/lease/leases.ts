import { Lease } from "@conclave/wire";
import { type Duration, durationMs } from "../duration.ts";
import type { Namespace } from "../kv/keys.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { drawLeaseId, type Runtime } from "../runtime.ts";
import type { Transport } from "../transport/transport.ts";

/** A lease that was granted. */
export interface GrantedLease {
  /** To be given to puts, and to {@link Leases.revoke}. */
  readonly leaseId: bigint;
  /** As granted, which may be more than was asked for. ms. */
  readonly ttl: number;
}

/** How a lease stands. */
export interface LeaseTime {
  /** Time left, ms, rounded down to seconds by the server. */
  readonly remaining: number;
  /** ms. */
  readonly grantedTtl: number;
  /** Keys on the lease, if asked for. */
  readonly keys: readonly Uint8Array[];
}

/**
 * Bare leases, which nobody renews unless told to. What wants to stay alive is better served by a session.
 *
 * @example
 * ```ts
 * const { leaseId } = await client.leases.grant("10s");
 * await client.kv.put("seen/host-a", "1", { leaseId }); // gone in ten seconds
 * await client.leases.keepAliveOnce(leaseId);
 * console.log((await client.leases.timeToLive(leaseId))?.remaining);
 * await client.leases.revoke(leaseId);
 * ```
 */
export class Leases {
  readonly #transport: Transport;
  readonly #namespace: Namespace;
  readonly #runtime: Runtime;

  /** @internal */
  constructor(transport: Transport, namespace: Namespace, runtime: Runtime) {
    this.#transport = transport;
    this.#namespace = namespace;
    this.#runtime = runtime;
  }

  /**
   * `ttl` is rounded up to whole seconds.
   * @throws ConclaveError ALREADY_EXISTS for a `leaseId` that is taken
   * @example
   * ```ts
   * const { leaseId, ttl } = await client.leases.grant("90s");
   * await client.kv.put("seat/12", "ada", { leaseId });
   * console.log(ttl); // 90000
   *
   * const lease = await client.leases.timeToLive(leaseId, { keys: true });
   * console.log(lease?.grantedTtl, lease?.keys.length); // 90000 1
   * ```
   */
  async grant(
    ttl: Duration,
    options: CallOptions & { readonly leaseId?: bigint } = {},
  ): Promise<GrantedLease> {
    const TTL = Math.ceil(durationMs(ttl, "ttl") / 1_000);
    const ID = options.leaseId ?? drawLeaseId(this.#runtime.prng);
    const granted = await this.#transport.call(
      Lease.LeaseGrant,
      { TTL, ID },
      "once",
      limitsOf(options),
    );
    return { leaseId: granted.ID, ttl: granted.TTL * 1_000 };
  }

  /** Ends a lease and deletes its keys. @throws ConclaveError LEASE_NOT_FOUND */
  async revoke(leaseId: bigint, options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Lease.LeaseRevoke, { ID: leaseId }, "once", limitsOf(options));
  }

  /**
   * Null if there is no such lease.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   */
  async timeToLive(
    leaseId: bigint,
    options: CallOptions & { readonly keys?: boolean } = {},
  ): Promise<LeaseTime | null> {
    const answer = await this.#transport.call(
      Lease.LeaseTimeToLive,
      { ID: leaseId, keys: options.keys },
      "read",
      limitsOf(options),
    );
    if (answer.TTL < 0) return null;
    return {
      remaining: answer.TTL * 1_000,
      grantedTtl: answer.grantedTTL * 1_000,
      keys: answer.keys.map((key) => this.#namespace.strip(key)),
    };
  }

  /** Renews a lease once and returns its full time, ms. @throws ConclaveError LEASE_NOT_FOUND, UNAVAILABLE, TIMEOUT */
  async keepAliveOnce(leaseId: bigint, options: CallOptions = {}): Promise<number> {
    const { renewOnce } = await import("./renew-once.ts");
    return renewOnce(this.#transport, this.#runtime, leaseId, limitsOf(options));
  }

  /**
   * The ids of all leases that the asked member knows.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   * @example
   * ```ts
   * for (const leaseId of await client.leases.list()) {
   *   const lease = await client.leases.timeToLive(leaseId, { keys: true });
   *   if (lease?.keys.length === 0) console.log(`${leaseId.toString(16)}: nothing rests on it`);
   * }
   * ```
   */
  async list(options: CallOptions = {}): Promise<readonly bigint[]> {
    const answer = await this.#transport.call(Lease.LeaseLeases, {}, "read", limitsOf(options));
    return answer.leases.map((lease) => lease.ID);
  }
}
