import {
  type Entry,
  type HardState,
  type LogIndex,
  type LogPosition,
  membershipOf,
  type SnapshotMark,
} from "@conclave/raft";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import { WalCorruption } from "./storage-error.ts";
import type { StorageOptions } from "./storage-options.ts";
import { Wal, type WalOptions, type WalRecovery } from "./wal.ts";
import type { WalBatch } from "./wal-group.ts";
import { DAMAGED_SUFFIX } from "./wal-segments.ts";

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
  return identity.members.some(({ id }) => id !== identity.memberId);
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
