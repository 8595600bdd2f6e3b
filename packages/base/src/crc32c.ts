/** The Castagnoli polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;
/** Bytes that are taken in at a time. */
const SLICES = 8;
const WORD_BYTES = 4;
/** Elsewhere words are read byte by byte: right, and slower. */
const IS_LITTLE_ENDIAN = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;

/** `TABLES[n * 256 + byte]`: what a byte does to the checksum when n bytes follow it. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
    }
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

/**
 * CRC-32C, which etcd and LevelDB use and Node has not: continues `before` (0 to begin) over `bytes[from, to)`. Unsigned
 * 32 bits. Two words at a time: twice as fast as reading the eight bytes of them, and eight times as one by one.
 */
export function crc32c(bytes: Uint8Array, before = 0, from = 0, to = bytes.length): number {
  const unaligned = -(bytes.byteOffset + from) & (WORD_BYTES - 1);
  const wordsFrom = IS_LITTLE_ENDIAN ? Math.min(from + unaligned, to) : to;
  const wordsTo = to - ((to - wordsFrom) % SLICES);
  let crc = crcOfBytes(~before, bytes, from, wordsFrom);
  if (wordsTo > wordsFrom) {
    const words = (wordsTo - wordsFrom) / WORD_BYTES;
    crc = crcOfWords(crc, new Int32Array(bytes.buffer, bytes.byteOffset + wordsFrom, words));
  }
  return ~crcOfBytes(crc, bytes, wordsTo, to) >>> 0;
}

/** Requires: an even number of words. */
function crcOfWords(before: number, words: Int32Array): number {
  const t = TABLES;
  let crc = before;
  for (let at = 0; at < words.length; at += 2) {
    const low = crc ^ words[at]!;
    const high = words[at + 1]!;
    crc =
      t[0x700 | (low & 0xff)]! ^
      t[0x600 | ((low >>> 8) & 0xff)]! ^
      t[0x500 | ((low >>> 16) & 0xff)]! ^
      t[0x400 | (low >>> 24)]! ^
      t[0x300 | (high & 0xff)]! ^
      t[0x200 | ((high >>> 8) & 0xff)]! ^
      t[0x100 | ((high >>> 16) & 0xff)]! ^
      t[high >>> 24]!;
  }
  return crc;
}

function crcOfBytes(before: number, bytes: Uint8Array, from: number, to: number): number {
  let crc = before;
  for (let at = from; at < to; at += 1) crc = (crc >>> 8) ^ TABLES[(crc ^ bytes[at]!) & 0xff]!;
  return crc;
}
