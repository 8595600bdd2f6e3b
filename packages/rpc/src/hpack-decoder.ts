import { ConnectionFault, ErrorCode } from "./error-code.ts";
import { HeaderField } from "./header-field.ts";
import { huffmanDecode } from "./huffman.ts";
import { latin1 } from "./latin1.ts";
import { DYNAMIC_INDEX_MIN, STATIC_TABLE } from "./static-table.ts";

/** Octets of the dynamic table that the peer may use: the protocol's default, which we never change. */
export const DECODER_TABLE_BYTES_MAX = 4096;

export interface HeaderLimits {
  /** Octets of a header list as RFC 9113 6.5.2 counts them: names, values and 32 for each field. */
  readonly headerListBytesMax: number;
  readonly headerListPairsMax: number;
}

function compressionFault(message: string): ConnectionFault {
  return new ConnectionFault(ErrorCode.COMPRESSION_ERROR, message);
}

/**
 * Decodes header blocks (RFC 7541). Fields of the dynamic table are objects that are shared by all requests naming
 * them, so a block made of indexes costs no string at all.
 */
export class HpackDecoder {
  /** The fields of the block decoded last, in order. Reused: copy what must outlive the next block. */
  readonly fields: HeaderField[] = [];
  /** Whether the block decoded last was over a limit. The table followed it all the same, the list is cut short. */
  overflowed = false;
  /** Grows with every change of the dynamic table: while it stands still, equal bytes mean equal fields. */
  tableGeneration = 0;

  readonly #limits: HeaderLimits;
  /** Oldest first. Invariant: the sizes add up to `#tableBytes`, at most `#tableBytesMax`. */
  readonly #table: HeaderField[] = [];
  #tableBytes = 0;
  #tableBytesMax = DECODER_TABLE_BYTES_MAX;
  #listBytes = 0;
  /** Where the integer or string read last ended. */
  #at = 0;

  constructor(limits: HeaderLimits) {
    this.#limits = limits;
  }

  /** Decodes one whole block into {@link fields}. Throws ConnectionFault COMPRESSION_ERROR (RFC 9113 4.3). */
  decode(block: Uint8Array, start: number, end: number): void {
    this.fields.length = 0;
    this.overflowed = false;
    this.#listBytes = 0;
    this.#at = start;
    let mayResize = true;
    while (this.#at < end) {
      const first = block[this.#at]!;
      if (first >= 0x80) {
        this.#emit(this.#entry(this.#integer(block, end, 7)));
      } else if (first >= 0x40) {
        const field = this.#literal(block, end, 6);
        this.#insert(field);
        this.#emit(field);
      } else if (first >= 0x20) {
        if (!mayResize) throw compressionFault("table size update inside a header block");
        this.#resize(this.#integer(block, end, 5));
        continue;
      } else {
        this.#emit(this.#literal(block, end, 4));
      }
      mayResize = false;
    }
  }

  #emit(field: HeaderField): void {
    this.#listBytes += field.sizeBytes;
    if (
      this.#listBytes > this.#limits.headerListBytesMax ||
      this.fields.length >= this.#limits.headerListPairsMax
    ) {
      this.overflowed = true;
      return;
    }
    this.fields.push(field);
  }

  #entry(index: number): HeaderField {
    if (index > 0 && index < DYNAMIC_INDEX_MIN) return STATIC_TABLE[index - 1]!;
    const field = this.#table[this.#table.length - 1 - (index - DYNAMIC_INDEX_MIN)];
    if (index === 0 || field === undefined) throw compressionFault(`no table entry ${index}`);
    return field;
  }

  #literal(block: Uint8Array, end: number, prefixBits: number): HeaderField {
    const nameIndex = this.#integer(block, end, prefixBits);
    const name = nameIndex === 0 ? this.#string(block, end) : this.#entry(nameIndex).name;
    return new HeaderField(name, this.#string(block, end));
  }

  /** An integer with an N-bit prefix (RFC 7541 5.1), at most 2^28: more can only be an attack. */
  #integer(block: Uint8Array, end: number, prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = block[this.#at]! & mask;
    this.#at += 1;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= end) throw compressionFault("header block ends inside an integer");
      const octet = block[this.#at]!;
      this.#at += 1;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw compressionFault("integer too large");
  }

  #string(block: Uint8Array, end: number): string {
    if (this.#at >= end) throw compressionFault("header block ends before a string");
    const huffman = block[this.#at]! >= 0x80;
    const length = this.#integer(block, end, 7);
    const start = this.#at;
    if (length > end - start) throw compressionFault("string longer than its header block");
    this.#at = start + length;
    if (!huffman) return latin1(block, start, this.#at);
    const text = huffmanDecode(block, start, this.#at);
    if (text === null) throw compressionFault("broken Huffman code");
    return text;
  }

  #insert(field: HeaderField): void {
    this.tableGeneration += 1;
    this.#evict(this.#tableBytesMax - field.sizeBytes);
    // An entry larger than the table empties it and is not kept (RFC 7541 4.4).
    if (field.sizeBytes > this.#tableBytesMax) return;
    this.#table.push(field);
    this.#tableBytes += field.sizeBytes;
  }

  #resize(bytesMax: number): void {
    if (bytesMax > DECODER_TABLE_BYTES_MAX) {
      throw compressionFault(`table size ${bytesMax} above the agreed maximum`);
    }
    this.tableGeneration += 1;
    this.#tableBytesMax = bytesMax;
    this.#evict(bytesMax);
  }

  #evict(untilBytes: number): void {
    while (this.#tableBytes > untilBytes && this.#table.length > 0) {
      this.#tableBytes -= this.#table.shift()!.sizeBytes;
    }
  }
}
