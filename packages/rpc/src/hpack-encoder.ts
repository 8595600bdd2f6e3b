import { ENTRY_OVERHEAD } from "./header-field.ts";
import { huffmanEncode, huffmanLength } from "./huffman.ts";
import { DYNAMIC_INDEX_MIN, STATIC_TABLE } from "./static-table.ts";

/** Octets of dynamic table that we use at most, however much the peer offers. */
export const ENCODER_TABLE_BYTES_MAX = 4096;

/** A passing value longer than this is not worth its place in the table. */
const NAMING_VALUE_BYTES_MAX = 32;

const STATIC_FIELDS = new Map<string, number>();
const STATIC_NAMES = new Map<string, number>();
STATIC_TABLE.forEach(({ name, value }, at) => {
  STATIC_FIELDS.set(`${name}\0${value}`, at + 1);
  if (!STATIC_NAMES.has(name)) STATIC_NAMES.set(name, at + 1);
});

/**
 * Encodes header blocks (RFC 7541). It inserts into the peer's table as long as there is room and never evicts: gRPC
 * repeats a few fields for ever, and so an entry's distance from the newest is all that changes. Blocks must
 * leave in the order they were encoded in.
 */
export class HpackEncoder {
  /** Grows with every change of the table: while it stands still, a block encoded once may be sent again. */
  generation = 0;

  #block = Buffer.allocUnsafe(256);
  #end = 0;
  /** Number of the entry, counted from 0 in order of insertion, of each `name\0value` and of each name. */
  readonly #ordinals = new Map<string, number>();
  readonly #nameOrdinals = new Map<string, number>();
  #inserted = 0;
  #tableBytes = 0;
  #tableBytesMax = ENCODER_TABLE_BYTES_MAX;
  /** A size update owed to the peer at the start of the next block (RFC 7541 4.2). */
  #resized = false;

  /** The peer announced SETTINGS_HEADER_TABLE_SIZE. A change empties the table: it happens once if ever. */
  setTableBytesMax(offered: number): void {
    const bytesMax = Math.min(offered, ENCODER_TABLE_BYTES_MAX);
    if (bytesMax === this.#tableBytesMax) return;
    this.#tableBytesMax = bytesMax;
    this.#resized = true;
    this.generation += 1;
    this.#ordinals.clear();
    this.#nameOrdinals.clear();
    this.#inserted = 0;
    this.#tableBytes = 0;
  }

  begin(): void {
    this.#end = 0;
    if (!this.#resized) return;
    this.#resized = false;
    this.generation += 1;
    this.#reserve(8);
    this.#integer(0x20, 5, 0);
    this.#integer(0x20, 5, this.#tableBytesMax);
  }

  /** A field whose value will come again: indexed if the table has room. */
  field(name: string, value: string): void {
    const key = `${name}\0${value}`;
    const index = STATIC_FIELDS.get(key) ?? this.#dynamicIndex(this.#ordinals.get(key));
    if (index !== undefined) {
      this.#reserve(8);
      this.#integer(0x80, 7, index);
      return;
    }
    const sizeBytes = name.length + value.length + ENTRY_OVERHEAD;
    if (this.#tableBytes + sizeBytes > this.#tableBytesMax) {
      this.#literal(0x00, 4, name, value);
      return;
    }
    this.#literal(0x40, 6, name, value);
    this.#ordinals.set(key, this.#inserted);
    this.#nameOrdinals.set(name, this.#inserted);
    this.#inserted += 1;
    this.#tableBytes += sizeBytes;
    this.generation += 1;
  }

  /**
   * A field whose value differs from call to call: its name is indexed where possible, its value is not. The first
   * short value goes into the table all the same, for the sake of the name.
   */
  passingField(name: string, value: string): void {
    const named = STATIC_NAMES.has(name) || this.#nameOrdinals.has(name);
    if (named || value.length > NAMING_VALUE_BYTES_MAX) this.#literal(0x00, 4, name, value);
    else this.field(name, value);
  }

  /** A field that no intermediary may put into a table either (RFC 7541 7.1.3): passwords and tokens. */
  secretField(name: string, value: string): void {
    this.#literal(0x10, 4, name, value);
  }

  /** A part of a block that was encoded before, with the table as it stands. */
  append(part: Buffer): void {
    this.#reserve(part.length);
    part.copy(this.#block, this.#end);
    this.#end += part.length;
  }

  /** The block since `begin`: a view that the next block overwrites. */
  end(): Buffer {
    return this.#block.subarray(0, this.#end);
  }

  #dynamicIndex(ordinal: number | undefined): number | undefined {
    return ordinal === undefined ? undefined : DYNAMIC_INDEX_MIN + this.#inserted - 1 - ordinal;
  }

  #literal(pattern: number, prefixBits: number, name: string, value: string): void {
    this.#reserve(32 + name.length + value.length);
    const index = STATIC_NAMES.get(name) ?? this.#dynamicIndex(this.#nameOrdinals.get(name)) ?? 0;
    this.#integer(pattern, prefixBits, index);
    if (index === 0) this.#string(name);
    this.#string(value);
  }

  #string(text: string): void {
    const coded = huffmanLength(text);
    if (coded < text.length) {
      this.#integer(0x80, 7, coded);
      this.#end = huffmanEncode(text, this.#block, this.#end);
    } else {
      this.#integer(0x00, 7, text.length);
      this.#end += this.#block.write(text, this.#end, "latin1");
    }
  }

  #integer(pattern: number, prefixBits: number, value: number): void {
    const mask = (1 << prefixBits) - 1;
    if (value < mask) {
      this.#block[this.#end++] = pattern | value;
      return;
    }
    this.#block[this.#end++] = pattern | mask;
    let rest = value - mask;
    while (rest >= 0x80) {
      this.#block[this.#end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#block[this.#end++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#block.length) return;
    const grown = Buffer.allocUnsafe((this.#end + bytes) * 2);
    this.#block.copy(grown, 0, 0, this.#end);
    this.#block = grown;
  }
}
