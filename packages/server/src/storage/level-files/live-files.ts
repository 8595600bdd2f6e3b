import type { Disk } from "../disk.ts";
import { readLogRecords } from "./log-records.ts";
import { type LiveFiles, liveFiles } from "./manifest.ts";

/** A place in a database where it is not what was written. */
export interface LevelDamage {
  readonly file: string;
  readonly offset: number;
}

export type LiveFilesFound =
  | { readonly live: LiveFiles; readonly damage: null }
  | { readonly live: null; readonly damage: LevelDamage };

/** What a database consists of, which has a CURRENT. What the medium refuses to read rejects. */
export async function findLiveFiles(
  disk: Disk,
  directory: string,
  names: readonly string[],
): Promise<LiveFilesFound> {
  const current = (await readWhole(disk, directory, "CURRENT")).toString("latin1");
  const manifest = /^(MANIFEST-\d{6,})\n$/.exec(current)?.[1];
  if (manifest === undefined || !names.includes(manifest)) return damagedAt("CURRENT", 0);
  const bytes = await readWhole(disk, directory, manifest);
  const { records, damage } = readLogRecords(bytes, "cut-short");
  if (damage !== null) return damagedAt(manifest, damage.offset);
  try {
    return { live: liveFiles(records), damage: null };
  } catch {
    return damagedAt(manifest, 0);
  }
}

export function tableName(number: number): string {
  return `${String(number).padStart(6, "0")}.ldb`;
}

export async function readWhole(disk: Disk, directory: string, name: string): Promise<Buffer> {
  const file = await disk.open(`${directory}/${name}`, { create: false });
  try {
    const bytes = await file.read(0, await file.size());
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  } finally {
    await file.close();
  }
}

function damagedAt(file: string, offset: number): LiveFilesFound {
  return { live: null, damage: { file, offset } };
}
