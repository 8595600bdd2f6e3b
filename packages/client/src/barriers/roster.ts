import type { BarrierView } from "./barrier-view.ts";
import { type Arrival, nextStep, type Step } from "./rounds.ts";

/** All who arrived at a barrier since its last round, in order, and who of them is gone again, as one party has seen it. */
export class Roster {
  readonly #own: Arrival;
  readonly #arrived = new Map<string, Arrival>();
  readonly #gone = new Set<string>();

  constructor(own: Arrival) {
    this.#own = own;
  }

  get isOwnGone(): boolean {
    return this.#gone.has(this.#own.key);
  }

  /** Those of another number of parties are for another barrier. */
  add(arrival: Arrival | null): void {
    if (arrival?.parties !== this.#own.parties) return;
    if (!this.#arrived.has(arrival.key)) this.#arrived.set(arrival.key, arrival);
  }

  /** Its key is gone, or has to be taken for gone. @returns false if it did not count */
  remove(key: string): boolean {
    if (key !== this.#own.key && !this.#arrived.has(key)) return false;
    this.#gone.add(key);
    return true;
  }

  takeIn({ rounds, arrivals }: BarrierView): void {
    for (const arrival of arrivals) if (arrival.revision > rounds.upTo) this.add(arrival);
    const there = new Set(arrivals.map(({ key }) => key));
    for (const key of [this.#own.key, ...this.#arrived.keys()]) {
      if (!there.has(key)) this.#gone.add(key);
    }
  }

  /** A round has ended. */
  clear(): void {
    this.#arrived.clear();
    this.#gone.clear();
  }

  nextStep(revision: number): Step {
    return nextStep([...this.#arrived.values()], this.#gone, this.#own, revision);
  }
}
