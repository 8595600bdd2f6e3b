import { dirname } from "node:path";
import type { DataDirectory } from "./data-directory.ts";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import { isRot, levelDatabases } from "./level-database.ts";
import { LevelStore } from "./level-store.ts";
import { nodeDisk } from "./node-disk.ts";
import type { StateBeside } from "./open-log.ts";
import type { StateGenerations, StatePointer } from "./state-generations.ts";
import { StateCorruption } from "./storage-error.ts";
import type { StorageOptions } from "./storage-options.ts";
import { errorCode, textOf } from "./system-error.ts";
import { segmentNames } from "./wal-replay.ts";

/** The state that a directory holds. */
export interface FoundState extends StateBeside {
  readonly generation: number;
  /** Null if it is damaged. */
  readonly store: LevelStore | null;
}

/** The state is made before the log has its first segment: with a log, a missing state is damage. */
export async function findState(
  disk: Disk,
  directory: DataDirectory,
  generations: StateGenerations,
  options: StorageOptions,
): Promise<FoundState> {
  const pointer = await readPointer(disk, directory, generations);
  if (typeof pointer === "string") {
    const generation = await generations.newest();
    return { generation, store: null, appliedIndex: 0, installed: null, damage: pointer };
  }
  const { generation, installed } = pointer;
  await generations.removeOthers(generation);
  const path = generations.pathOf(generation);
  try {
    await checkSound(path, options);
    const store = await openState(path, options);
    return { generation, store, appliedIndex: store.appliedIndex, installed, damage: null };
  } catch (error) {
    const isDamage = error instanceof DataDirectoryError && error.code === "DAMAGED";
    if (!isDamage && !(error instanceof StateCorruption)) throw error;
    return { generation, store: null, appliedIndex: 0, installed: null, damage: error.message };
  }
}

/** @returns the pointer, or what is wrong with it */
async function readPointer(
  disk: Disk,
  directory: DataDirectory,
  generations: StateGenerations,
): Promise<StatePointer | string> {
  const pointer = await generations.read().catch((error: unknown) => {
    if (error instanceof DataDirectoryError) return error.message;
    throw error;
  });
  if (pointer !== null) return pointer;
  if ((await segmentNames(disk, directory.walPath)).length > 0) {
    return `${directory.memberPath} has a log but no state`;
  }
  const first: StatePointer = { generation: 1, installed: null };
  await generations.write(first);
  return first;
}

/** @throws StateCorruption naming file and offset, before LevelDB takes what is there for good and writes it anew */
async function checkSound(path: string, options: StorageOptions): Promise<void> {
  const { databases = levelDatabases } = options;
  const damage = await databases.findDamage(path);
  if (damage === null) return;
  const { file, offset } = damage;
  throw new StateCorruption(`the state is damaged (file ${path}/${file}, offset ${offset})`);
}

export async function openState(path: string, options: StorageOptions): Promise<LevelStore> {
  const { clock, onFatal, disk = nodeDisk, databases = levelDatabases } = options;
  try {
    const store = await LevelStore.open(path, { clock, onFatal, openDatabase: databases.open });
    // LevelDB syncs what it writes, but not each name that it gives: neither its own in our directory nor that of CURRENT.
    await disk.syncDirectory(path);
    await disk.syncDirectory(dirname(path));
    return store;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (errorCode(error) !== "LEVEL_DATABASE_NOT_OPEN") throw error;
    const message = `${path} cannot be opened: ${textOf(cause)}`;
    throw new DataDirectoryError(isRot(error) ? "DAMAGED" : "UNWRITABLE", message, { cause });
  }
}
