/** 64-bit integers as two 32-bit halves, for which V8 needs no allocation. */

export const TWO_POW_32 = 2 ** 32;

const halves = new Uint32Array(2);
const unsigned = new BigUint64Array(halves.buffer);
const signed = new BigInt64Array(halves.buffer);

unsigned[0] = 1n;
/** Which half of a 64-bit slot holds the low bits: depends on the machine's byte order. */
const LOW = halves[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

export function bigintFromHalves(low: number, high: number, isSigned: boolean): bigint {
  halves[LOW] = low;
  halves[HIGH] = high;
  return isSigned ? signed[0]! : unsigned[0]!;
}

/**
 * Splits a bigint; read the result with {@link lowHalf} and {@link highHalf} before the next call.
 * @throws RangeError if the value does not fit.
 */
export function splitInt64(value: bigint): void {
  signed[0] = value;
  if (signed[0] !== value) throw new RangeError(`${value} does not fit an int64`);
}

/** {@link splitInt64} for an unsigned value. */
export function splitUint64(value: bigint): void {
  unsigned[0] = value;
  if (unsigned[0] !== value) throw new RangeError(`${value} does not fit a uint64`);
}

export function lowHalf(): number {
  return halves[LOW]!;
}

export function highHalf(): number {
  return halves[HIGH]!;
}

/** Bytes of a varint: one for each 7 significant bits. Both halves unsigned. */
export function sizeOfVarint(low: number, high: number): number {
  const topBit = high === 0 ? 31 - Math.clz32(low | 1) : 63 - Math.clz32(high);
  return (topBit * 9 + 73) >>> 6;
}
