import type { Prng } from "@conclave/base";

export interface BackoffOptions {
  /** Wait after the first failure. ms */
  readonly initialMs: number;
  /** Longest wait, before jitter. ms */
  readonly maxMs: number;
  /** Growth from failure to failure. */
  readonly factor: number;
  /** Part of a wait that is drawn at random, to either side: 0.2 is plus or minus 20 %. */
  readonly jitter: number;
}

export const CONNECT_BACKOFF: BackoffOptions = {
  initialMs: 100,
  maxMs: 5_000,
  factor: 1.6,
  jitter: 0.2,
};

/** The wait after the given number of failures in a row, 1 being the first (gRPC's connection backoff). ms */
export function backoffMs(options: BackoffOptions, failures: number, prng: Prng): number {
  const waitMs = Math.min(options.initialMs * options.factor ** (failures - 1), options.maxMs);
  const drawn = (prng.nextUint32() / 2 ** 32) * 2 - 1;
  return waitMs * (1 + options.jitter * drawn);
}
