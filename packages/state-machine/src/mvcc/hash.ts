import { assert, crc32c } from "@conclave/base";
import { mainOfRevisionKey, subOfRevisionKey, TABLE } from "../records.ts";
import { KeyValueView } from "./key-value.ts";
import { NO_SLOT } from "./revision.ts";
import type { MvccStore } from "./store.ts";

/**
 * The hash that members compare: CRC-32C over the table's name and every record up to a revision, in order. Of what is
 * not after the compact revision only the newest live revision of each key counts, so that members whose sweeps are at
 * different places agree. The caller feeds all records of the revision table and holds its sweep meanwhile.
 */
export class KeyValueHash {
  readonly revision: number;
  readonly compactRevision: number;
  readonly #store: MvccStore;
  readonly #view = new KeyValueView();
  #crc = crc32c(Buffer.from("key"));

  /** @param revision hash up to it; 0: the store's revision now */
  constructor(store: MvccStore, revision: number) {
    this.#store = store;
    this.revision = revision === 0 ? store.revision : revision;
    this.compactRevision = store.compactRevision;
  }

  /** Takes in one record. Records come in key order. @returns false once no later record counts */
  add(key: string, pair: Uint8Array): boolean {
    assert(key.startsWith(TABLE.revision), "a record of another table");
    const main = mainOfRevisionKey(key);
    if (main > this.revision) return false;
    if (main <= this.compactRevision && !this.#isKept(main, subOfRevisionKey(key), pair))
      return true;
    this.#crc = crc32c(pair, crc32c(Buffer.from(key, "latin1"), this.#crc));
    return true;
  }

  /** Unsigned 32 bits. */
  digest(): number {
    return this.#crc;
  }

  #isKept(main: number, sub: number, pair: Uint8Array): boolean {
    const view = this.#view.read(pair);
    if (view.isTombstone) return false;
    const { index } = this.#store;
    const { revisions } = index;
    const kept = revisions.atRevision(index.newest(view.key()), this.compactRevision);
    return kept !== NO_SLOT && revisions.main(kept) === main && revisions.sub(kept) === sub;
  }
}
