import type { Clock } from "@conclave/base";
import {
  type Entry,
  type HardState,
  type LogIndex,
  type LogPosition,
  membershipOf,
  type SnapshotMark,
} from "@conclave/raft";
import { DataDirectory, errorCode, textOf } from "./data-directory.ts";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import type { DurableStateStore } from "./durable-state-store.ts";
import type { Identity } from "./identity.ts";
import { LevelStore } from "./level-store.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { nodeDisk } from "./node-disk.ts";
import { StateGenerations, type StatePointer } from "./state-generations.ts";
import { StateInstall } from "./state-install.ts";
import { StateCorruption, StorageFailure, WalCorruption, WalMismatch } from "./storage-error.ts";
import { SwitchableStore } from "./switchable-store.ts";
import { VolatileStore } from "./volatile-store.ts";
import { Wal, type WalOptions, type WalRecovery } from "./wal.ts";
import type { WalBatch } from "./wal-group.ts";
import { segmentNames } from "./wal-replay.ts";
import { DAMAGED_SUFFIX } from "./wal-segments.ts";

export interface StorageOptions {
  readonly identity: Identity;
  readonly clock: Clock;
  /** Called once, when a write of the log or of the state failed. The process must end. */
  readonly onFatal: (error: StorageFailure) => void;
  /** Size of a log segment. Bytes. Default: the log's, and 1 MiB in memory. */
  readonly segmentBytes?: number;
  /** When the log writes what was appended in a turn: see WalOptions. */
  readonly schedule?: (task: () => void) => void;
  /** Told in one line what was found damaged and is repaired. */
  readonly onRepair?: (message: string) => void;
  /** The disk under everything but LevelDB. Default: the real one. */
  readonly disk?: Disk;
}

/** What a member knew when it stopped: what raft restores, and how far the state is ahead of the floor. */
export interface RecoveredMember {
  /** Null: it never took part in anything. */
  readonly hardState: HardState | null;
  /** Null: a new member; append a `reset` at index 0 with the first membership. */
  readonly floor: SnapshotMark | null;
  /** From floor + 1 on. */
  readonly entries: readonly Entry[];
  /** What the state store holds. Not below the floor, and the log goes at least so far. */
  readonly appliedIndex: LogIndex;
  /** Not null while entries up to here may be lost that were acknowledged: the member recovers them from its peers. */
  readonly lostTail: LogPosition | null;
  /** Bytes of a torn write that were cut from the end of the log. */
  readonly tornBytes: number;
}

/** What is known of the state when the log is opened beside it. */
export interface StateBeside {
  readonly appliedIndex: LogIndex;
  /** The snapshot that it began as; null: it grew from nothing. */
  readonly installed: SnapshotMark | null;
  /** Why the state cannot be read; it then counts as empty. Null: it can. */
  readonly damage: string | null;
}

/** The log of a member, opened. */
export interface OpenedLog {
  readonly wal: Wal;
  readonly recovered: RecoveredMember;
  /** False: the state is lost, or the log that is left does not reach so far: begin with an empty one. */
  readonly keepsState: boolean;
}

/** The log and the state of one member, recovered together. */
export class MemberStorage {
  readonly wal: Wal;
  readonly store: DurableStateStore;
  readonly recovered: RecoveredMember;
  readonly #store: SwitchableStore;
  readonly #place: StoragePlace;
  #install: StateInstall | null = null;
  /** Ends when the last install has begun, or failed to. */
  #lastBegun: Promise<unknown> = Promise.resolve();

  constructor(wal: Wal, store: DurableStateStore, recovered: RecoveredMember, place: StoragePlace) {
    this.wal = wal;
    this.#store = new SwitchableStore(store);
    this.store = this.#store;
    this.recovered = recovered;
    this.#place = place;
  }

  /**
   * Begins to receive a snapshot in place of the state. One at a time: one that is still being received is dropped, one that
   * is being put in place is waited for (E22). The state stays as it is, and may be written, until the commit.
   * Rejects if the state holds as much as the snapshot by then; a damaged state is replaced by one that holds as much, too.
   */
  beginInstall(mark: SnapshotMark, isRepair = false): Promise<StateInstall> {
    const begun = this.#lastBegun.then(() => this.#beginInstall(mark, isRepair));
    this.#lastBegun = begun.catch(() => {});
    return begun;
  }

  async #beginInstall(mark: SnapshotMark, isRepair: boolean): Promise<StateInstall> {
    if (this.#install?.isCommitting === true) await this.#install.ended;
    const { appliedIndex } = this.store;
    const isOld = isRepair ? mark.index < appliedIndex : mark.index <= appliedIndex;
    if (isOld) throw new Error("the snapshot is old");
    await this.#install?.abort();
    const incoming = await this.#place.openIncoming();
    const install = new StateInstall(mark, incoming, {
      onCommit: async (store) => {
        await this.#place.adopt(mark);
        const before = this.#store.switchTo(store);
        await before.close();
        // The install is done; what could not be removed now goes at the next boot.
        await this.#place.removeOld().catch(() => {});
        this.#install = null;
      },
      onAbort: async () => {
        this.#install = null;
        await this.#place.removeOld();
      },
    });
    this.#install = install;
    return install;
  }

  /** Makes everything appended and sealed durable, closes, and lets others have the directory. */
  async close(): Promise<void> {
    await this.#lastBegun;
    await this.#install?.abort();
    await this.#install?.ended;
    await this.store.close();
    await this.wal.close();
    await this.#place.release();
  }
}

/** Where a member's state lives, for installs. */
export interface StoragePlace {
  /** An empty store beside the one in use. */
  openIncoming(): Promise<DurableStateStore>;
  /** The one step: from now on the incoming store is the state. */
  adopt(mark: SnapshotMark): Promise<void>;
  /** Removes what is not in use. */
  removeOld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Opens the data directory of a member, or makes it.
 * @throws DataDirectoryError with one line for a human; WalCorruption, StateCorruption if what it holds is damaged.
 */
export async function openStorage(path: string, options: StorageOptions): Promise<MemberStorage> {
  const disk = options.disk ?? nodeDisk;
  const directory = await DataDirectory.claim(disk, path, options.identity);
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
  const generations = new StateGenerations(disk, directory.statePath);
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
    return new MemberStorage(wal, store, recovered, place);
  } catch (error) {
    await store?.close();
    throw error;
  }
}

/** The state that a directory holds. */
interface FoundState extends StateBeside {
  readonly generation: number;
  /** Null if it is damaged. */
  readonly store: LevelStore | null;
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

/** The state is made before the log has its first segment: with a log, a missing state is damage. */
async function findState(
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
  try {
    const store = await openState(generations.pathOf(generation), options);
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

async function openState(path: string, options: StorageOptions): Promise<LevelStore> {
  const { clock, onFatal } = options;
  try {
    return await LevelStore.open(path, { clock, onFatal });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (errorCode(error) !== "LEVEL_DATABASE_NOT_OPEN") throw error;
    const message = `${path} cannot be opened: ${textOf(cause)}`;
    throw new DataDirectoryError(isRot(cause) ? "DAMAGED" : "UNWRITABLE", message, { cause });
  }
}

/** Whether LevelDB found its files wrong, and not the system that it asked for them (rights, space, another process). */
function isRot(cause: unknown): boolean {
  const isMissing = /No such file|does not match|missing files/.test(textOf(cause));
  return errorCode(cause) === "LEVEL_CORRUPTION" || isMissing;
}

/**
 * Opens the log beside the state. If either is damaged, a member with peers begins anew with what is certain of it, and one
 * without refuses (docs/repair.md).
 */
export async function openLog(
  disk: Disk,
  path: string,
  options: StorageOptions,
  state: StateBeside,
): Promise<OpenedLog> {
  const { appliedIndex, damage } = state;
  const wal = walOptions(options, state);
  const opened = await openSoundLog(disk, path, options, wal);
  const fresh = isAsInstalled(state);
  const recovered =
    fresh === null ? opened.recovered : await finishInstall(opened.wal, opened.recovered, fresh);
  const floorIndex = recovered.floor?.index ?? 0;
  if (damage === null && floorIndex <= appliedIndex && appliedIndex <= opened.wal.lastIndex) {
    return { wal: opened.wal, recovered: { ...recovered, appliedIndex }, keepsState: true };
  }
  if (floorIndex === 0) {
    // The log goes back to the beginning: the state follows from it.
    return { wal: opened.wal, recovered: { ...recovered, appliedIndex: 0 }, keepsState: false };
  }
  await opened.wal.close();
  const reason =
    damage ?? `${path} begins after index ${floorIndex}, but the state holds only ${appliedIndex}`;
  if (!hasPeers(options)) throw new DataDirectoryError("DAMAGED", reason);
  options.onRepair?.(`${reason}; log and state are received anew`);
  await Wal.beginAnew(disk, path, wal, contentWithoutState(recovered));
  const again = await Wal.open(disk, path, { ...wal, durableIndex: 0 });
  return { wal: again.wal, recovered: { ...again.recovered, appliedIndex: 0 }, keepsState: false };
}

function hasPeers({ identity }: StorageOptions): boolean {
  return identity.members.length > 1;
}

function walOptions(options: StorageOptions, state: StateBeside): WalOptions {
  const { clusterId, memberId } = options.identity;
  const { clock, onFatal, segmentBytes, schedule } = options;
  return {
    clusterId,
    memberId,
    clock,
    onFatal,
    // A state that is still as it was installed proves nothing about the log: its reset may not have been written yet.
    durableIndex: isAsInstalled(state) ? 0 : state.appliedIndex,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
    ...(schedule === undefined ? {} : { schedule }),
  };
}

/** @returns the snapshot that the state still is; null if it went on, or never was one */
function isAsInstalled({ installed, appliedIndex }: StateBeside): SnapshotMark | null {
  return installed !== null && installed.index === appliedIndex ? installed : null;
}

/** Opens the log; one that is damaged begins anew first, if there are peers to have the rest from. */
async function openSoundLog(
  disk: Disk,
  path: string,
  options: StorageOptions,
  wal: WalOptions,
): Promise<{ readonly wal: Wal; readonly recovered: WalRecovery }> {
  try {
    return await Wal.open(disk, path, wal);
  } catch (error) {
    if (!(error instanceof WalCorruption) || !hasPeers(options)) throw error;
    const membership = membershipOf(options.identity.members.map(({ id }) => id));
    await Wal.salvage(disk, path, wal, membership);
    const kept = `${path}: ${error.message}; what is certain is kept, the rest comes from the peers`;
    options.onRepair?.(`${kept}; the damaged segments are kept as *${DAMAGED_SUFFIX}`);
    return Wal.open(disk, path, wal);
  }
}

/** A log whose state is lost: what it holds is of no use without, but what it acknowledged binds. */
function contentWithoutState({ floor, hardState, entries, lostTail }: WalRecovery): WalBatch {
  const { term = 0, vote = 0n } = hardState ?? {};
  const last = entries.at(-1) ?? floor ?? { term: 0, index: 0 };
  const membership = floor?.membership ?? membershipOf([]);
  return {
    reset: { index: 0, term: 0, membership },
    hardState: { term, vote, commit: 0 },
    lostTail: lostTail ?? { term: last.term, index: last.index },
  };
}

/** The process died between the install of a snapshot and the log's reset: the log catches up. */
async function finishInstall(
  wal: Wal,
  recovered: WalRecovery,
  mark: SnapshotMark,
): Promise<WalRecovery> {
  const { hardState, floor, entries } = recovered;
  if (floor !== null && floor.index >= mark.index) return recovered;
  const first = entries[0];
  const same = first === undefined ? undefined : entries[mark.index - first.index];
  if (same?.term === mark.term) {
    // The log agrees with the snapshot: others may count on what follows it here (H6).
    await new Promise<void>((resolve) => wal.append({ floor: mark }, resolve));
    const rest = entries.filter((entry) => entry.index > mark.index);
    return { ...recovered, floor: mark, entries: rest };
  }
  const term = Math.max(mark.term, hardState?.term ?? 0);
  const vote = hardState?.term === term ? hardState.vote : 0n;
  const caughtUp = { term, vote, commit: mark.index };
  await new Promise<void>((resolve) => wal.append({ reset: mark, hardState: caughtUp }, resolve));
  return { ...recovered, hardState: caughtUp, floor: mark, entries: [] };
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
