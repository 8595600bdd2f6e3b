import type { LogIndex } from "@conclave/raft";
import { RESERVED_KEYS } from "./durable-state-store.ts";
import type { LevelDatabase } from "./level-database.ts";
import { StateCorruption } from "./storage-error.ts";
import { readUint53, writeUint53 } from "./wal-header.ts";

/**
 * Each write to LevelDB is numbered: it puts a marker of its number, with the applied index it reaches, and deletes the one
 * before. So there is exactly one marker, unless a write in the middle was lost: then two are left.
 */
export interface Marker {
  readonly write: number;
  readonly appliedIndex: LogIndex;
}

const MARKER_PREFIX = `${RESERVED_KEYS}write-`;
const NUMBER_DIGITS = 14;

export function markerKey(write: number): string {
  return MARKER_PREFIX + write.toString(16).padStart(NUMBER_DIGITS, "0");
}

export function encodeMarker(appliedIndex: LogIndex): Uint8Array {
  const bytes = Buffer.alloc(8);
  writeUint53(bytes, appliedIndex, 0);
  return bytes;
}

/** @throws StateCorruption if the markers show that a write is gone. */
export async function readMarker(level: LevelDatabase, directory: string): Promise<Marker> {
  const markers = await firstRecords(level, MARKER_PREFIX);
  const [first, second] = markers;
  if (first === undefined) {
    if ((await firstRecords(level, "")).length === 0) return { write: 0, appliedIndex: 0 };
    throw new StateCorruption(`the state store in ${directory} has records but no write marker`);
  }
  if (second !== undefined) {
    throw new StateCorruption(`the state store in ${directory} lost a write in the middle`);
  }
  const [key, value] = first;
  const bytes = Buffer.from(value);
  const appliedIndex = bytes.length === 8 ? readUint53(bytes, 0) : null;
  const write = Number.parseInt(key.slice(MARKER_PREFIX.length), 16);
  if (appliedIndex === null || markerKey(write) !== key) {
    throw new StateCorruption(`the state store in ${directory} has a damaged write marker`);
  }
  return { write, appliedIndex };
}

/** At most two: enough to tell none, one and several apart. */
async function firstRecords(level: LevelDatabase, from: string): Promise<[string, Uint8Array][]> {
  const iterator = level.iterator({ gte: from, fillCache: false, highWaterMarkBytes: 4096 });
  try {
    return await iterator.nextv(2);
  } finally {
    await iterator.close();
  }
}
