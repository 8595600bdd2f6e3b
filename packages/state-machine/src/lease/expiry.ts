import { assert, Heap } from "@conclave/base";
import type { LeaseObserver } from "./lessor.ts";

interface TimedLease {
  readonly id: bigint;
  readonly ttlMs: number;
  /** When its time is over. */
  dueMs: number;
  /** When it is to be looked at again: `dueMs`, or later for one whose end could not be proposed. */
  wakeMs: number;
  /** Its place in the heap, never after `wakeMs`, or {@link NOT_QUEUED}. */
  queuedMs: number;
  /** Its expiry was proposed: it can no longer be renewed. */
  isExpiring: boolean;
  isRevoked: boolean;
}

const NOT_QUEUED = -1;
/** Revoked leases in the heap before it is built anew. Count, beyond twice the leases. */
const REVOKED_QUEUED_MAX = 1_024;
/** Leases that are moved in the heap at a time, since they were renewed: about 3 ms. Those behind them wait for the next time. Count. */
const MOVED_MAX = 4_096;

/**
 * The time of leases, which only the leader keeps, on its own monotonic clock: `nowMs` is passed in. A lease is never
 * over before its TTL has passed since the last grant, renewal or change of leader (L1).
 */
export class LeaseExpiry implements LeaseObserver {
  readonly #leases = new Map<bigint, TimedLease>();
  #queue = newQueue();
  #isLeader = false;
  #nowMs = 0;

  get isLeader(): boolean {
    return this.#isLeader;
  }

  get count(): number {
    return this.#leases.size;
  }

  /** Leases in the heap, revoked ones included. */
  get queuedCount(): number {
    return this.#queue.size;
  }

  /** Moves time. Grants seen by {@link onLeaseGranted} count from here: call it before entries are applied. */
  advance(nowMs: number): void {
    assert(nowMs >= this.#nowMs, "monotonic time does not go back");
    this.#nowMs = nowMs;
  }

  /** As {@link LeaseObserver}: a lease was granted, on any member. Its time begins now. */
  onLeaseGranted(id: bigint, ttlSeconds: number): void {
    const ttlMs = ttlSeconds * 1000;
    const times = { dueMs: 0, wakeMs: 0, queuedMs: NOT_QUEUED };
    const lease = { id, ttlMs, ...times, isExpiring: false, isRevoked: false };
    this.#leases.set(id, lease);
    if (this.#isLeader) this.#schedule(lease, this.#nowMs + ttlMs);
  }

  onLeaseRevoked(id: bigint): void {
    const lease = this.#leases.get(id);
    if (lease !== undefined) lease.isRevoked = true;
    this.#leases.delete(id);
  }

  /**
   * This member leads now. What its predecessor knew of renewals is lost, so every lease gets its full TTL again and
   * `extendMs` on top, for the time in which nobody could renew (E20).
   */
  promote(nowMs: number, extendMs: number): void {
    this.advance(nowMs);
    this.#isLeader = true;
    this.#queue = newQueue();
    for (const lease of this.#leases.values()) {
      lease.isExpiring = false;
      lease.queuedMs = NOT_QUEUED;
      this.#schedule(lease, nowMs + lease.ttlMs + extendMs);
    }
  }

  /** This member leads no longer: nothing falls due here, and nothing can be renewed. */
  demote(): void {
    this.#isLeader = false;
    this.#queue = newQueue();
  }

  /**
   * Renews a lease for its full TTL. What a new leader added to it stays.
   * @returns the TTL in seconds, or 0 if there is no such lease, or its time is over and its end under way
   */
  renew(id: bigint, nowMs: number): number {
    assert(this.#isLeader, "only the leader renews leases");
    this.advance(nowMs);
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.isExpiring || lease.dueMs <= nowMs) return 0;
    this.#schedule(lease, Math.max(lease.dueMs, nowMs + lease.ttlMs));
    return lease.ttlMs / 1000;
  }

  /** Whether a lease is there whose end is under way: an answer about it waits for its revoke. */
  isExpiring(id: bigint, nowMs: number): boolean {
    const lease = this.#leases.get(id);
    return lease !== undefined && (lease.isExpiring || lease.dueMs <= nowMs);
  }

  /** Milliseconds left, 0 if its time is over; null for an unknown lease. Requires: leader. */
  remainingMs(id: bigint, nowMs: number): number | null {
    assert(this.#isLeader, "only the leader knows what is left of a lease");
    const lease = this.#leases.get(id);
    return lease === undefined ? null : Math.max(0, lease.dueMs - nowMs);
  }

  /**
   * Takes up to `countMax` leases whose time is over, the most overdue first. They count as expiring from now on: propose
   * their end, and call {@link retry} for those whose proposal failed.
   */
  takeDue(nowMs: number, countMax: number): bigint[] {
    this.advance(nowMs);
    const due: bigint[] = [];
    let moves = 0;
    for (;;) {
      const first = this.#queue.peek();
      if (first === undefined || first.queuedMs > nowMs || due.length === countMax) return due;
      if (first.isRevoked) {
        this.#queue.pop();
      } else if (first.wakeMs > first.queuedMs) {
        if (moves === MOVED_MAX) return due;
        moves += 1;
        first.queuedMs = first.wakeMs;
        this.#queue.replaceFirst(first);
      } else {
        this.#queue.pop();
        first.queuedMs = NOT_QUEUED;
        first.isExpiring = true;
        due.push(first.id);
      }
    }
  }

  /** The end of a lease could not be proposed: it falls due again at `dueMs`, and still cannot be renewed. */
  retry(id: bigint, dueMs: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined || !lease.isExpiring || !this.#isLeader) return;
    this.#wakeAt(lease, dueMs);
  }

  #schedule(lease: TimedLease, dueMs: number): void {
    lease.dueMs = dueMs;
    this.#wakeAt(lease, dueMs);
  }

  /** A renewal costs the heap nothing: its lease is moved when it comes to the front. */
  #wakeAt(lease: TimedLease, wakeMs: number): void {
    lease.wakeMs = wakeMs;
    if (lease.queuedMs === NOT_QUEUED) this.#enqueue(lease);
    else assert(wakeMs >= lease.queuedMs, "a lease is not to be looked at before its place");
  }

  #enqueue(lease: TimedLease): void {
    lease.queuedMs = lease.wakeMs;
    this.#queue.push(lease);
    if (this.#queue.size > 2 * this.#leases.size + REVOKED_QUEUED_MAX) this.#rebuild();
  }

  #rebuild(): void {
    this.#queue = newQueue();
    for (const lease of this.#leases.values()) {
      if (lease.queuedMs !== NOT_QUEUED) this.#queue.push(lease);
    }
  }
}

function newQueue(): Heap<TimedLease> {
  return new Heap<TimedLease>((a, b) => a.queuedMs < b.queuedMs);
}
