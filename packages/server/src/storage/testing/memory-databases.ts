import { crc32 } from "node:zlib";
import type { Disk, DiskFile } from "../disk.ts";
import type { DatabaseHost, LevelBatch, LevelDatabase, LevelIterator } from "../level-database.ts";

const HEADER_BYTES = 8;

type Change = readonly [key: string, value: string | null];

/**
 * Databases on a `Disk`, so that a crash image holds them too. What LevelDB promises and no more: a batch that was written with
 * sync is there, one that was not yet may be, torn ones are dropped, and its name in the directory is nobody's care but the caller's.
 */
export function memoryDatabases(disk: Disk): DatabaseHost {
  return {
    open: (path) => MemoryDatabase.open(disk, path),
    findDamage: async () => null,
    remove: (path) => disk.remove(path),
    rename: (from, to) => disk.rename(from, to),
    checkAccess: async () => {},
  };
}

class MemoryDatabase implements LevelDatabase {
  readonly #file: DiskFile;
  readonly #records: Map<string, Uint8Array>;
  #end: number;

  private constructor(file: DiskFile, records: Map<string, Uint8Array>, end: number) {
    this.#file = file;
    this.#records = records;
    this.#end = end;
  }

  static async open(disk: Disk, path: string): Promise<MemoryDatabase> {
    const at = path.lastIndexOf("/");
    const exists = (await disk.list(path.slice(0, at))).includes(path.slice(at + 1));
    const file = await disk.open(path, { create: !exists });
    const bytes = Buffer.from(await file.read(0, await file.size()));
    const records = new Map<string, Uint8Array>();
    let end = 0;
    for (;;) {
      const changes = batchAt(bytes, end);
      if (changes === null) break;
      change(records, changes);
      end += HEADER_BYTES + bytes.readUInt32LE(end);
    }
    return new MemoryDatabase(file, records, end);
  }

  getSync(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }

  batch(): LevelBatch {
    const changes: Change[] = [];
    return {
      put: (key, value) => changes.push([key, Buffer.from(value).toString("base64")]),
      del: (key) => changes.push([key, null]),
      write: async ({ sync }) => {
        const body = Buffer.from(JSON.stringify(changes));
        const header = Buffer.alloc(HEADER_BYTES);
        header.writeUInt32LE(body.length, 0);
        header.writeUInt32LE(crc32(body), 4);
        const at = this.#end;
        this.#end += HEADER_BYTES + body.length;
        await this.#file.write(at, [header, body]);
        if (sync) await this.#file.sync();
        change(this.#records, changes);
      },
      close: async () => {},
    };
  }

  snapshot() {
    return { close: async () => {} };
  }

  iterator(range: {
    readonly gte: string;
    readonly lt?: string;
    readonly reverse?: boolean;
  }): LevelIterator {
    const { gte, lt, reverse = false } = range;
    const keys = [...this.#records.keys()].sort();
    const wanted = keys.filter((key) => key >= gte && (lt === undefined || key < lt));
    if (reverse) wanted.reverse();
    return {
      nextv: async (size) =>
        wanted.splice(0, size).map((key) => [key, this.#records.get(key) ?? new Uint8Array()]),
      close: async () => {},
    };
  }

  async compactRange(): Promise<void> {}

  async approximateSize(): Promise<number> {
    return this.#end;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function change(records: Map<string, Uint8Array>, changes: readonly Change[]): void {
  for (const [key, value] of changes) {
    if (value === null) records.delete(key);
    else records.set(key, Buffer.from(value, "base64"));
  }
}

/** @returns null if no whole batch stands there */
function batchAt(bytes: Buffer, at: number): readonly Change[] | null {
  if (at + HEADER_BYTES > bytes.length) return null;
  const body = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + bytes.readUInt32LE(at));
  const isWhole = body.length > 0 && body.length === bytes.readUInt32LE(at);
  if (!isWhole || crc32(body) !== bytes.readUInt32LE(at + 4)) return null;
  return JSON.parse(body.toString()) as readonly Change[];
}
