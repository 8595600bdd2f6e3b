import { assert } from "@conclave/base";
import { highHalf, lowHalf, sizeOfVarint, splitInt64, splitUint64, TWO_POW_32 } from "./int64.ts";

const CAPACITY_MIN = 64;
/** Below this a loop beats the fixed price of `TypedArray.set`. Bytes. */
const LOOP_COPY_BYTES_MAX = 24;

const EMPTY = new Uint8Array(0);
const utf8 = new TextEncoder();

/**
 * Writes protobuf's wire format into a growable buffer, after a first walk over the message has found
 * out how long it and each message inside it gets. So lengths are written before what they measure,
 * without temporary buffers, and capacity is checked once for a whole message.
 *
 * The first walk leaves the lengths of inner messages in a ledger, in the order in which the second
 * walk needs them. Generated code does both walks; see `message-codec.ts`.
 */
export class Writer {
  /** What was written is `bytes[0, position)`. Grows by replacement: do not hold on to it. */
  bytes: Uint8Array;
  position = 0;
  private readonly sizes: number[] = [];
  private sizesUsed = 0;
  private nextSizeAt = 0;

  constructor(bytes: Uint8Array = EMPTY) {
    this.bytes = bytes;
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.position = 0;
  }

  /** A view of what was written: valid until the next write or reset. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.position);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.position + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length, CAPACITY_MIN));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
  }

  /** Starts a first walk. */
  clearSizes(): void {
    this.sizesUsed = 0;
    this.nextSizeAt = 0;
  }

  /** First walk: the place of an inner message in the ledger, taken before its own inner messages. */
  openSize(): number {
    const slot = this.sizesUsed;
    this.sizesUsed = slot + 1;
    return slot;
  }

  /** First walk: enters the size of an inner message. Returns what it takes with its length prefix. */
  closeSize(slot: number, size: number): number {
    this.sizes[slot] = size;
    return sizeOfVarint(size, 0) + size;
  }

  /** Second walk: writes the length of the next inner message. */
  nextSize(): void {
    const slot = this.nextSizeAt;
    assert(slot < this.sizesUsed, "the second walk met more inner messages than the first");
    this.nextSizeAt = slot + 1;
    this.varint32(this.sizes[slot]!);
  }

  byte(value: number): void {
    this.bytes[this.position] = value;
    this.position += 1;
  }

  /** An unsigned 32-bit value: a tag, a length, a uint32. */
  varint32(value: number): void {
    const bytes = this.bytes;
    let position = this.position;
    let rest = value;
    while (rest > 0x7f) {
      bytes[position] = (rest & 0x7f) | 0x80;
      position += 1;
      rest >>>= 7;
    }
    bytes[position] = rest;
    this.position = position + 1;
  }

  /** int32 and enums: the sign is extended to 64 bits. */
  int32(value: number): void {
    if (value >= 0) this.varint32(value);
    else this.varint64(value >>> 0, 0xffff_ffff);
  }

  /** A count, signed or not: the size walk has checked its range. */
  int64Number(value: number): void {
    if (value >= 0 && value < TWO_POW_32) this.varint32(value);
    else this.varint64(value >>> 0, Math.floor(value / TWO_POW_32) >>> 0);
  }

  bool(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  int64Bigint(value: bigint): void {
    splitInt64(value);
    this.varint64(lowHalf(), highHalf());
  }

  uint64Bigint(value: bigint): void {
    splitUint64(value);
    this.varint64(lowHalf(), highHalf());
  }

  /** A `bytes` field, or a message that is encoded already: both are a length and the bytes. */
  lengthDelimited(value: Uint8Array): void {
    const length = value.length;
    this.varint32(length);
    const start = this.position;
    if (length <= LOOP_COPY_BYTES_MAX) {
      const bytes = this.bytes;
      for (let at = 0; at < length; at += 1) bytes[start + at] = value[at]!;
    } else {
      this.bytes.set(value, start);
    }
    this.position = start + length;
  }

  string(value: string): void {
    const length = utf8Length(value);
    this.varint32(length);
    const start = this.position;
    if (length === value.length) {
      const bytes = this.bytes;
      for (let at = 0; at < length; at += 1) bytes[start + at] = value.charCodeAt(at);
    } else {
      utf8.encodeInto(value, this.bytes.subarray(start, start + length));
    }
    this.position = start + length;
  }

  private varint64(lowHalf: number, highHalf: number): void {
    let low = lowHalf;
    let high = highHalf;
    const bytes = this.bytes;
    let position = this.position;
    while (high !== 0 || low > 0x7f) {
      bytes[position] = (low & 0x7f) | 0x80;
      position += 1;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    bytes[position] = low;
    this.position = position + 1;
  }
}

/** Length prefix and content. */
export function sizeOfLengthDelimited(length: number): number {
  return sizeOfVarint(length, 0) + length;
}

export function sizeOfString(value: string): number {
  return sizeOfLengthDelimited(utf8Length(value));
}

/** @throws RangeError unless it is an integer of 32 bits. */
export function sizeOfInt32(value: number): number {
  if ((value | 0) !== value) throw new RangeError(`${value} is not an int32`);
  return value < 0 ? 10 : sizeOfVarint(value, 0);
}

/** @throws RangeError unless it is an unsigned integer of 32 bits. */
export function sizeOfUint32(value: number): number {
  if (value >>> 0 !== value) throw new RangeError(`${value} is not a uint32`);
  return sizeOfVarint(value, 0);
}

/** @throws RangeError unless it is a safe integer. */
export function sizeOfInt64Number(value: number): number {
  if (value >>> 0 === value) return sizeOfVarint(value, 0);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
  return value < 0 ? 10 : sizeOfVarint(0, Math.floor(value / TWO_POW_32));
}

/** @throws RangeError unless it is a safe integer from zero on. */
export function sizeOfUint64Number(value: number): number {
  if (value < 0) throw new RangeError(`${value} is negative`);
  return sizeOfInt64Number(value);
}

/** @throws RangeError beyond 64 bits. */
export function sizeOfInt64Bigint(value: bigint): number {
  splitInt64(value);
  return sizeOfVarint(lowHalf(), highHalf());
}

/** @throws RangeError beyond 64 bits. */
export function sizeOfUint64Bigint(value: bigint): number {
  splitUint64(value);
  return sizeOfVarint(lowHalf(), highHalf());
}

/** Bytes of the text as UTF-8; half a surrogate pair counts as U+FFFD, which is what gets written. */
function utf8Length(value: string): number {
  const units = value.length;
  let length = units;
  for (let at = 0; at < units; at += 1) {
    const unit = value.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      length += 1;
      continue;
    }
    length += 2;
    if (unit >= 0xd800 && unit < 0xdc00 && at + 1 < units) {
      const next = value.charCodeAt(at + 1);
      // A pair is two units and four bytes; both units are accounted for here.
      if (next >= 0xdc00 && next < 0xe000) at += 1;
    }
  }
  return length;
}
