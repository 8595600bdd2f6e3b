import type { LogIndex } from "@conclave/raft";
import { RESERVED_KEYS, type RecordVisitor, type StateSnapshot } from "./durable-state-store.ts";
import type { LevelDatabase, LevelView } from "./level-database.ts";

/** A scan hands over at most so much at once: the loop gets a turn between two chunks. */
const CHUNK_RECORDS_MAX = 1000;
const CHUNK_BYTES_MAX = 256 * 1024;

/** LevelDB's content at the moment of construction. */
export class LevelSnapshot implements StateSnapshot {
  readonly appliedIndex: LogIndex;
  readonly #level: LevelDatabase;
  readonly #view: LevelView;
  readonly #isAsOpened: boolean;

  /** @param isAsOpened nothing was written to the database since it was opened, nor will be while this is read */
  constructor(level: LevelDatabase, appliedIndex: LogIndex, isAsOpened: boolean) {
    this.#level = level;
    this.#view = level.snapshot();
    this.#isAsOpened = isAsOpened;
    this.appliedIndex = appliedIndex;
  }

  get(key: string): Uint8Array | undefined {
    return this.#level.getSync(key, { snapshot: this.#view, fillCache: false });
  }

  async visitAll(visit: RecordVisitor): Promise<boolean> {
    if (!this.#isAsOpened) return false;
    return (await this.#level.readTables?.(RESERVED_KEYS, visit)) ?? false;
  }

  async *scan(from = "", to = RESERVED_KEYS): AsyncGenerator<[string, Uint8Array][]> {
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
        yield records;
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
