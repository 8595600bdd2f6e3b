import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import { readSmallFile, writeSmallFile } from "./small-file.ts";

/** Two, so that rot in one of them takes nothing away. */
export const BOOT_NAMES = ["boots-1", "boots-2"] as const;

/**
 * Starts that a record remembers. A member that is refused is started again and again by whoever supervises it: none of these may make an
 * old copy look newer than what it is a copy of. Count.
 */
const STARTS_REMEMBERED = 1_000;

/** A start of a directory, as others know it. */
export interface KnownBoot {
  /** Drawn when the directory was made: one that is made anew is another one. */
  readonly directory: bigint;
  /** Starts of this directory, this one included. Count. */
  readonly boots: number;
  /** Drawn at this start: a copy of the directory can have as many starts, but not this. */
  readonly nonce: bigint;
}

/** Which start of which directory a process is. */
export interface BootRecord extends KnownBoot {
  /** What was drawn at the starts before, the last one first: only one line of starts leads to what peers have seen. */
  readonly earlier: readonly bigint[];
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
  const earlier = before === null ? [] : [before.nonce, ...before.earlier];
  const record: BootRecord = {
    directory,
    boots: (before?.boots ?? 0) + 1,
    nonce: draw(),
    earlier: earlier.slice(0, STARTS_REMEMBERED),
  };
  for (const name of BOOT_NAMES) {
    await writeSmallFile(disk, memberPath, name, `${JSON.stringify(recordFields(record))}\n`);
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
      const record = text === null ? null : recordOf(JSON.parse(text));
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

export function bootFields({ directory, boots, nonce }: KnownBoot): BootFields {
  return { directory: directory.toString(16), boots, nonce: nonce.toString(16) };
}

/** @returns null unless the value has the fields of {@link bootFields} */
export function bootOf(value: unknown): KnownBoot | null {
  if (typeof value !== "object" || value === null) return null;
  const { directory, boots, nonce }: Record<string, unknown> = { ...value };
  if (!isHex(directory) || !isHex(nonce) || !Number.isSafeInteger(boots)) return null;
  return { directory: BigInt(`0x${directory}`), boots: Number(boots), nonce: BigInt(`0x${nonce}`) };
}

/** {@link BootFields} and the starts before. */
export interface RecordFields extends BootFields {
  readonly earlier: readonly string[];
}

export function recordFields(record: BootRecord): RecordFields {
  return { ...bootFields(record), earlier: record.earlier.map((nonce) => nonce.toString(16)) };
}

/** @returns null unless the value has the fields of {@link recordFields} */
export function recordOf(value: unknown): BootRecord | null {
  const boot = bootOf(value);
  if (boot === null) return null;
  const { earlier }: Record<string, unknown> = { ...(value as object) };
  if (!Array.isArray(earlier) || earlier.length > STARTS_REMEMBERED) return null;
  if (!earlier.every(isHex)) return null;
  return { ...boot, earlier: earlier.map((nonce) => BigInt(`0x${nonce}`)) };
}

function isHex(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{1,16}$/.test(value);
}
