import { type Deferred, deferred } from "@conclave/base";
import { type MirrorBatch, PendingBatch } from "./batch.ts";

type Result<T> = IteratorResult<MirrorBatch<T>>;

/** One reader of a mirror's changes. What it has not taken is merged, so it holds no more than the range has keys. */
export class BatchReader<T> implements AsyncIterableIterator<MirrorBatch<T>> {
  readonly #onLeft: (reader: BatchReader<T>) => void;
  readonly #waiting: Deferred<Result<T>>[] = [];
  #pending: PendingBatch<T> | null = null;
  #over: { readonly error: unknown } | null = null;

  /** `onLeft` is called when it wants no more. */
  constructor(onLeft: (reader: BatchReader<T>) => void) {
    this.#onLeft = onLeft;
  }

  push(batch: MirrorBatch<T>): void {
    this.#pending ??= new PendingBatch();
    this.#pending.merge(batch);
    this.#waiting.shift()?.resolve({ done: false, value: this.#takePending()! });
  }

  /** No more comes; what is pending can still be taken. Then it rejects once with `error`, unless that is null. */
  end(error: unknown): void {
    if (this.#over !== null) return;
    this.#over = { error };
    for (const waiting of this.#waiting.splice(0))
      this.next().then(waiting.resolve, waiting.reject);
  }

  next(): Promise<Result<T>> {
    const value = this.#takePending();
    if (value !== null) return Promise.resolve({ done: false, value });
    if (this.#over === null) {
      const waiting = deferred<Result<T>>();
      this.#waiting.push(waiting);
      return waiting.promise;
    }
    const { error } = this.#over;
    this.#over = { error: null };
    return error === null
      ? Promise.resolve({ done: true, value: undefined })
      : Promise.reject(error);
  }

  return(): Promise<Result<T>> {
    this.#onLeft(this);
    this.#pending = null;
    this.end(null);
    this.#over = { error: null };
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #takePending(): PendingBatch<T> | null {
    const pending = this.#pending;
    this.#pending = null;
    return pending;
  }
}
