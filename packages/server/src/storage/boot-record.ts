import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import { readSmallFile, writeSmallFile } from "./small-file.ts";

/** Two, so that rot in one of them takes nothing away. */
export const BOOT_NAMES = ["boots-1", "boots-2"] as const;

/** Which start of which directory a process is. */
export interface BootRecord {
  /** Drawn when the directory was made: one that is made anew is another one. */
  readonly directory: bigint;
  /** Starts of this directory, this one included. Count. */
  readonly boots: number;
  /** Drawn at this start: a copy of the directory can have as many starts, but not this. */
  readonly nonce: bigint;
}

/**
 * Counts a start, durably, before anything is said to anybody: what peers remember of it (node/acquaintances.ts) is how a directory
 * that was lost, or put back from an old copy, is told from the one that made promises.
 */
export async function recordBoot(
  disk: Disk,
  memberPath: string,
  draw: () => bigint,
): Promise<BootRecord> {
  const before = await newestBoot(disk, memberPath);
  const directory = before?.directory ?? draw();
  const record = { directory, boots: (before?.boots ?? 0) + 1, nonce: draw() };
  for (const name of BOOT_NAMES) {
    await writeSmallFile(disk, memberPath, name, `${JSON.stringify(bootFields(record))}\n`);
  }
  return record;
}

/** @throws DataDirectoryError if there is a file, and none that reads */
async function newestBoot(disk: Disk, memberPath: string): Promise<BootRecord | null> {
  let newest: BootRecord | null = null;
  let damage: unknown = null;
  for (const name of BOOT_NAMES) {
    try {
      const text = await readSmallFile(disk, memberPath, name);
      const record = text === null ? null : bootOf(JSON.parse(text));
      if (record !== null && record.boots > (newest?.boots ?? 0)) newest = record;
    } catch (error) {
      if (!(error instanceof DataDirectoryError)) throw error;
      damage = error;
    }
  }
  if (newest === null && damage !== null) throw damage;
  return newest;
}

/** In the form in which it is stored, and told to peers. */
export interface BootFields {
  readonly directory: string;
  readonly boots: number;
  readonly nonce: string;
}

export function bootFields({ directory, boots, nonce }: BootRecord): BootFields {
  return { directory: directory.toString(16), boots, nonce: nonce.toString(16) };
}

/** @returns null unless the value has the fields of {@link bootFields} */
export function bootOf(value: unknown): BootRecord | null {
  if (typeof value !== "object" || value === null) return null;
  const { directory, boots, nonce }: Record<string, unknown> = { ...value };
  if (!isHex(directory) || !isHex(nonce) || !Number.isSafeInteger(boots)) return null;
  return { directory: BigInt(`0x${directory}`), boots: Number(boots), nonce: BigInt(`0x${nonce}`) };
}

function isHex(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{1,16}$/.test(value);
}
