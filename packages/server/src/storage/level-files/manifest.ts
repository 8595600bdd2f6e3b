import { VarintReader } from "./varint.ts";

/** Sequence number and kind behind each key of the user. */
export const KEY_TRAILER_BYTES = 8;

/** A table, as the MANIFEST describes it. */
export interface LiveTable {
  readonly sizeBytes: number;
  /** First key in it. */
  readonly firstKey: Buffer;
}

/** What a database consists of, as its MANIFEST says. */
export interface LiveFiles {
  /** By number. */
  readonly tables: ReadonlyMap<number, LiveTable>;
  /** Logs of this number and above are read at opening. */
  readonly logNumber: number;
}

/** The sum of the edits in a MANIFEST (LevelDB's version_edit.cc). @throws RangeError if they are none */
export function liveFiles(edits: readonly Buffer[]): LiveFiles {
  const tables = new Map<number, LiveTable>();
  let logNumber = 0;
  for (const edit of edits) {
    const reader = new VarintReader(edit);
    while (!reader.isAtEnd) {
      const tag = reader.number();
      if (tag === 1) reader.text();
      else if (tag === 2) logNumber = reader.number();
      else if (tag === 3 || tag === 4 || tag === 9) reader.number();
      else if (tag === 5) {
        reader.number();
        reader.text();
      } else if (tag === 6) {
        reader.number();
        tables.delete(reader.number());
      } else if (tag === 7) {
        reader.number();
        const number = reader.number();
        const sizeBytes = reader.number();
        const firstKey = reader.text().subarray(0, -KEY_TRAILER_BYTES);
        reader.text();
        tables.set(number, { sizeBytes, firstKey });
      } else throw new RangeError(`unknown tag ${tag}`);
    }
  }
  return { tables, logNumber };
}
