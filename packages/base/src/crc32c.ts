/** The Castagnoli polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;

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
 * 32 bits. Eight bytes at a time: four times as fast as one by one.
 */
export function crc32c(bytes: Uint8Array, before = 0, from = 0, to = bytes.length): number {
  const t = TABLES;
  let crc = ~before;
  let at = from;
  for (; at + SLICES <= to; at += SLICES) {
    const low =
      crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      t[0x700 | (low & 0xff)]! ^
      t[0x600 | ((low >>> 8) & 0xff)]! ^
      t[0x500 | ((low >>> 16) & 0xff)]! ^
      t[0x400 | (low >>> 24)]! ^
      t[0x300 | bytes[at + 4]!]! ^
      t[0x200 | bytes[at + 5]!]! ^
      t[0x100 | bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!;
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
