import { maskedCrc32c } from "./checksum.ts";
import { VarintReader } from "./varint.ts";

/** Type u8 and checksum u32 behind each block. */
const TRAILER_BYTES = 5;
export const FOOTER_BYTES = 48;
const MAGIC = Buffer.from("57fb808b247547db", "hex");

export interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/**
 * Whether every byte of a table (LevelDB's table_format.md) is what was written: blocks with good checksums, without a gap, up to the
 * footer, which is told by its own form.
 * @returns the offset of the first that is not, or null
 */
export function findTableDamage(bytes: Buffer): number | null {
  const footerAt = bytes.length - FOOTER_BYTES;
  if (footerAt < 0) return bytes.length;
  const handles = readFooter(bytes, footerAt);
  if (handles === null) return footerAt;
  const { metaIndex, index } = handles;
  if (endOf(index) !== footerAt || endOf(metaIndex) !== index.offset) return footerAt;
  // The indexes first: they say where the others are.
  for (const block of [index, metaIndex]) if (!isGood(bytes, block)) return block.offset;
  const blocks = [...blocksNamedIn(bytes, index), ...blocksNamedIn(bytes, metaIndex)];
  let at = 0;
  for (const block of blocks) {
    if (block.offset !== at || endOf(block) > metaIndex.offset || !isGood(bytes, block)) return at;
    at = endOf(block);
  }
  return at === metaIndex.offset ? null : at;
}

/** Where the next block begins. */
export function endOf({ offset, size }: BlockHandle): number {
  return offset + size + TRAILER_BYTES;
}

function isGood(bytes: Buffer, { offset, size }: BlockHandle): boolean {
  const end = offset + size + 1;
  return maskedCrc32c(bytes, offset, end) === bytes.readUInt32LE(end);
}

/** @returns null if it is none */
export function readFooter(bytes: Buffer, at: number) {
  const footer = bytes.subarray(at);
  const padded = footer.length - MAGIC.length;
  if (!footer.subarray(padded).equals(MAGIC)) return null;
  const reader = new VarintReader(footer);
  try {
    const metaIndex = { offset: reader.number(), size: reader.number() };
    const index = { offset: reader.number(), size: reader.number() };
    const isPaddedWithZeros = footer.subarray(reader.at, padded).every((byte) => byte === 0);
    return isPaddedWithZeros ? { metaIndex, index } : null;
  } catch {
    return null;
  }
}

/** The handles that are the values of an index block. Its checksum was good. */
export function blocksNamedIn(bytes: Buffer, { offset, size }: BlockHandle): BlockHandle[] {
  const block = bytes.subarray(offset, offset + size);
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 - 4 * restarts;
  const handles: BlockHandle[] = [];
  for (let at = 0; at < end; ) {
    const entry = new VarintReader(block, at);
    entry.number(); // of the key, shared with the one before
    const keyBytes = entry.number();
    const valueBytes = entry.number();
    const value = new VarintReader(block, entry.at + keyBytes);
    handles.push({ offset: value.number(), size: value.number() });
    at = entry.at + keyBytes + valueBytes;
  }
  return handles;
}
