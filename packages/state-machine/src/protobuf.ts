/**
 * The few protobuf primitives of the hot paths: puts, stored pairs and watch responses are read and written here by
 * hand, without an object per message. Everything else goes through `@conclave/wire`.
 */
const TWO_32 = 2 ** 32;

/** Bytes of `value` as a varint. Requires: a safe integer, not negative. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Writes a varint and returns the position after it. Requires: a safe integer, not negative. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let position = at;
  let rest = value;
  while (rest >= 0x80000000) {
    target[position] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
    position += 1;
  }
  while (rest >= 0x80) {
    target[position] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    position += 1;
  }
  target[position] = rest;
  return position + 1;
}

/** Bytes of a 64-bit number as a varint; negative ones take ten. */
export function varint64Size(value: bigint): number {
  let size = 1;
  for (let rest = BigInt.asUintN(64, value) >> 7n; rest > 0n; rest >>= 7n) size += 1;
  return size;
}

export function writeVarint64(target: Uint8Array, at: number, value: bigint): number {
  let position = at;
  let rest = BigInt.asUintN(64, value);
  while (rest >= 128n) {
    target[position] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
    position += 1;
  }
  target[position] = Number(rest);
  return position + 1;
}

/** Thrown for bytes that are not a protobuf message. */
export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
}

/**
 * Walks the fields of one message without copying: `next()` steps, then `field` names it and the accessor for its
 * type reads it. Made to be reused.
 */
export class FieldReader {
  /** Number and wire type of the current field, as `number << 3 | wireType`. */
  tag = 0;
  /** Number of the current field. */
  field = 0;
  /** Where the current length-delimited field's content begins and ends in the source. */
  start = 0;
  end = 0;
  /** The current varint field, low and high 32 bits, unsigned. */
  low = 0;
  high = 0;
  #source: Uint8Array = new Uint8Array(0);
  #at = 0;
  #limit = 0;

  reset(source: Uint8Array, start = 0, limit = source.length): void {
    this.#source = source;
    this.#at = start;
    this.#limit = limit;
  }

  /** Steps to the next field. @returns false at the end of the message. @throws MalformedMessage */
  next(): boolean {
    if (this.#at >= this.#limit) return false;
    this.#readVarint();
    const tag = this.low;
    this.tag = tag;
    this.field = tag >>> 3;
    if (this.field === 0 || this.high !== 0) throw new MalformedMessage("no field number");
    switch (tag & 7) {
      case 0:
        this.#readVarint();
        break;
      case 1:
        this.#skip(8);
        break;
      case 2: {
        this.#readVarint();
        const length = this.high === 0 ? this.low : Number.POSITIVE_INFINITY;
        this.start = this.#at;
        this.#skip(length);
        this.end = this.#at;
        break;
      }
      case 5:
        this.#skip(4);
        break;
      default:
        throw new MalformedMessage(`wire type ${tag & 7}`);
    }
    return true;
  }

  /** The current varint as a boolean. */
  flag(): boolean {
    return (this.low | this.high) !== 0;
  }

  /** The current varint as a count. Requires: it was written from a safe integer. */
  count(): number {
    return this.high * TWO_32 + this.low;
  }

  /** The current varint as a signed number; beyond the safe integers, the nearest of them. */
  bound(): number {
    if (this.high === 0) return this.low;
    const value = (this.high | 0) * TWO_32 + this.low;
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
  }

  /** The current varint as a signed 64-bit number. */
  signed64(): bigint {
    if (this.high === 0) return BigInt(this.low);
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low));
  }

  #skip(length: number): void {
    if (length > this.#limit - this.#at) throw new MalformedMessage("field beyond the end");
    this.#at += length;
  }

  #readVarint(): void {
    const source = this.#source;
    const limit = this.#limit;
    let at = this.#at;
    if (at < limit && source[at]! < 0x80) {
      this.low = source[at]!;
      this.high = 0;
      this.#at = at + 1;
      return;
    }
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= limit) throw new MalformedMessage("varint beyond the end");
      const byte = source[at]!;
      at += 1;
      if (shift === 63 && byte > 1) throw new MalformedMessage("varint of more than 64 bits");
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) break;
    }
    this.low = low >>> 0;
    this.high = high >>> 0;
    this.#at = at;
  }
}
