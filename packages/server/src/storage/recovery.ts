import { randomBytes } from "node:crypto";
import type { SnapshotMark } from "@conclave/raft";
import { acquaintanceFile } from "./acquaintance-file.ts";
import { recordBoot } from "./boot-record.ts";
import { DataDirectory } from "./data-directory.ts";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import type { DurableStateStore } from "./durable-state-store.ts";
import { findState, openState } from "./find-state.ts";
import { levelDatabases } from "./level-database.ts";
import { MemberStorage, type StoragePlace } from "./member-storage.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { nodeDisk } from "./node-disk.ts";
import { openLog } from "./open-log.ts";
import { StateGenerations } from "./state-generations.ts";
import { StorageFailure, WalMismatch } from "./storage-error.ts";
import type { StorageOptions } from "./storage-options.ts";
import { VolatileStore } from "./volatile-store.ts";
import { Wal } from "./wal.ts";

/**
 * Opens the data directory of a member, or makes it.
 * @throws DataDirectoryError with one line for a human; WalCorruption, StateCorruption if what it holds is damaged.
 */
export async function openStorage(path: string, options: StorageOptions): Promise<MemberStorage> {
  const disk = options.disk ?? nodeDisk;
  const directory = await DataDirectory.claim(
    disk,
    options.databases ?? levelDatabases,
    path,
    options.identity,
  );
  try {
    return await openClaimed(disk, directory, options);
  } catch (error) {
    await directory.release();
    if (error instanceof WalMismatch) {
      const code = error.reason === "newer-format" ? "NEWER_FORMAT" : "DAMAGED";
      throw new DataDirectoryError(code, `${path}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

async function openClaimed(
  disk: Disk,
  directory: DataDirectory,
  options: StorageOptions,
): Promise<MemberStorage> {
  const generations = new StateGenerations(
    disk,
    options.databases ?? levelDatabases,
    directory.statePath,
  );
  const found = await findState(disk, directory, generations, options);
  let { generation, store } = found;
  try {
    const { wal, recovered, keepsState } = await openLog(disk, directory.walPath, options, found);
    if (store === null || !keepsState) {
      await store?.close();
      options.onRepair?.(
        `${directory.statePath}: the state is made anew, from the log and the peers`,
      );
      generation = await generations.replaceDamaged(generation);
      store = await openState(generations.pathOf(generation), options);
    }
    const place = new DirectoryPlace(directory, generations, generation, options);
    const { memberPath } = directory;
    const boot = await recordBoot(disk, memberPath, options.drawId ?? drawId);
    const memory = { boot, acquaintances: acquaintanceFile(disk, memberPath) };
    return new MemberStorage(wal, store, recovered, place, memory);
  } catch (error) {
    await store?.close();
    throw error;
  }
}

function drawId(): bigint {
  return randomBytes(8).readBigUInt64LE();
}

/** A member that lives in memory only: the same parts, without a file. */
export async function openVolatileStorage(options: StorageOptions): Promise<MemberStorage> {
  const disk = options.disk ?? new MemoryDisk();
  const path = "/wal";
  await disk.makeDirectory(path);
  const segmentBytes = options.segmentBytes ?? 1024 * 1024;
  const { clusterId, memberId } = options.identity;
  const { clock, onFatal, schedule } = options;
  const { wal, recovered } = await Wal.open(disk, path, {
    clusterId,
    memberId,
    clock,
    onFatal,
    segmentBytes,
    ...(schedule === undefined ? {} : { schedule }),
  });
  const place: StoragePlace = {
    openIncoming: async () => new VolatileStore(),
    adopt: async () => {},
    removeOld: async () => {},
    release: async () => {},
  };
  return new MemberStorage(wal, new VolatileStore(), { ...recovered, appliedIndex: 0 }, place);
}

/** The state of a member with a directory: one database in use, and beside it perhaps the next. */
class DirectoryPlace implements StoragePlace {
  readonly #directory: DataDirectory;
  readonly #generations: StateGenerations;
  readonly #options: StorageOptions;
  #current: number;

  constructor(
    directory: DataDirectory,
    generations: StateGenerations,
    current: number,
    options: StorageOptions,
  ) {
    this.#directory = directory;
    this.#generations = generations;
    this.#current = current;
    this.#options = options;
  }

  openIncoming(): Promise<DurableStateStore> {
    return openState(this.#generations.pathOf(this.#current + 1), this.#options);
  }

  async adopt(mark: SnapshotMark): Promise<void> {
    try {
      await this.#generations.write({ generation: this.#current + 1, installed: mark });
    } catch (cause) {
      const failure = new StorageFailure("the received state cannot be put in place", { cause });
      this.#options.onFatal(failure);
      throw failure;
    }
    this.#current += 1;
  }

  removeOld(): Promise<void> {
    return this.#generations.removeOthers(this.#current);
  }

  release(): Promise<void> {
    return this.#directory.release();
  }
}
