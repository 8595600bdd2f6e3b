import type { LogIndex } from "@conclave/raft";
import { META } from "@conclave/state-machine";
import { RESERVED_KEYS, type RecordVisitor, type StateSnapshot } from "./durable-state-store.ts";
import type { LevelDatabase, LevelView } from "./level-database.ts";
import { isMilestone, isMilestoneBytes } from "./write-trace.ts";

/** A scan hands over at most so much at once: the loop gets a turn between two chunks. */
const CHUNK_RECORDS_MAX = 1000;
const CHUNK_BYTES_MAX = 256 * 1024;

/** No other record of the state comes before it. */
const APPLIED_KEY = Buffer.from(META.applied);

/** What the database does not tell of its content itself. */
export interface SnapshotFacts {
  readonly appliedIndex: LogIndex;
  /** The applied record, which lies in the trace of the last write; null: there is none. */
  readonly applied: Uint8Array | null;
  /** Nothing was written to the database since it was opened, nor will be while this is read. */
  readonly isAsOpened: boolean;
}

/** LevelDB's content at the moment of construction, without the store's own records. */
export class LevelSnapshot implements StateSnapshot {
  readonly #level: LevelDatabase;
  readonly #view: LevelView;
  readonly #facts: SnapshotFacts;

  constructor(level: LevelDatabase, facts: SnapshotFacts) {
    this.#level = level;
    this.#view = level.snapshot();
    this.#facts = facts;
  }

  get appliedIndex(): LogIndex {
    return this.#facts.appliedIndex;
  }

  get(key: string): Uint8Array | undefined {
    if (key === META.applied) return this.#facts.applied ?? undefined;
    return this.#level.getSync(key, { snapshot: this.#view, fillCache: false });
  }

  async visitAll(visit: RecordVisitor): Promise<boolean> {
    const { applied, isAsOpened } = this.#facts;
    if (!isAsOpened) return false;
    if (applied !== null) visit(APPLIED_KEY, APPLIED_KEY.length, applied, 0, applied.length);
    const visitState: RecordVisitor = (key, keyLength, source, start, end) => {
      if (isOwnRecord(key, keyLength)) return;
      visit(key, keyLength, source, start, end);
    };
    return (await this.#level.readTables?.(RESERVED_KEYS, visitState)) ?? false;
  }

  async *scan(from = "", to = RESERVED_KEYS): AsyncGenerator<(readonly [string, Uint8Array])[]> {
    const { applied } = this.#facts;
    if (applied !== null && META.applied >= from && META.applied < to) {
      yield [[META.applied, applied]];
    }
    const iterator = this.#level.iterator({
      gte: from,
      lt: earlier(to, RESERVED_KEYS),
      snapshot: this.#view,
      // One pass over everything would push out what is read again and again.
      fillCache: false,
      highWaterMarkBytes: CHUNK_BYTES_MAX,
    });
    let next = iterator.nextv(CHUNK_RECORDS_MAX);
    try {
      for (;;) {
        const records = await next;
        if (records.length === 0) return;
        // LevelDB reads the next chunk on its own thread while this one is worked on.
        next = iterator.nextv(CHUNK_RECORDS_MAX);
        next.catch(() => {}); // heard where it is awaited, if it still is
        yield records.filter(([key]) => key !== META.applied && !isMilestone(key));
      }
    } finally {
      await iterator.close();
    }
  }

  close(): Promise<void> {
    return this.#view.close();
  }
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

/** Milestones, and the applied record as it was written before there were milestones. */
function isOwnRecord(key: Uint8Array, keyLength: number): boolean {
  if (isMilestoneBytes(key, keyLength)) return true;
  return keyLength === APPLIED_KEY.length && APPLIED_KEY.every((byte, at) => key[at] === byte);
}
