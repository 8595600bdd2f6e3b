import { type ByteString, bytesOf } from "@conclave/base";
import { type Comparison, compare } from "../kv/compare.ts";
import { type Op, op, type PutOptions } from "../kv/op.ts";

/** What a key shall be; `bytes` null: absent. */
interface Write {
  readonly bytes: Uint8Array | null;
  readonly options: PutOptions;
}

/** What an attempt wants to write, once per key: the last word counts. */
export class WriteSet {
  readonly #writes = new Map<ByteString, Write>();

  put(key: ByteString, bytes: Uint8Array, options: PutOptions): void {
    this.#writes.set(key, { bytes, options });
  }

  delete(key: ByteString): void {
    this.#writes.set(key, { bytes: null, options: {} });
  }

  get(key: ByteString): Write | undefined {
    return this.#writes.get(key);
  }

  get size(): number {
    return this.#writes.size;
  }

  entries(): IterableIterator<[ByteString, Write]> {
    return this.#writes.entries();
  }

  ops(): Op<unknown>[] {
    return [...this.#writes].map(([byteString, { bytes, options }]) => {
      const key = bytesOf(byteString);
      return bytes === null ? op.delete(key) : op.put(key, bytes, options);
    });
  }

  /** Nobody has written these keys since the snapshot. Those that were read have a stricter condition already. */
  conditions(snapshotRevision: number, read: ReadonlyMap<ByteString, unknown>): Comparison[] {
    return [...this.#writes.keys()]
      .filter((key) => !read.has(key))
      .map((key) => compare({ key: bytesOf(key) }).modRevision.lt(snapshotRevision + 1));
  }
}
