import type { Disk } from "../disk.ts";
import { errorCode } from "../system-error.ts";
import { readLogRecords } from "./log-records.ts";
import { type LiveFiles, liveFiles } from "./manifest.ts";
import { findTableDamage } from "./table.ts";

/** A place in a database where it is not what was written. */
export interface LevelDamage {
  readonly file: string;
  readonly offset: number;
}

/**
 * Reads every file that a closed database consists of and checks every checksum in it. LevelDB would only do so with
 * `paranoid_checks` and `verify_checksums`, which classic-level does not offer: as it is opened here, it reads a rotten block as it
 * stands, and leaves out, without a word, a stretch of its log that it cannot read. What it writes is in its doc/ folder.
 * @returns the first damage found, or null. What the medium refuses to read rejects.
 */
export async function findLevelDamage(disk: Disk, directory: string): Promise<LevelDamage | null> {
  const names = await namesIn(disk, directory);
  if (!names.includes("CURRENT")) {
    const table = names.find((name) => numberOf(name, "ldb") !== null);
    return table === undefined ? null : { file: "CURRENT", offset: 0 };
  }
  const current = (await readWhole(disk, directory, "CURRENT")).toString("latin1");
  const manifest = /^(MANIFEST-\d{6,})\n$/.exec(current)?.[1];
  if (manifest === undefined || !names.includes(manifest)) return { file: "CURRENT", offset: 0 };
  const { records, damage } = readLogRecords(
    await readWhole(disk, directory, manifest),
    "cut-short",
  );
  if (damage !== null) return { file: manifest, offset: damage.offset };
  let live: LiveFiles;
  try {
    live = liveFiles(records);
  } catch {
    return { file: manifest, offset: 0 };
  }
  return (
    (await findInLogs(disk, directory, names, live)) ?? (await findInTables(disk, directory, live))
  );
}

async function findInLogs(
  disk: Disk,
  directory: string,
  names: readonly string[],
  { logNumber }: LiveFiles,
): Promise<LevelDamage | null> {
  for (const name of names) {
    const number = numberOf(name, "log");
    if (number === null || number < logNumber) continue;
    const { damage } = readLogRecords(await readWhole(disk, directory, name), "garbled");
    if (damage !== null) return { file: name, offset: damage.offset };
  }
  return null;
}

async function findInTables(
  disk: Disk,
  directory: string,
  { tables }: LiveFiles,
): Promise<LevelDamage | null> {
  for (const [number, sizeBytes] of tables) {
    const file = `${String(number).padStart(6, "0")}.ldb`;
    const bytes = await readWhole(disk, directory, file).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return Buffer.alloc(0);
      throw error;
    });
    if (bytes.length !== sizeBytes) return { file, offset: Math.min(bytes.length, sizeBytes) };
    const offset = findTableDamage(bytes);
    if (offset !== null) return { file, offset };
  }
  return null;
}

async function namesIn(disk: Disk, directory: string): Promise<readonly string[]> {
  return await disk.list(directory).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
}

function numberOf(name: string, extension: "ldb" | "log"): number | null {
  const digits = /^(\d{6,})\.(ldb|log)$/.exec(name);
  return digits?.[2] === extension ? Number(digits[1]) : null;
}

async function readWhole(disk: Disk, directory: string, name: string): Promise<Buffer> {
  const file = await disk.open(`${directory}/${name}`, { create: false });
  try {
    return Buffer.from(await file.read(0, await file.size()));
  } finally {
    await file.close();
  }
}
