import type { Clock, Timer } from "@conclave/base";

/** How late a deadline may be noticed. ms */
export const DEADLINE_TICK_MS = 8;
const SLOTS = 1024;

/** Something that must be over in time. Linked into a {@link DeadlineWheel}, which owns the three fields below. */
export interface Expiring {
  /** Monotonic ms. */
  deadlineMs: number;
  onDeadline(): void;
  nextExpiring: Expiring | null;
  previousExpiring: Expiring | null;
  /** Slot of the wheel it is in, -1 for none. */
  expirySlot: number;
}

/**
 * Deadlines of many short calls: a timing wheel (Varghese and Lauck, 1987). Adding and removing cost a few stores and
 * no allocation; one timer runs, and only while there is something to wait for.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #slots: (Expiring | null)[] = new Array<Expiring | null>(SLOTS).fill(null);
  #count = 0;
  /** The next tick to look at; all before it were. */
  #tick = 0;
  #timer: Timer | null = null;
  /** The tick that the timer is set for, Infinity without one. */
  #armedTick = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#count;
  }

  add(item: Expiring): void {
    if (this.#count === 0) this.#tick = Math.floor(this.#clock.nowMs() / DEADLINE_TICK_MS);
    const tick = Math.max(this.#tick, Math.ceil(item.deadlineMs / DEADLINE_TICK_MS));
    const slot = tick % SLOTS;
    const head = this.#slots[slot]!;
    item.expirySlot = slot;
    item.previousExpiring = null;
    item.nextExpiring = head;
    if (head !== null) head.previousExpiring = item;
    this.#slots[slot] = item;
    this.#count += 1;
    if (tick < this.#armedTick) this.#arm(Math.min(tick, this.#tick + SLOTS));
  }

  remove(item: Expiring): void {
    if (item.expirySlot < 0) return;
    const { nextExpiring: next, previousExpiring: previous } = item;
    if (previous === null) this.#slots[item.expirySlot] = next;
    else previous.nextExpiring = next;
    if (next !== null) next.previousExpiring = previous;
    item.expirySlot = -1;
    item.nextExpiring = null;
    item.previousExpiring = null;
    this.#count -= 1;
  }

  /**
   * Lets go of the timer if nothing is waited for; else that is found out when it fires, which is cheaper for whoever has
   * more to come. For an owner that ends: the timer may be what keeps the process alive.
   */
  rest(): void {
    if (this.#count > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#armedTick = Number.POSITIVE_INFINITY;
  }

  #arm(tick: number): void {
    this.#timer?.cancel();
    this.#armedTick = tick;
    const delayMs = tick * DEADLINE_TICK_MS - this.#clock.nowMs();
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#timer = null;
      this.#armedTick = Number.POSITIVE_INFINITY;
      this.#advance();
      this.#armForNext();
    });
  }

  /** Sets the timer for the next slot that holds anything, be it due in a later revolution. */
  #armForNext(): void {
    if (this.#count === 0 || this.#timer !== null) return;
    let tick = this.#tick;
    while (this.#slots[tick % SLOTS] === null) tick += 1;
    this.#arm(tick);
  }

  #advance(): void {
    const nowMs = this.#clock.nowMs();
    const current = Math.floor(nowMs / DEADLINE_TICK_MS);
    // After a long stop every slot is looked at once, not once for each revolution missed.
    const from = Math.max(this.#tick, current - SLOTS + 1);
    const due: Expiring[] = [];
    for (let tick = from; tick <= current; tick += 1) {
      for (let item = this.#slots[tick % SLOTS] ?? null; item !== null; item = item.nextExpiring) {
        if (item.deadlineMs <= nowMs) due.push(item);
      }
    }
    this.#tick = current + 1;
    for (const item of due) {
      // One deadline may end other calls, whose records may be in use again by now.
      if (item.expirySlot < 0 || item.deadlineMs > nowMs) continue;
      this.remove(item);
      item.onDeadline();
    }
  }
}
