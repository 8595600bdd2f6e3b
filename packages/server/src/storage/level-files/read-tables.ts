import type { Disk } from "../disk.ts";
import type { RecordVisitor } from "../durable-state-store.ts";
import { findLiveFiles, tableName } from "./live-files.ts";
import { TableCursor } from "./table-cursor.ts";
import { TableUnreadable } from "./table-file.ts";

interface WaitingTable {
  readonly path: string;
  readonly sizeBytes: number;
  readonly firstKey: Buffer;
}

/**
 * Visits the records of a database below a key, in order, past LevelDB: its binding makes a buffer for each value, which takes four
 * times as long as all else that is done with a record at a start. On which level a table is does not matter: of what was written
 * under a key the newest counts, and its number tells which that is.
 *
 * Requires: whatever was written is in the tables, and their keys are the UTF-8 of byte strings.
 * @throws TableUnreadable, perhaps after some visits, if a table is gone or of another form.
 */
export async function readTables(
  disk: Disk,
  directory: string,
  end: string,
  visit: RecordVisitor,
): Promise<void> {
  const { live } = await findLiveFiles(disk, directory, await disk.list(directory));
  if (live === null) throw new TableUnreadable("the MANIFEST cannot be read");
  const tables = [...live.tables].map(([number, { sizeBytes, firstKey }]) => {
    return { path: `${directory}/${tableName(number)}`, sizeBytes, firstKey };
  });
  const merge = new TableMerge(tables, Buffer.from(end));
  try {
    await merge.run(visit);
  } finally {
    await merge.close();
  }
}

/** Several tables read as one. */
class TableMerge {
  /** By first key, the next one last. */
  readonly #waiting: WaitingTable[];
  /** That of the next table, ahead of the time when it is needed. */
  #opening: Promise<TableCursor> | null = null;
  /** At their next records, these in order: by key, and of one key the newest first. */
  readonly #cursors: TableCursor[] = [];
  readonly #end: Buffer;
  /** The last key that was visited, or found deleted. */
  #last: Buffer = Buffer.alloc(64);
  #lastLength = -1;
  /** The key as it is visited. */
  #visited: Buffer = Buffer.alloc(64);

  constructor(tables: readonly WaitingTable[], end: Buffer) {
    this.#waiting = [...tables].sort((a, b) => Buffer.compare(b.firstKey, a.firstKey));
    this.#end = end;
    this.#openAhead();
  }

  async run(visit: RecordVisitor): Promise<void> {
    for (;;) {
      const first = this.#cursors[0];
      if (this.#isNextTableDue(first)) {
        await this.#takeTable();
        continue;
      }
      if (first === undefined || this.#isAtEnd(first)) return;
      this.#take(first, visit);
      if (first.next() || (await first.nextOfNextWindow())) this.#putInOrder();
      else {
        this.#cursors.shift();
        await first.close();
      }
    }
  }

  async close(): Promise<void> {
    for (const cursor of this.#cursors) await cursor.close();
    const ahead = await this.#opening?.catch(() => null);
    await ahead?.close();
  }

  #isNextTableDue(first: TableCursor | undefined): boolean {
    const next = this.#waiting.at(-1);
    if (next === undefined) return false;
    const { firstKey } = next;
    return (
      first === undefined || compare(firstKey, firstKey.length, first.key, first.keyLength) <= 0
    );
  }

  #isAtEnd({ key, keyLength }: TableCursor): boolean {
    return compare(key, keyLength, this.#end, this.#end.length) >= 0;
  }

  async #takeTable(): Promise<void> {
    this.#waiting.pop();
    const cursor = await this.#opening;
    this.#openAhead();
    if (cursor === null) return;
    this.#cursors.unshift(cursor);
    this.#putInOrder();
  }

  #openAhead(): void {
    const next = this.#waiting.at(-1);
    this.#opening = next === undefined ? null : TableCursor.open(next.path, next.sizeBytes);
    this.#opening?.catch(() => {}); // heard where it is awaited, if it still is
  }

  #take(cursor: TableCursor, visit: RecordVisitor): void {
    const { key, keyLength } = cursor;
    const order = compare(this.#last, this.#lastLength, key, keyLength);
    if (order === 0) return; // a newer write under this key came before
    if (order > 0) throw new TableUnreadable("keys are not in order");
    if (keyLength > this.#last.length) this.#last = Buffer.alloc(2 * keyLength);
    for (let i = 0; i < keyLength; i += 1) this.#last[i] = key[i]!;
    this.#lastLength = keyLength;
    if (cursor.isDeletion) return;
    this.#visit(cursor, visit);
  }

  /** LevelDB's key is the UTF-8 of a byte string: each byte above 0x7f became two. */
  #visit({ key, keyLength, bytes, valueStart, valueEnd }: TableCursor, visit: RecordVisitor): void {
    if (keyLength > this.#visited.length) this.#visited = Buffer.alloc(2 * keyLength);
    const visited = this.#visited;
    let length = 0;
    for (let at = 0; at < keyLength; at += 1) {
      let byte = key[at]!;
      if (byte >= 0x80) {
        at += 1;
        byte = ((byte & 0x03) << 6) | (key[at]! & 0x3f);
      }
      visited[length] = byte;
      length += 1;
    }
    visit(visited, length, bytes, valueStart, valueEnd);
  }

  /** The first cursor has moved. */
  #putInOrder(): void {
    const cursors = this.#cursors;
    const moved = cursors[0]!;
    let at = 1;
    for (; at < cursors.length && isBefore(cursors[at]!, moved); at += 1) {
      cursors[at - 1] = cursors[at]!;
    }
    cursors[at - 1] = moved;
  }
}

function isBefore(a: TableCursor, b: TableCursor): boolean {
  const order = compare(a.key, a.keyLength, b.key, b.keyLength);
  return order === 0 ? a.sequence > b.sequence : order < 0;
}

/** As LevelDB compares: by bytes, then by length. By hand, for `Buffer.compare` costs more than keys of this size. */
function compare(a: Uint8Array, aLength: number, b: Uint8Array, bLength: number): number {
  const length = Math.min(aLength, bLength);
  for (let i = 0; i < length; i += 1) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
