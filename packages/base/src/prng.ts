import { assert } from "./assert.ts";

/** A source of randomness, injected wherever something is drawn, so that a seed replays a run. */
export interface Prng {
  /** Uniform in [0, 2^32). */
  nextUint32(): number;
}

/** Uniform in [0, bound). Requires: 0 < bound <= 2^32. The bias is below 2^-20 for bounds up to 2^12. */
export function nextBelow(prng: Prng, bound: number): number {
  assert(bound > 0, "a draw needs at least one outcome");
  return Math.floor((prng.nextUint32() / 2 ** 32) * bound);
}

/** Uniform over all 64-bit values. */
export function nextUint64(prng: Prng): bigint {
  return (BigInt(prng.nextUint32()) << 32n) | BigInt(prng.nextUint32());
}

/** True with the given probability, a number in [0, 1]. */
export function nextChance(prng: Prng, probability: number): boolean {
  return prng.nextUint32() < probability * 2 ** 32;
}

/** The sfc32 generator (Chris Doty-Humphrey, PractRand), seeded by one number. Not for secrets. */
export function seededPrng(seed: number): Prng {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = 0x9e3779b9;
  let counter = 1;
  const nextUint32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let warmUp = 0; warmUp < 12; warmUp += 1) nextUint32();
  return { nextUint32 };
}
