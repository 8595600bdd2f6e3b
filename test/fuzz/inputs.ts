import { nextBelow, nextChance, type Prng } from "@conclave/base";

const INPUT_BYTES_MAX_DEFAULT = 4_096;

/** Numbers at the borders of their fields, as they are written at the fewest bytes. */
const INTERESTING = ["00", "01", "7f", "80", "ff", "ffff", "7fffffff", "80000000", "ffffffff"];
const INTERESTING_BYTES = INTERESTING.map((digits) => Buffer.from(digits, "hex"));

/** What inputs are made from. */
export interface Source {
  readonly corpus: readonly Uint8Array[];
  readonly inputBytesMax?: number;
  readonly generate?: (prng: Prng) => Uint8Array;
}

/** An input of the corpus changed in a few places, two of them spliced, or one that was drawn from nothing. */
export function mutated(prng: Prng, source: Source): Uint8Array {
  const { corpus, generate, inputBytesMax = INPUT_BYTES_MAX_DEFAULT } = source;
  if (generate !== undefined && nextChance(prng, 0.4)) return generate(prng);
  if (nextChance(prng, 0.1)) return randomBytes(prng, 64);
  let input = Buffer.from(oneOf(prng, corpus));
  for (let changes = 1 + nextBelow(prng, 4); changes > 0; changes--) {
    input = changed(prng, input, corpus);
  }
  return input.subarray(0, inputBytesMax);
}

function changed(prng: Prng, input: Buffer, corpus: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const at = nextBelow(prng, input.length + 1);
  const end = Math.min(input.length, at + 1 + nextBelow(prng, 8));
  const [head, tail] = [input.subarray(0, at), input.subarray(end)];
  switch (nextBelow(prng, 7)) {
    case 0: {
      const flipped = Buffer.from(input);
      if (at < flipped.length) flipped[at]! ^= 1 << nextBelow(prng, 8);
      return flipped;
    }
    case 1:
      return Buffer.concat([head]);
    case 2:
      return Buffer.concat([head, tail]);
    case 3:
      return Buffer.concat([head, input.subarray(at, end), input.subarray(at)]);
    case 4:
      return Buffer.concat([head, oneOf(prng, INTERESTING_BYTES), tail]);
    case 5:
      return Buffer.concat([head, randomBytes(prng, 8), input.subarray(at)]);
    default: {
      const other = oneOf(prng, corpus);
      return Buffer.concat([head, other.subarray(nextBelow(prng, other.length + 1))]);
    }
  }
}

export function randomBytes(prng: Prng, lengthMax: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(nextBelow(prng, lengthMax + 1));
  for (let at = 0; at < bytes.length; at++) bytes[at] = prng.nextUint32();
  return bytes;
}

/** Fields of any number and type, nested: protobuf that gets past the walk over its structure, mostly. */
export function randomProtobuf(prng: Prng, depth = 0): Buffer<ArrayBuffer> {
  const fields: Uint8Array[] = [];
  for (let count = nextBelow(prng, 5); count > 0; count--) {
    const type = oneOf(prng, [0, 0, 2, 2, 2, 1, 5, 3, 7]);
    fields.push(varint((BigInt(1 + nextBelow(prng, 20)) << 3n) | BigInt(type)));
    if (type === 0) fields.push(varint(randomNumber(prng)));
    if (type === 1) fields.push(randomBytes(prng, 8));
    if (type === 5) fields.push(randomBytes(prng, 4));
    if (type === 2) fields.push(...lengthDelimited(prng, depth));
  }
  return Buffer.concat(fields);
}

function lengthDelimited(prng: Prng, depth: number): Uint8Array[] {
  const isNested = depth < 6 && nextChance(prng, 0.5);
  const body = isNested ? randomProtobuf(prng, depth + 1) : randomBytes(prng, 12);
  const length = nextChance(prng, 0.02) ? randomNumber(prng) : BigInt(body.length);
  return [varint(length), body];
}

function randomNumber(prng: Prng): bigint {
  const bits = BigInt(1 + nextBelow(prng, 64));
  const random = (BigInt(prng.nextUint32()) << 32n) | BigInt(prng.nextUint32());
  return nextChance(prng, 0.3) ? (1n << bits) - 1n : random & ((1n << bits) - 1n);
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return Uint8Array.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

export function oneOf<T>(prng: Prng, choices: readonly T[]): T {
  return choices[nextBelow(prng, choices.length)] as T;
}

export const textInputs = (...texts: readonly string[]): Uint8Array[] =>
  texts.map((text) => Buffer.from(text));

export const textOf = (input: Uint8Array): string => Buffer.from(input).toString("utf8");
