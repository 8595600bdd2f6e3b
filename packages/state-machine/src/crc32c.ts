/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), four bytes a step ("slicing by four"). */
const TABLES: readonly Uint32Array[] = makeTables();

function makeTables(): readonly Uint32Array[] {
  const tables = Array.from({ length: 4 }, () => new Uint32Array(256));
  const [first] = tables as [Uint32Array];
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    first[byte] = crc;
  }
  for (let slice = 1; slice < 4; slice += 1) {
    for (let byte = 0; byte < 256; byte += 1) {
      const crc = tables[slice - 1]![byte]!;
      tables[slice]![byte] = (crc >>> 8) ^ first[crc & 0xff]!;
    }
  }
  return tables;
}

/** Continues `crc` (0 to begin) over more bytes. Unsigned 32 bits. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  const [table0, table1, table2, table3] = TABLES as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let value = ~crc;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    value ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    value =
      table3[value & 0xff]! ^
      table2[(value >>> 8) & 0xff]! ^
      table1[(value >>> 16) & 0xff]! ^
      table0[value >>> 24]!;
  }
  for (; at < bytes.length; at += 1) {
    value = (value >>> 8) ^ table0[(value ^ bytes[at]!) & 0xff]!;
  }
  return ~value >>> 0;
}
