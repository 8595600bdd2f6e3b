import { KEY_TRAILER_BYTES } from "./manifest.ts";
import { TableFile, TableUnreadable, type TableWindow } from "./table-file.ts";

const NO_BYTES = Buffer.alloc(0);
const UNCOMPRESSED = 0;
const DELETION = 0;
const VALUE = 1;

/**
 * The records of a table in order: keys upwards, of each the newest write first (LevelDB's table_format.md, dbformat.h). Reused: what
 * it shows is that of the current record.
 */
export class TableCursor {
  /** The user's key is the first {@link keyLength} bytes; what follows it is LevelDB's. */
  key: Buffer = Buffer.alloc(64);
  keyLength = 0;
  /** Number of the write. */
  sequence = 0;
  isDeletion = false;
  valueStart = 0;
  valueEnd = 0;
  readonly #file: TableFile;
  #window: TableWindow = { bytes: NO_BYTES, blocks: [] };
  #bytes: Buffer = NO_BYTES;
  #nextBlock = 0;
  #at = 0;
  #blockEnd = 0;

  private constructor(file: TableFile) {
    this.#file = file;
  }

  /** At the first record. @throws TableUnreadable */
  static async open(path: string, sizeBytes: number): Promise<TableCursor> {
    const cursor = new TableCursor(await TableFile.open(path, sizeBytes));
    if (await cursor.nextOfNextWindow()) return cursor;
    throw new TableUnreadable(`${path} is empty`);
  }

  /** The bytes that hold the value, until the next step. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Steps to the next record of what was read. @returns false if there is none: {@link nextOfNextWindow} goes on */
  next(): boolean {
    if (this.#at === this.#blockEnd && !this.#enterBlock()) return false;
    const shared = this.#varint();
    const added = this.#varint();
    const valueBytes = this.#varint();
    const from = this.#at;
    const length = shared + added;
    const keyLength = length - KEY_TRAILER_BYTES;
    this.valueStart = from + added;
    this.valueEnd = this.valueStart + valueBytes;
    const isInPlace =
      shared <= this.keyLength + KEY_TRAILER_BYTES &&
      keyLength >= 0 &&
      this.valueEnd <= this.#blockEnd;
    if (!isInPlace) throw new TableUnreadable("a record is not where it should be");
    if (length > this.key.length) this.key = Buffer.concat([this.key], 2 * length);
    const { key } = this;
    const bytes = this.#bytes;
    for (let i = 0; i < added; i += 1) key[shared + i] = bytes[from + i]!;
    this.keyLength = keyLength;
    this.#readTrailer(key, keyLength);
    this.#at = this.valueEnd;
    return true;
  }

  /** Steps to the first record of what comes next. @returns false at the end of the table */
  async nextOfNextWindow(): Promise<boolean> {
    const window = await this.#file.next();
    if (window === null) return false;
    this.#window = window;
    this.#bytes = window.bytes;
    this.#nextBlock = 0;
    return this.next();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #enterBlock(): boolean {
    const { blocks } = this.#window;
    const block = blocks[this.#nextBlock];
    if (block === undefined) return false;
    this.#nextBlock += 1;
    const start = block.offset - (blocks[0]?.offset ?? 0);
    const end = start + block.size;
    const bytes = this.#bytes;
    const restarts = block.size < 4 ? 0 : bytes.readUInt32LE(end - 4);
    this.#at = start;
    this.#blockEnd = end - 4 - 4 * restarts;
    this.keyLength = -KEY_TRAILER_BYTES; // the first record of a block shares nothing
    if (bytes[end] !== UNCOMPRESSED) throw new TableUnreadable("it is compressed");
    if (this.#blockEnd <= start) throw new TableUnreadable("it has an empty block");
    return true;
  }

  /** Eight bytes, little-endian: the kind, and seven of the write's number. */
  #readTrailer(key: Buffer, at: number): void {
    const kind = key[at]!;
    if (kind !== VALUE && kind !== DELETION) throw new TableUnreadable("a record of another kind");
    this.isDeletion = kind === DELETION;
    const low = key[at + 1]! | (key[at + 2]! << 8) | (key[at + 3]! << 16);
    const middle = key[at + 4]! | (key[at + 5]! << 8) | (key[at + 6]! << 16);
    this.sequence = low + middle * 2 ** 24 + key[at + 7]! * 2 ** 48;
  }

  #varint(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at]!;
    this.#at += 1;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      byte = bytes[this.#at]!;
      this.#at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new TableUnreadable("a length is too long");
  }
}
