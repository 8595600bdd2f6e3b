import { assert, type ByteString } from "@conclave/base";
import type { LeaseAttachments } from "../mvcc/store.ts";
import { encodeCounts, idAt, leaseKey, TABLE } from "../records.ts";
import type { Outcome } from "../refusal.ts";
import { hashOfRecord, type StateDigest } from "../state-digest.ts";
import type { StateStore } from "../state-store.ts";

/** etcd's longest TTL: 285 years. Seconds. */
export const LEASE_TTL_SECONDS_MAX = 9_000_000_000;

/** No lease. */
export const NO_LEASE = 0n;

class Lease {
  readonly id: bigint;
  readonly ttlSeconds: number;
  /** Made with the first key: most leases have one key or none yet. */
  keys: Set<ByteString> | null = null;

  constructor(id: bigint, ttlSeconds: number) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
  }
}

/** Told of leases that come and go, by the one who watches their time. */
export interface LeaseObserver {
  onLeaseGranted(id: bigint, ttlSeconds: number): void;
  onLeaseRevoked(id: bigint): void;
}

/**
 * Which leases exist and which keys hang on them: the replicated part of leases. Time is not here; see `expiry.ts`.
 * A key hangs on one lease at most, and a lease knows exactly the keys that hang on it.
 */
export class Lessor implements LeaseAttachments {
  /** What a shorter TTL is raised to. Seconds. Must be the same on all members. */
  readonly #ttlSecondsMin: number;
  readonly #store: StateStore;
  readonly #digest: StateDigest;
  readonly #leases = new Map<bigint, Lease>();
  readonly #leaseOfKey = new Map<ByteString, Lease>();
  #observer: LeaseObserver | null = null;

  constructor(store: StateStore, ttlSecondsMin: number, digest: StateDigest) {
    this.#store = store;
    this.#digest = digest;
    this.#ttlSecondsMin = ttlSecondsMin;
  }

  /** From now on `observer` is told; first of every lease there is. */
  observe(observer: LeaseObserver | null): void {
    this.#observer = observer;
    if (observer === null) return;
    for (const lease of this.#leases.values()) observer.onLeaseGranted(lease.id, lease.ttlSeconds);
  }

  get count(): number {
    return this.#leases.size;
  }

  has(id: bigint): boolean {
    return this.#leases.has(id);
  }

  /** Seconds granted, or null for an unknown lease. */
  ttlSecondsOf(id: bigint): number | null {
    return this.#leases.get(id)?.ttlSeconds ?? null;
  }

  /** All leases, in the order of their grants. */
  ids(): IterableIterator<bigint> {
    return this.#leases.keys();
  }

  /** Keys that hang on a lease, in byte order. */
  keysOf(id: bigint): readonly ByteString[] {
    const keys = this.#leases.get(id)?.keys;
    return keys ? [...keys].sort() : [];
  }

  leaseOf(key: ByteString): bigint {
    if (this.#leaseOfKey.size === 0) return NO_LEASE;
    return this.#leaseOfKey.get(key)?.id ?? NO_LEASE;
  }

  /** @returns the TTL granted, in seconds: one too short, or not positive, is raised to the least there is */
  grant(id: bigint, ttlSeconds: number): Outcome<number> {
    // The server draws an id before it proposes; a command without one cannot be granted alike everywhere.
    if (id === NO_LEASE) return { ok: false, refusal: "leaseNotFound" };
    if (ttlSeconds > LEASE_TTL_SECONDS_MAX) return { ok: false, refusal: "leaseTtlTooLarge" };
    if (this.#leases.has(id)) return { ok: false, refusal: "leaseExists" };
    const granted = Math.max(ttlSeconds, this.#ttlSecondsMin);
    this.#leases.set(id, new Lease(id, granted));
    this.#store.put(leaseKey(id), encodeCounts(granted));
    this.#digest.add(hashOfLease(id, granted));
    this.#observer?.onLeaseGranted(id, granted);
    return { ok: true, value: granted };
  }

  /** Forgets a lease. Requires: no key hangs on it any more. */
  remove(id: bigint): void {
    const lease = this.#leases.get(id);
    assert(lease !== undefined, "removal of an unknown lease");
    assert((lease.keys?.size ?? 0) === 0, "removal of a lease with keys");
    this.#leases.delete(id);
    this.#store.delete(leaseKey(id));
    this.#digest.remove(hashOfLease(id, lease.ttlSeconds));
    this.#observer?.onLeaseRevoked(id);
  }

  /**
   * A lease that is not there leaves the key without one: so it is while the history of a revoked lease's keys is read
   * at boot. A put is refused before it comes here.
   */
  attach(key: ByteString, id: bigint): void {
    if (id === NO_LEASE && this.#leaseOfKey.size === 0) return;
    const before = this.#leaseOfKey.get(key);
    if (before?.id === id) return;
    if (before !== undefined) {
      before.keys!.delete(key);
      this.#leaseOfKey.delete(key);
    }
    if (id === NO_LEASE) return;
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    lease.keys ??= new Set();
    lease.keys.add(key);
    this.#leaseOfKey.set(key, lease);
  }

  /** Boot: takes in one record of the lease table. */
  load(key: string, ttlSeconds: number): void {
    const id = BigInt.asIntN(64, idAt(key, TABLE.lease.length));
    this.#leases.set(id, new Lease(id, ttlSeconds));
    this.#digest.add(hashOfLease(id, ttlSeconds));
    this.#observer?.onLeaseGranted(id, ttlSeconds);
  }

  clear(): void {
    const observer = this.#observer;
    if (observer !== null) for (const id of this.#leases.keys()) observer.onLeaseRevoked(id);
    this.#leases.clear();
    this.#leaseOfKey.clear();
  }
}

function hashOfLease(id: bigint, ttlSeconds: number): number {
  return hashOfRecord(leaseKey(id), encodeCounts(ttlSeconds));
}
