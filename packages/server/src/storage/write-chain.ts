import type { LogIndex } from "@conclave/raft";
import { RESERVED_KEYS } from "./durable-state-store.ts";
import type { LevelBatch, LevelDatabase } from "./level-database.ts";
import { StateCorruption } from "./storage-error.ts";
import {
  encodeTrace,
  isMilestone,
  isRevision,
  MARKER_PREFIX,
  markerKey,
  markerTrace,
  milestoneKey,
  milestoneTrace,
  type WriteTrace,
} from "./write-trace.ts";

/** Writes from here on leave a milestone: it costs them less than a hundredth. Bytes. */
const MILESTONE_WRITE_BYTES_MIN = 32 * 1024;
/** The next one deletes all of them: they would stay for ever. Count. */
export const MILESTONES_MAX = 256;

const NO_WRITE: WriteTrace = {
  write: 0,
  appliedIndex: 0,
  marker: 0,
  milestone: null,
  applied: null,
};

/** What a write says of itself when it is signed. */
export interface WriteSummary {
  readonly appliedIndex: LogIndex;
  /** The state's applied record; null: it has none. */
  readonly applied: Uint8Array | null;
  /** The last key that it puts or deletes; empty: none. */
  readonly lastKey: string;
  readonly sizeBytes: number;
}

/**
 * Each write to LevelDB leaves a trace with its number, the applied index that it reaches, and the state's applied record. A trace
 * that is missing, or one too many, shows that a write in the middle was lost.
 *
 * A small write leaves a marker under a key of the store's own, and deletes the marker before: there is one at most, unless a
 * write was lost. A large write leaves a milestone, directly behind the last revision that it puts. So the tables of a busy server
 * cover nothing but revisions, one after the other, and LevelDB moves them down instead of merging each with all others
 * (docs/performance.md). Each names the marker of its time and the milestone before it.
 */
export class WriteChain {
  #newest: WriteTrace;
  /** Keys of those that are kept, oldest first. */
  readonly #milestones: string[];
  /** The last key that there is, markers' aside; empty: there is none. */
  #lastKey: string;

  private constructor(newest: WriteTrace, milestones: string[], lastKey: string) {
    this.#newest = newest;
    this.#milestones = milestones;
    this.#lastKey = lastKey;
  }

  /** @throws StateCorruption if a write is gone */
  static async read(level: LevelDatabase, directory: string): Promise<WriteChain> {
    const [marker, second] = await firstRecords(level, { gte: MARKER_PREFIX }, 2);
    const [last] = await firstRecords(level, { gte: "", lt: RESERVED_KEYS, reverse: true }, 1);
    if (second !== undefined) throw lostWrite(directory);
    const traces: WriteTrace[] = [];
    if (marker !== undefined) traces.push(markerTrace(level, directory, marker));
    const markerWrite = traces[0]?.write ?? 0;
    const lastMilestone = last !== undefined && isMilestone(last[0]) ? last : null;
    if (lastMilestone !== null) traces.push(milestoneTrace(directory, lastMilestone));
    const newest = traces.reduce((a, b) => (a.write > b.write ? a : b), NO_WRITE);
    if (newest === NO_WRITE && last !== undefined) {
      throw new StateCorruption(`the state store in ${directory} has records but no write marker`);
    }
    if (newest.marker !== markerWrite) throw lostWrite(directory);
    const milestone = newest.write === markerWrite ? newest.milestone : lastMilestone![0];
    const milestones = milestonesTo(milestone, level, directory);
    return new WriteChain(newest, milestones, last?.[0] ?? "");
  }

  /** Number of the last write that was signed; 0: none. */
  get write(): number {
    return this.#newest.write;
  }

  /** The applied index that it reaches. */
  get appliedIndex(): LogIndex {
    return this.#newest.appliedIndex;
  }

  /** The applied record as of it. */
  get applied(): Uint8Array | null {
    return this.#newest.applied;
  }

  /** Adds its trace to a batch, which is the next write then. */
  sign(batch: LevelBatch, { appliedIndex, applied, lastKey, sizeBytes }: WriteSummary): void {
    const write = this.#newest.write + 1;
    const isBehindAll = lastKey > this.#lastKey;
    if (isBehindAll) this.#lastKey = lastKey;
    // A milestone must be the last key itself: that is how it is found.
    if (isBehindAll && isRevision(lastKey) && sizeBytes >= MILESTONE_WRITE_BYTES_MIN) {
      if (this.#milestones.length === MILESTONES_MAX) {
        for (const key of this.#milestones.splice(0)) batch.del(key);
      }
      const { marker } = this.#newest;
      this.#newest = { write, appliedIndex, marker, milestone: this.#milestone, applied };
      this.#lastKey = milestoneKey(lastKey, write);
      this.#milestones.push(this.#lastKey);
      batch.put(this.#lastKey, encodeTrace(this.#newest));
      return;
    }
    if (this.#newest.marker !== 0) batch.del(markerKey(this.#newest.marker));
    this.#newest = { write, appliedIndex, marker: write, milestone: this.#milestone, applied };
    batch.put(markerKey(write), encodeTrace(this.#newest));
  }

  get #milestone(): string | null {
    return this.#milestones.at(-1) ?? null;
  }
}

/** Keys of the milestones up to `newest`, oldest first: each names the one before. */
function milestonesTo(newest: string | null, level: LevelDatabase, directory: string): string[] {
  const keys: string[] = [];
  for (let key = newest; key !== null; ) {
    const value = level.getSync(key);
    if (value === undefined || keys.length === MILESTONES_MAX) throw lostWrite(directory);
    keys.push(key);
    key = milestoneTrace(directory, [key, value]).milestone;
  }
  return keys.reverse();
}

function lostWrite(directory: string): StateCorruption {
  return new StateCorruption(`the state store in ${directory} lost a write in the middle`);
}

async function firstRecords(
  level: LevelDatabase,
  range: { readonly gte: string; readonly lt?: string; readonly reverse?: boolean },
  count: number,
): Promise<[string, Uint8Array][]> {
  const iterator = level.iterator({ ...range, fillCache: false, highWaterMarkBytes: 4096 });
  try {
    return await iterator.nextv(count);
  } finally {
    await iterator.close();
  }
}
