import { nextBelow } from "@conclave/base";
import type { Runtime } from "../runtime.ts";
import type { Endpoint } from "./endpoint.ts";
import type { BalanceTerms } from "./use-options.ts";

/** A reported endpoint is left alone for this long, ms; twice as long each time, up to the limit. */
const EJECT_MIN_MS = 1_000;
const EJECT_MAX_MS = 30_000;
/** What one outcome weighs in the average of recent failures. */
const FAILURE_EWMA_PART = 0.2;
/** An endpoint that always fails looks to p2c as if it had this many times the calls under way. */
const FAILURE_COST = 10;

/** What this process has seen of one endpoint. */
interface Track {
  inFlight: number;
  /** Recent failures: 0 none, 1 nothing else. */
  failures: number;
  /** Ejections in a row. */
  ejections: number;
  /** Monotonic ms. */
  ejectedUntilMs: number;
  /** Of smooth weighted round-robin: how much it has to its credit. */
  credit: number;
}

/** Chooses among the endpoints of one service. Holds as many tracks as there are endpoints. */
export class Balancer {
  readonly #runtime: Runtime;
  readonly #terms: BalanceTerms;
  readonly #tracks = new Map<string, Track>();
  #endpoints: readonly Endpoint[] = [];

  constructor(runtime: Runtime, terms: BalanceTerms) {
    this.#runtime = runtime;
    this.#terms = terms;
  }

  /** Takes over what there is now. What was seen of those that stay is kept. */
  update(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
    const present = new Set(endpoints.map(({ key }) => key));
    for (const key of this.#tracks.keys()) {
      if (!present.has(key)) this.#tracks.delete(key);
    }
    for (const key of present) {
      if (!this.#tracks.has(key)) this.#tracks.set(key, newTrack());
    }
  }

  /**
   * An endpoint, preferring those that are up and were not reported, in the preferred zone. Null if there is none.
   * @param avoid keys that were tried already; null too if there is no other
   */
  pick(avoid: ReadonlySet<string> = new Set()): Endpoint | null {
    const candidates = this.#candidates(avoid);
    if (candidates.length <= 1) return candidates[0] ?? null;
    switch (this.#terms.balance) {
      case "round-robin":
        return this.#nextInTurn(candidates);
      case "random":
        return this.#atRandom(candidates);
      case "p2c":
        return this.#betterOfTwo(candidates);
    }
  }

  /** Whether there is an endpoint beside those. */
  hasOther(than: ReadonlySet<string>): boolean {
    return this.#endpoints.some(({ key }) => !than.has(key));
  }

  /** A call to it begins. Call what is returned when it is over. */
  begin({ key }: Endpoint): () => void {
    const track = this.#tracks.get(key);
    if (track === undefined) return () => {};
    track.inFlight += 1;
    return () => {
      track.inFlight -= 1;
    };
  }

  onSuccess({ key }: Endpoint): void {
    const track = this.#tracks.get(key);
    if (track === undefined) return;
    track.failures *= 1 - FAILURE_EWMA_PART;
    track.ejections = 0;
    track.ejectedUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** It failed: it is left alone for a while, longer each time until it succeeds. */
  onFailure({ key }: Endpoint): void {
    const track = this.#tracks.get(key);
    if (track === undefined) return;
    track.failures += (1 - track.failures) * FAILURE_EWMA_PART;
    const nowMs = this.#runtime.clock.nowMs();
    // Calls that were under way together fail together: they count as one.
    if (nowMs < track.ejectedUntilMs) return;
    track.ejectedUntilMs = nowMs + Math.min(EJECT_MAX_MS, EJECT_MIN_MS * 2 ** track.ejections);
    track.ejections += 1;
  }

  isEjected({ key }: Endpoint): boolean {
    const track = this.#tracks.get(key);
    return track !== undefined && this.#runtime.clock.nowMs() < track.ejectedUntilMs;
  }

  /** The best that there are. The worse are better than none. */
  #candidates(avoid: ReadonlySet<string>): readonly Endpoint[] {
    const ranked = new Map<number, Endpoint[]>();
    for (const endpoint of this.#endpoints) {
      if (avoid.has(endpoint.key)) continue;
      const rank = this.#rank(endpoint);
      const alike = ranked.get(rank);
      if (alike === undefined) ranked.set(rank, [endpoint]);
      else alike.push(endpoint);
    }
    const best = ranked.get(Math.min(...ranked.keys())) ?? [];
    const { zone, zoneMin } = this.#terms;
    if (zone === null) return best;
    const near = best.filter((endpoint) => endpoint.zone === zone);
    return near.length >= zoneMin ? near : best;
  }

  /** 0 is best. One that drains still works; one that was reported may not; one that calls itself unhealthy does not. */
  #rank(endpoint: Endpoint): number {
    if (endpoint.status === "unhealthy") return 4;
    if (this.isEjected(endpoint)) return 3;
    if (endpoint.status === "draining") return 2;
    return endpoint.weight === 0 ? 1 : 0;
  }

  /** Smooth weighted round-robin: a weight of 5 among ones does not come five times in a row. */
  #nextInTurn(candidates: readonly Endpoint[]): Endpoint {
    let totalWeight = 0;
    let next = candidates[0]!;
    for (const endpoint of candidates) {
      const track = this.#track(endpoint);
      track.credit += weightOf(endpoint);
      totalWeight += weightOf(endpoint);
      if (track.credit > this.#track(next).credit) next = endpoint;
    }
    this.#track(next).credit -= totalWeight;
    return next;
  }

  #atRandom(candidates: readonly Endpoint[]): Endpoint {
    const totalWeight = candidates.reduce((sum, endpoint) => sum + weightOf(endpoint), 0);
    let left = (this.#runtime.prng.nextUint32() / 2 ** 32) * totalWeight;
    for (const endpoint of candidates) {
      left -= weightOf(endpoint);
      if (left < 0) return endpoint;
    }
    return candidates.at(-1)!;
  }

  #betterOfTwo(candidates: readonly Endpoint[]): Endpoint {
    const { prng } = this.#runtime;
    const first = nextBelow(prng, candidates.length);
    const step = 1 + nextBelow(prng, candidates.length - 1);
    const one = candidates[first]!;
    const other = candidates[(first + step) % candidates.length]!;
    return this.#cost(other) < this.#cost(one) ? other : one;
  }

  #cost(endpoint: Endpoint): number {
    const { inFlight, failures } = this.#track(endpoint);
    return ((inFlight + 1) * (1 + FAILURE_COST * failures)) / weightOf(endpoint);
  }

  #track({ key }: Endpoint): Track {
    return this.#tracks.get(key)!;
  }
}

function newTrack(): Track {
  return {
    inFlight: 0,
    failures: 0,
    ejections: 0,
    ejectedUntilMs: Number.NEGATIVE_INFINITY,
    credit: 0,
  };
}

/** Among endpoints that all have weight 0, each counts as 1. */
function weightOf({ weight }: Endpoint): number {
  return weight > 0 ? weight : 1;
}
