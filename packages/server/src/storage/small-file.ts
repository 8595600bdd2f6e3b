import { crc32 } from "node:zlib";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";

/** A small file is read whole; larger is not ours. Bytes. */
const SIZE_BYTES_MAX = 1024 * 1024;

/** The last line of a file: the checksum of all before it. */
const CHECKSUM_LINE = /crc32 ([0-9a-f]{8})\n$/;

/**
 * @returns null if there is no such file.
 * @throws DataDirectoryError if it is not what was written
 */
export async function readSmallFile(
  disk: Disk,
  directory: string,
  name: string,
): Promise<string | null> {
  if (!(await disk.list(directory)).includes(name)) return null;
  const file = await disk.open(`${directory}/${name}`, { create: false });
  try {
    const bytes = Buffer.from(await file.read(0, SIZE_BYTES_MAX));
    const text = checkedText(bytes);
    if (text !== null) return text;
    const message = `${directory}/${name} is damaged: its checksum is wrong`;
    throw new DataDirectoryError("DAMAGED", message);
  } finally {
    await file.close();
  }
}

/** Creates or replaces a file in one step: after a crash it has the old content or the new, whole. Durable on return. */
export async function writeSmallFile(
  disk: Disk,
  directory: string,
  name: string,
  text: string,
): Promise<void> {
  const temporary = `${directory}/${name}.tmp`;
  if ((await disk.list(directory)).includes(`${name}.tmp`)) await disk.remove(temporary);
  const file = await disk.open(temporary, { create: true });
  try {
    await file.write(0, [Buffer.from(withChecksum(text), "utf8")]);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, `${directory}/${name}`);
  await disk.syncDirectory(directory);
}

/** A small file's content as it is written. Requires: the text ends with its line. */
export function withChecksum(text: string): string {
  return `${text}crc32 ${crc32(text).toString(16).padStart(8, "0")}\n`;
}

/** @returns the text before the checksum, or null if the file is not exactly what {@link withChecksum} makes of it */
function checkedText(bytes: Buffer): string | null {
  const file = bytes.toString("utf8");
  const text = file.replace(CHECKSUM_LINE, "");
  return bytes.equals(Buffer.from(withChecksum(text))) ? text : null;
}
