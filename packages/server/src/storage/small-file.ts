import type { Disk } from "./disk.ts";

/** A small file is read whole; larger is not ours. Bytes. */
const SIZE_BYTES_MAX = 1024 * 1024;

/** @returns null if there is no such file. */
export async function readSmallFile(
  disk: Disk,
  directory: string,
  name: string,
): Promise<string | null> {
  if (!(await disk.list(directory)).includes(name)) return null;
  const file = await disk.open(`${directory}/${name}`, { create: false });
  try {
    return Buffer.from(await file.read(0, SIZE_BYTES_MAX)).toString("utf8");
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
    await file.write(0, [Buffer.from(text, "utf8")]);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, `${directory}/${name}`);
  await disk.syncDirectory(directory);
}
