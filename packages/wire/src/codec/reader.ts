import { DecodeError, UnsafeIntegerError } from "./decode-error.ts";
import { bigintFromHalves, TWO_POW_32 } from "./int64.ts";

/**
 * Messages inside messages that decoding follows before it gives up, the outermost counted as one.
 * A nested transaction costs two. It bounds the stack an attacker can make us use.
 */
export const NESTING_DEPTH_MAX = 16;

const VARINT_BYTES_MAX = 10;
const FIELD_NUMBER_MAX = 2 ** 29 - 1;
const LENGTH_DELIMITED = 2;
const GROUP_START = 3;
const GROUP_END = 4;

/** Every empty `bytes` field: nothing in it can be written to. */
export const EMPTY_BYTES = new Uint8Array(0);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads protobuf's wire format straight from the caller's bytes.
 *
 * Invariant: `position <= end <= input length`; `end` closes the innermost message being read, so a
 * length is checked against its parent and nothing is allocated for bytes that are not there.
 */
export class Reader {
  position = 0;
  /** End of the message being read. */
  end: number;
  private readonly input: Uint8Array;
  private depthLeft: number;
  /** The two unsigned halves of the varint read last. */
  private low = 0;
  private high = 0;

  constructor(input: Uint8Array, depthMax: number = NESTING_DEPTH_MAX) {
    this.input = input;
    this.end = input.length;
    this.depthLeft = depthMax - 1;
  }

  /** Field number and wire type, as `number << 3 | wireType`, unsigned. */
  tag(): number {
    const position = this.position;
    if (position < this.end) {
      const byte = this.input[position]!;
      if (byte < 0x80) {
        this.position = position + 1;
        return byte;
      }
    }
    this.varint();
    if (this.high !== 0) throw this.error(`field number beyond ${FIELD_NUMBER_MAX}`);
    return this.low;
  }

  /**
   * Enters a message field. Returns the end of the message around it, for {@link leave}.
   * @throws DecodeError if it is longer than what is left, or nested too deeply.
   */
  enter(): number {
    if (this.depthLeft === 0) throw this.error("messages nested too deeply");
    this.depthLeft -= 1;
    return this.enterPacked();
  }

  leave(outerEnd: number): void {
    this.depthLeft += 1;
    this.end = outerEnd;
  }

  /** Like {@link enter}, for the numbers of a packed field. Close with {@link leavePacked}. */
  enterPacked(): number {
    const length = this.length();
    const outerEnd = this.end;
    this.end = this.position + length;
    return outerEnd;
  }

  leavePacked(outerEnd: number): void {
    this.end = outerEnd;
  }

  /** A view of the input, not a copy: valid as long as the caller leaves the input alone. */
  bytes(): Uint8Array {
    const length = this.length();
    if (length === 0) return EMPTY_BYTES;
    const start = this.position;
    this.position = start + length;
    return new Uint8Array(this.input.buffer, this.input.byteOffset + start, length);
  }

  /** @throws DecodeError unless it is UTF-8, as proto3 demands of strings. */
  string(): string {
    const length = this.length();
    const start = this.position;
    const end = start + length;
    this.position = end;
    const input = this.input;
    for (let at = start; at < end; at += 1) {
      if (input[at]! >= 0x80) return this.utf8Slice(start, end);
    }
    return Buffer.prototype.latin1Slice.call(input, start, end);
  }

  bool(): boolean {
    this.varint();
    return (this.low | this.high) !== 0;
  }

  /** int32 and enums: the sender extends the sign to 64 bits, so the upper half is dropped. */
  int32(): number {
    this.varint();
    return this.low | 0;
  }

  uint32(): number {
    this.varint();
    return this.low;
  }

  /** @throws UnsafeIntegerError beyond the safe integers. */
  int64Number(): number {
    this.varint();
    const high = this.high;
    if (high === 0) return this.low;
    return this.safe((high | 0) * TWO_POW_32 + this.low);
  }

  /** Beyond the safe integers, the nearest of them: for what is only compared with counts of ours. */
  int64Bound(): number {
    this.varint();
    const high = this.high;
    if (high === 0) return this.low;
    const value = (high | 0) * TWO_POW_32 + this.low;
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
  }

  /** @throws UnsafeIntegerError beyond the safe integers. */
  uint64Number(): number {
    this.varint();
    const high = this.high;
    if (high === 0) return this.low;
    return this.safe(high * TWO_POW_32 + this.low);
  }

  int64Bigint(): bigint {
    this.varint();
    return bigintFromHalves(this.low, this.high, true);
  }

  uint64Bigint(): bigint {
    this.varint();
    return bigintFromHalves(this.low, this.high, false);
  }

  /**
   * Steps over a field whose tag the message has no case for: one of a newer protocol.
   * @param fieldNumbers the fields of the message: a tag of one of these has a wrong wire type.
   */
  skip(tag: number, fieldNumbers: ReadonlySet<number>): void {
    const fieldNumber = tag >>> 3;
    if (fieldNumber === 0) throw this.error("field number 0");
    if (fieldNumbers.has(fieldNumber)) {
      throw this.error(`field ${fieldNumber} has wire type ${tag & 7}`);
    }
    this.skipValue(tag);
  }

  private skipValue(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.advance(8);
        return;
      case LENGTH_DELIMITED:
        this.advance(this.length());
        return;
      case GROUP_START:
        this.skipGroup(tag >>> 3);
        return;
      case 5:
        this.advance(4);
        return;
      default:
        throw this.error(`wire type ${tag & 7} where a field begins`);
    }
  }

  /** Groups left the language long ago, but an unknown field may still be one. */
  private skipGroup(fieldNumber: number): void {
    if (this.depthLeft === 0) throw this.error("groups nested too deeply");
    this.depthLeft -= 1;
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) === GROUP_END) {
        if (tag >>> 3 !== fieldNumber) throw this.error("a group ends that did not begin");
        break;
      }
      if (tag >>> 3 === 0) throw this.error("field number 0");
      this.skipValue(tag);
    }
    this.depthLeft += 1;
  }

  private advance(count: number): void {
    if (count > this.end - this.position) throw this.error("the input ends inside a field");
    this.position += count;
  }

  /** A length that is known to lie within the message. */
  private length(): number {
    this.varint();
    if (this.high !== 0 || this.low > this.end - this.position) {
      throw this.error("a length reaches past the end of the message");
    }
    return this.low;
  }

  /** Reads a varint into `low` and `high`, both unsigned. */
  private varint(): void {
    const input = this.input;
    const end = this.end;
    let position = this.position;
    let byte = position < end ? input[position]! : this.truncated();
    if (byte < 0x80) {
      this.low = byte;
      this.high = 0;
      this.position = position + 1;
      return;
    }
    const last = position + VARINT_BYTES_MAX - 1;
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7; ; shift += 7) {
      position += 1;
      byte = position < end ? input[position]! : this.truncated();
      const bits = byte & 0x7f;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else {
        high |= bits << (shift - 32);
      }
      if (position === last && byte > 1) throw this.error("a varint is longer than 64 bits");
      if (byte < 0x80) break;
    }
    this.low = low >>> 0;
    this.high = high >>> 0;
    this.position = position + 1;
  }

  private utf8Slice(start: number, end: number): string {
    try {
      return utf8.decode(this.input.subarray(start, end));
    } catch {
      throw this.error("a string is not UTF-8");
    }
  }

  private safe(value: number): number {
    if (Number.isSafeInteger(value)) return value;
    throw new UnsafeIntegerError("a count is not a safe integer", this.position);
  }

  private truncated(): never {
    throw this.error("the input ends inside a field");
  }

  private error(reason: string): DecodeError {
    return new DecodeError(reason, this.position);
  }
}
