import { type Duration, durationMs } from "../duration.ts";

/**
 * How one endpoint is chosen of several.
 * - `round-robin`: in turn, each as often as its weight says
 * - `random`: at random, by weight
 * - `p2c`: of two at random, the one with less under way and fewer recent failures for its weight
 */
export type Balance = "round-robin" | "random" | "p2c";

/**
 * How {@link Services.use} picks. All of it is optional.
 *
 * @example
 * ```ts
 * const stop = new AbortController();
 * await using catalog = await client.services.use("catalog", {
 *   balance: "round-robin",
 *   prefer: { zone: "a", min: 2 }, // stay in the zone while two there are up
 *   signal: stop.signal,
 * });
 * console.log(catalog.endpoints.length);
 * ```
 */
export interface UseOptions {
  /** Default `"p2c"`. */
  readonly balance?: Balance;
  /**
   * Stay in this zone while it has at least `min` endpoints (default 1) that are up and were not reported; else take all
   * zones.
   */
  readonly prefer?: { readonly zone: string; readonly min?: number };
  /** Wait this long for a first endpoint. Default: do not wait, the view may be empty. */
  readonly wait?: Duration;
  /** Ends the view, as disposing of it does. */
  readonly signal?: AbortSignal;
}

/** Options, checked, in ms. */
export interface BalanceTerms {
  readonly balance: Balance;
  readonly zone: string | null;
  readonly zoneMin: number;
}

const BALANCES: readonly unknown[] = ["round-robin", "random", "p2c"];

/** @throws TypeError, RangeError */
export function balanceTerms({ balance = "p2c", prefer }: UseOptions): BalanceTerms {
  if (!BALANCES.includes(balance)) {
    throw new TypeError('balance: "round-robin", "random" or "p2c"');
  }
  const { zone = null, min: zoneMin = 1 } = prefer ?? {};
  if (zone !== null && typeof zone !== "string") throw new TypeError("prefer.zone: a text");
  if (!(zoneMin >= 1)) throw new RangeError("prefer.min: at least 1");
  return { balance, zone, zoneMin };
}

/** @throws RangeError */
export function waitMsOf({ wait }: UseOptions): number | null {
  return wait === undefined ? null : durationMs(wait, "wait");
}
