import type { Coordination } from "../ownership/coordination.ts";
import { type Barrier, KeyBarrier } from "./barrier.ts";
import { type CyclicBarrier, NamedCyclicBarrier } from "./cyclic-barrier.ts";
import { KeyLatch, type Latch } from "./latch.ts";

/** What {@link Client.barrier} takes to make a {@link CyclicBarrier}. */
export interface BarrierOptions {
  /** How many wait for each other: a whole number from 1 on, the same for all of them. */
  readonly parties: number;
}

/** What {@link Client.latch} takes besides the name. */
export interface LatchOptions {
  /** What to count down from, a whole number from 1 on; who only waits need not know it. */
  readonly count?: number;
}

/** @throws TypeError or RangeError for a wrong argument */
export function openBarrier(
  coordination: Coordination,
  name: string,
  options?: BarrierOptions,
): Barrier | CyclicBarrier {
  if (name === "") throw new TypeError("a barrier needs a name");
  if (options === undefined) return new KeyBarrier(coordination, name);
  return new NamedCyclicBarrier(coordination, name, fromOne(options.parties, "parties"));
}

/** @throws TypeError or RangeError for a wrong argument */
export function openLatch(coordination: Coordination, name: string, options: LatchOptions): Latch {
  if (name === "") throw new TypeError("a latch needs a name");
  const { count } = options;
  const counted = count === undefined ? undefined : fromOne(count, "count");
  return new KeyLatch(coordination, name, counted);
}

function fromOne(value: number, what: string): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`${what}: a whole number from 1 on`);
}
