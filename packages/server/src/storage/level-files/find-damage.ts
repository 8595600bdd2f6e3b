import type { Disk } from "../disk.ts";
import { errorCode } from "../system-error.ts";
import { findLiveFiles, type LevelDamage, readWhole, tableName } from "./live-files.ts";
import { readLogRecords } from "./log-records.ts";
import type { LiveFiles } from "./manifest.ts";
import { findTableDamage } from "./table.ts";

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
  const { live, damage } = await findLiveFiles(disk, directory, names);
  if (live === null) return damage;
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

/** Reads the next table while it checks one. */
async function findInTables(
  disk: Disk,
  directory: string,
  live: LiveFiles,
): Promise<LevelDamage | null> {
  const tables = [...live.tables].map(([number, { sizeBytes }]) => ({
    file: tableName(number),
    sizeBytes,
  }));
  const read = (nth: number): Promise<Buffer> | undefined => {
    const table = tables[nth];
    const reading = table && readTable(disk, directory, table.file);
    reading?.catch(() => {}); // heard where it is awaited, if it still is
    return reading;
  };
  let next = read(0);
  try {
    for (const [nth, { file, sizeBytes }] of tables.entries()) {
      const bytes = (await next) ?? Buffer.alloc(0);
      next = read(nth + 1);
      if (bytes.length !== sizeBytes) return { file, offset: Math.min(bytes.length, sizeBytes) };
      const offset = findTableDamage(bytes);
      if (offset !== null) return { file, offset };
    }
    return null;
  } finally {
    await next?.catch(() => {});
  }
}

async function readTable(disk: Disk, directory: string, file: string): Promise<Buffer> {
  return await readWhole(disk, directory, file).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
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
