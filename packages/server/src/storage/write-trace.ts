import type { LogIndex } from "@conclave/raft";
import { META, REVISION_KEY_BYTES, TABLE } from "@conclave/state-machine";
import { RESERVED_KEYS } from "./durable-state-store.ts";
import type { LevelDatabase } from "./level-database.ts";
import { StateCorruption } from "./storage-error.ts";
import { readUint53, writeUint53 } from "./wal-header.ts";

export const MARKER_PREFIX = `${RESERVED_KEYS}write-`;
const NUMBER_DIGITS = 14;
const MILESTONE_KEY_BYTES = REVISION_KEY_BYTES + NUMBER_DIGITS;
const REVISION_TABLE_BYTE = TABLE.revision.charCodeAt(0);

const MILESTONE_LENGTH_AT = 16;
const MILESTONE_AT = 17;
/** Before there were milestones a marker held the applied index alone, and the applied record was one like others. */
const OLD_MARKER_BYTES = 8;

/** What a write to LevelDB leaves of itself: the value of its marker or milestone. */
export interface WriteTrace {
  /** Number of the write, counted from 1. In the key. */
  readonly write: number;
  readonly appliedIndex: LogIndex;
  /** The write whose marker is there, this one or an earlier one; 0: none. */
  readonly marker: number;
  /** Key of the last milestone before this write; null: none is kept. */
  readonly milestone: string | null;
  /** The state's applied record as of this write; null: it has none yet. */
  readonly applied: Uint8Array | null;
}

export function markerKey(write: number): string {
  return MARKER_PREFIX + numberText(write);
}

export function isRevision(key: string): boolean {
  return key.length === REVISION_KEY_BYTES && key.startsWith(TABLE.revision);
}

/** Directly behind a revision: before all later ones. */
export function milestoneKey(revisionKey: string, write: number): string {
  return revisionKey + numberText(write);
}

/** Whether a key below {@link RESERVED_KEYS} is the store's own all the same. */
export function isMilestone(key: string): boolean {
  return key.length === MILESTONE_KEY_BYTES && key.startsWith(TABLE.revision);
}

/** The same of a key that is there as bytes. */
export function isMilestoneBytes(key: Uint8Array, keyLength: number): boolean {
  return keyLength === MILESTONE_KEY_BYTES && key[0] === REVISION_TABLE_BYTE;
}

/** Applied index, marker (8 bytes each), length of the milestone's key (1), that key, the applied record. */
export function encodeTrace({ appliedIndex, marker, milestone, applied }: WriteTrace): Uint8Array {
  const key = milestone ?? "";
  const bytes = Buffer.alloc(MILESTONE_AT + key.length + (applied?.length ?? 0));
  writeUint53(bytes, appliedIndex, 0);
  writeUint53(bytes, marker, 8);
  bytes[MILESTONE_LENGTH_AT] = key.length;
  bytes.write(key, MILESTONE_AT, "latin1");
  if (applied !== null) bytes.set(applied, MILESTONE_AT + key.length);
  return bytes;
}

/** @throws StateCorruption if it is no marker */
export function markerTrace(
  level: LevelDatabase,
  directory: string,
  [key, value]: readonly [string, Uint8Array],
): WriteTrace {
  const write = Number.parseInt(key.slice(MARKER_PREFIX.length), 16);
  const trace =
    value.length === OLD_MARKER_BYTES ? oldTrace(level, write, value) : decodeTrace(write, value);
  if (trace === null || trace.marker !== write || markerKey(write) !== key) {
    throw new StateCorruption(`the state store in ${directory} has a damaged write marker`);
  }
  return trace;
}

/** @throws StateCorruption if it is no milestone */
export function milestoneTrace(
  directory: string,
  [key, value]: readonly [string, Uint8Array],
): WriteTrace {
  const write = Number.parseInt(key.slice(REVISION_KEY_BYTES), 16);
  const trace = decodeTrace(write, value);
  if (trace === null || numberText(write) !== key.slice(REVISION_KEY_BYTES)) {
    throw new StateCorruption(`the state store in ${directory} has a damaged milestone`);
  }
  return trace;
}

function oldTrace(level: LevelDatabase, write: number, value: Uint8Array): WriteTrace | null {
  const appliedIndex = readUint53(Buffer.from(value), 0);
  if (appliedIndex === null) return null;
  const applied = level.getSync(META.applied) ?? null;
  return { write, appliedIndex, marker: write, milestone: null, applied };
}

/** @returns null if it is damaged */
function decodeTrace(write: number, value: Uint8Array): WriteTrace | null {
  const bytes = Buffer.from(value);
  const appliedAt = MILESTONE_AT + (bytes[MILESTONE_LENGTH_AT] ?? 0);
  if (bytes.length < appliedAt) return null;
  const appliedIndex = readUint53(bytes, 0);
  const marker = readUint53(bytes, 8);
  if (appliedIndex === null || marker === null) return null;
  const milestone =
    appliedAt > MILESTONE_AT ? bytes.toString("latin1", MILESTONE_AT, appliedAt) : null;
  if (milestone !== null && !isMilestone(milestone)) return null;
  const applied = bytes.length > appliedAt ? bytes.subarray(appliedAt) : null;
  return { write, appliedIndex, marker, milestone, applied };
}

function numberText(write: number): string {
  return write.toString(16).padStart(NUMBER_DIGITS, "0");
}
