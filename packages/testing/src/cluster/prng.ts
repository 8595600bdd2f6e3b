import { type Prng, seededPrng } from "@conclave/base";

/** A source of its own for each part, so that one more draw in one part does not change all the others. */
export function forkPrng(prng: Prng): Prng {
  return seededPrng(prng.nextUint32());
}
