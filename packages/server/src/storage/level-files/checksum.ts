import { crc32c } from "@conclave/base";

/** The checksum of `bytes[from, to)` as LevelDB stores it: masked, for it is computed over bytes that hold checksums. */
export function maskedCrc32c(bytes: Uint8Array, from: number, to: number): number {
  const crc = crc32c(bytes, 0, from, to);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
