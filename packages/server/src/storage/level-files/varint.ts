/** Reads what LevelDB writes into its MANIFEST and its tables. Reading past the end throws RangeError. */
export class VarintReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Up to 2^53. */
  number(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 53; factor *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new RangeError("a number is cut short");
      this.#at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number is too long");
  }

  /** Bytes behind their length. */
  text(): Buffer {
    const length = this.number();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("a text is cut short");
    const text = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return text;
  }
}
