import { VarintReader } from "./varint.ts";

/** What a database consists of, as its MANIFEST says. */
export interface LiveFiles {
  /** Number and size in bytes of each table. */
  readonly tables: ReadonlyMap<number, number>;
  /** Logs of this number and above are read at opening. */
  readonly logNumber: number;
}

/** The sum of the edits in a MANIFEST (LevelDB's version_edit.cc). @throws RangeError if they are none */
export function liveFiles(edits: readonly Buffer[]): LiveFiles {
  const tables = new Map<number, number>();
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
        tables.set(reader.number(), reader.number());
        reader.text();
        reader.text();
      } else throw new RangeError(`unknown tag ${tag}`);
    }
  }
  return { tables, logNumber };
}
