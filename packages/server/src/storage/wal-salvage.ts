import type { LogIndex, LogPosition, Membership } from "@conclave/raft";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import type { VoteReading, VoteRecord } from "./vote-file.ts";
import type { WalBatch } from "./wal-group.ts";
import {
  decodeGroupHeader,
  decodeSegmentHeader,
  GROUP_ALIGNMENT,
  type GroupHeader,
  groupBody,
  groupStride,
  SEGMENT_HEADER_BYTES,
} from "./wal-header.ts";
import { decodeRecords, type WalRecord } from "./wal-record.ts";
import {
  type LogReplay,
  type ReplayOptions,
  type ReplayToDamage,
  readSegment,
  replayToDamage,
  segmentNames,
} from "./wal-replay.ts";

/** An end of the log of which only the term is known. */
const ANY_INDEX = Number.MAX_SAFE_INTEGER;

/** What the rest of the member knows. */
export interface SalvagedBeside {
  /** The state holds what was committed up to here. */
  readonly appliedIndex: LogIndex;
  /** Of a log that has to begin with nothing. */
  readonly membership: Membership;
}

/**
 * What a damaged log can still be relied on for: the content with which it begins anew. Why each part is safe is
 * docs/repair.md; what is not certain here is dropped, for the peers have it.
 * @throws DataDirectoryError if term and vote are not proven: nothing and nobody can replace them
 */
export async function salvageLog(
  disk: Disk,
  directory: string,
  options: ReplayOptions,
  votes: VoteReading,
  state: SalvagedBeside,
): Promise<WalBatch> {
  const damaged = await replayToDamage(disk, directory, options);
  const { corruption, log } = damaged;
  const { record, isProven } = votes;
  if (record === null || !isProven) {
    const message = `${directory}: ${corruption.message}; nor does its vote file prove what this member voted, so it may not take part again: remove it from the cluster and add a new one`;
    throw new DataDirectoryError("DAMAGED", message, { cause: corruption });
  }
  const lostTail = await lostTailOf(disk, directory, damaged, options, record);
  return { ...keptOf(log, record, state), lostTail };
}

/**
 * The part of the log that stays. Above the commit index it may be what a later leader overwrote: so it stays only if the state
 * reaches no further than what is certain, and the state is received anew otherwise.
 */
function keptOf(
  log: LogReplay,
  { term, vote }: VoteRecord,
  { appliedIndex, membership }: SalvagedBeside,
): Pick<WalBatch, "reset" | "entries" | "hardState"> {
  const { floor, hardState, entries } = log;
  const certain = Math.max(hardState?.commit ?? 0, floor?.index ?? 0);
  const isWhole =
    floor !== null && log.firstIndex <= floor.index + 1 && !log.isContradictory && certain > 0;
  const isOfPast = (hardState?.term ?? 0) <= term && log.lastTerm <= term;
  if (isWhole && isOfPast && certain <= log.lastIndex && appliedIndex <= certain) {
    return { reset: floor, entries, hardState: { term, vote, commit: certain } };
  }
  const nothing = { index: 0, term: 0, membership: floor?.membership ?? membership };
  return { reset: nothing, entries: [], hardState: { term, vote, commit: 0 } };
}

/** A position at or above all that this log acknowledged: its end if that is certain, else the end of its term. */
async function lostTailOf(
  disk: Disk,
  directory: string,
  { corruption, log }: ReplayToDamage,
  { durableIndex }: ReplayOptions,
  record: VoteRecord,
): Promise<LogPosition | null> {
  // No term, no leader: nothing was ever acknowledged.
  if (record.term === 0) return null;
  const unknown = { term: record.term, index: ANY_INDEX };
  const name = (await segmentNames(disk, directory)).at(-1);
  if (name === undefined || log.lostTail !== null || log.isContradictory) return unknown;
  const end = endOf(await readSegment(disk, `${directory}/${name}`), record.segment);
  if (end === null) return unknown;
  // Only groups behind the damage prove that the log did not go on in what is damaged.
  if (corruption.file === name && end.groupOffset <= corruption.offset) return unknown;
  const reaches = Math.max(durableIndex, record.commit, log.hardState?.commit ?? 0);
  if (end.position.index < reaches || end.position.term > record.term) return unknown;
  return end.position;
}

/**
 * Where the log ended, from its newest segment alone: its last good group, if zeros follow it to the end.
 * @returns null if that is not certain, or if the log may have been recovering by then
 */
function endOf(
  bytes: Buffer,
  newestSegment: number,
): { readonly groupOffset: number; readonly position: LogPosition } | null {
  const segment = decodeSegmentHeader(bytes);
  if (segment === null || segment.header.sequence < newestSegment) return null;
  const { seed, header } = segment;
  // What was lost before this damage stands in the first group of each segment.
  const first = goodGroupAt(bytes, SEGMENT_HEADER_BYTES, seed);
  if (header.beginsAnew || first === null) return null;
  if (first.records.some(({ type }) => type === "lost-tail")) return null;
  let last = first;
  for (let at = SEGMENT_HEADER_BYTES; at < bytes.length; ) {
    const group = goodGroupAt(bytes, at, seed);
    last = group ?? last;
    at += group === null ? GROUP_ALIGNMENT : groupStride(group.header.bodyBytes);
  }
  const { offset, bodyBytes } = last.header;
  const isClean = bytes.subarray(offset + groupStride(bodyBytes)).every((byte) => byte === 0);
  return isClean ? { groupOffset: offset, position: positionAfter(last) } : null;
}

interface GoodGroup {
  readonly header: GroupHeader;
  readonly records: readonly WalRecord[];
}

function goodGroupAt(bytes: Buffer, at: number, seed: number): GoodGroup | null {
  const header = decodeGroupHeader(bytes, at, seed);
  const body = header === null ? null : groupBody(bytes, header);
  return header === null || body === null ? null : { header, records: decodeRecords(body) };
}

function positionAfter({ header, records }: GoodGroup): LogPosition {
  let position = { term: header.tailTerm, index: header.tailIndex };
  for (const record of records) {
    if (record.type === "reset") position = { term: record.mark.term, index: record.mark.index };
    const last = record.type === "entries" ? record.entries.at(-1) : undefined;
    if (last !== undefined) position = { term: last.term, index: last.index };
  }
  return position;
}
