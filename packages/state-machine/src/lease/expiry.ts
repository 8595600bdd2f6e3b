import { assert, Heap } from "@conclave/base";
import type { LeaseObserver } from "./lessor.ts";

interface Deadline {
  readonly id: bigint;
  readonly dueMs: number;
  /** Void if the lease has moved on to another generation. */
  readonly generation: number;
}

interface TimedLease {
  readonly ttlMs: number;
  /** When its time is over. */
  dueMs: number;
  /** When it is to be looked at again: `dueMs`, or later for one whose end could not be proposed; null: not at all. */
  wakeMs: number | null;
  /** Of its last deadline: earlier ones in the heap are void, also those of an earlier lease with the same id. */
  generation: number;
  /** Its expiry was proposed: it can no longer be renewed. */
  isExpiring: boolean;
}

/** Void deadlines in the heap before it is built anew. Count, beyond twice the leases. */
const VOID_DEADLINES_MAX = 1_024;

/**
 * The time of leases, which only the leader keeps, on its own monotonic clock: `nowMs` is passed in. A lease is never
 * over before its TTL has passed since the last grant, renewal or change of leader (L1).
 */
export class LeaseExpiry implements LeaseObserver {
  readonly #leases = new Map<bigint, TimedLease>();
  #deadlines = newHeap();
  #isLeader = false;
  #nowMs = 0;
  #generation = 0;

  get isLeader(): boolean {
    return this.#isLeader;
  }

  get count(): number {
    return this.#leases.size;
  }

  /** Moves time. Grants seen by {@link onLeaseGranted} count from here: call it before entries are applied. */
  advance(nowMs: number): void {
    assert(nowMs >= this.#nowMs, "monotonic time does not go back");
    this.#nowMs = nowMs;
  }

  /** As {@link LeaseObserver}: a lease was granted, on any member. Its time begins now. */
  onLeaseGranted(id: bigint, ttlSeconds: number): void {
    const ttlMs = ttlSeconds * 1000;
    const lease = { ttlMs, dueMs: 0, wakeMs: null, generation: 0, isExpiring: false };
    this.#leases.set(id, lease);
    if (this.#isLeader) this.#schedule(id, lease, this.#nowMs + ttlMs);
  }

  onLeaseRevoked(id: bigint): void {
    this.#leases.delete(id);
  }

  /**
   * This member leads now. What its predecessor knew of renewals is lost, so every lease gets its full TTL again and
   * `extendMs` on top, for the time in which nobody could renew (E20).
   */
  promote(nowMs: number, extendMs: number): void {
    this.advance(nowMs);
    this.#isLeader = true;
    this.#deadlines = newHeap();
    for (const [id, lease] of this.#leases) {
      lease.isExpiring = false;
      this.#schedule(id, lease, nowMs + lease.ttlMs + extendMs);
    }
  }

  /** This member leads no longer: nothing falls due here, and nothing can be renewed. */
  demote(): void {
    this.#isLeader = false;
    this.#deadlines = newHeap();
  }

  /**
   * Renews a lease for its full TTL.
   * @returns the TTL in seconds, or 0 if there is no such lease, or its time is over and its end under way
   */
  renew(id: bigint, nowMs: number): number {
    assert(this.#isLeader, "only the leader renews leases");
    this.advance(nowMs);
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.isExpiring || lease.dueMs <= nowMs) return 0;
    this.#schedule(id, lease, nowMs + lease.ttlMs);
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

  /** When the next lease falls due, or null: for the caller's timer. It may turn out to be renewed by then. */
  nextDueMs(): number | null {
    this.#dropVoid();
    return this.#deadlines.peek()?.dueMs ?? null;
  }

  /**
   * Takes up to `countMax` leases whose time is over, the most overdue first. They count as expiring from now on: propose
   * their end, and call {@link retry} for those whose proposal failed.
   */
  takeDue(nowMs: number, countMax: number): bigint[] {
    this.advance(nowMs);
    const due: bigint[] = [];
    while (due.length < countMax) {
      this.#dropVoid();
      const next = this.#deadlines.peek();
      if (next === undefined || next.dueMs > nowMs) break;
      this.#deadlines.pop();
      const lease = this.#leases.get(next.id)!;
      lease.isExpiring = true;
      lease.wakeMs = null;
      due.push(next.id);
    }
    return due;
  }

  /** The end of a lease could not be proposed: it falls due again at `dueMs`, and still cannot be renewed. */
  retry(id: bigint, dueMs: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined || !lease.isExpiring || !this.#isLeader) return;
    this.#wakeAt(id, lease, dueMs);
  }

  #schedule(id: bigint, lease: TimedLease, dueMs: number): void {
    lease.dueMs = dueMs;
    this.#wakeAt(id, lease, dueMs);
  }

  /** A renewal leaves its old deadline in the heap; before these outnumber the leases, the heap is made anew. */
  #wakeAt(id: bigint, lease: TimedLease, wakeMs: number): void {
    this.#generation += 1;
    lease.wakeMs = wakeMs;
    lease.generation = this.#generation;
    this.#deadlines.push({ id, dueMs: wakeMs, generation: lease.generation });
    if (this.#deadlines.size > 2 * this.#leases.size + VOID_DEADLINES_MAX) this.#rebuild();
  }

  #rebuild(): void {
    this.#deadlines = newHeap();
    for (const [id, { wakeMs, generation }] of this.#leases) {
      if (wakeMs !== null) this.#deadlines.push({ id, dueMs: wakeMs, generation });
    }
  }

  #dropVoid(): void {
    for (;;) {
      const next = this.#deadlines.peek();
      if (next === undefined) return;
      const lease = this.#leases.get(next.id);
      if (lease !== undefined && lease.generation === next.generation) return;
      this.#deadlines.pop();
    }
  }
}

function newHeap(): Heap<Deadline> {
  return new Heap<Deadline>((a, b) => a.dueMs < b.dueMs);
}
