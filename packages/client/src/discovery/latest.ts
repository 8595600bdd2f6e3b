import { type Deferred, deferred } from "@conclave/base";

/** One reader of a value that changes. It holds no more than the latest value it has not taken. */
class LatestReader<T> implements AsyncIterableIterator<T> {
  readonly #onLeft: (reader: LatestReader<T>) => void;
  readonly #waiting: Deferred<IteratorResult<T>>[] = [];
  #untaken: { readonly value: T } | null = null;
  #over: { readonly error: unknown } | null = null;

  constructor(onLeft: (reader: LatestReader<T>) => void) {
    this.#onLeft = onLeft;
  }

  push(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#untaken = { value };
    else waiting.resolve({ done: false, value });
  }

  end(error: unknown): void {
    if (this.#over !== null) return;
    this.#over = { error };
    for (const waiting of this.#waiting.splice(0))
      this.next().then(waiting.resolve, waiting.reject);
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#untaken !== null) {
      const { value } = this.#untaken;
      this.#untaken = null;
      return Promise.resolve({ done: false, value });
    }
    if (this.#over === null) {
      const waiting = deferred<IteratorResult<T>>();
      this.#waiting.push(waiting);
      return waiting.promise;
    }
    const { error } = this.#over;
    this.#over = { error: null };
    return error === null
      ? Promise.resolve({ done: true, value: undefined })
      : Promise.reject(error);
  }

  return(): Promise<IteratorResult<T>> {
    this.#onLeft(this);
    this.#untaken = null;
    this.end(null);
    this.#over = { error: null };
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/**
 * A value that changes, and those who follow it. Each reader starts with the value now; one that is slow skips what was
 * superseded before it looked.
 */
export class Latest<T> {
  readonly #readers = new Set<LatestReader<T>>();
  #value: T;
  #over: { readonly error: unknown } | null = null;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (this.#over !== null || Object.is(value, this.#value)) return;
    this.#value = value;
    for (const reader of this.#readers) reader.push(value);
  }

  /** Ends all readers, those to come too; with `error` they reject once, unless it is null. */
  end(error: unknown): void {
    if (this.#over !== null) return;
    this.#over = { error };
    for (const reader of this.#readers) reader.end(error);
    this.#readers.clear();
  }

  read(): AsyncIterableIterator<T> {
    const reader = new LatestReader<T>((left) => this.#readers.delete(left));
    reader.push(this.#value);
    if (this.#over === null) this.#readers.add(reader);
    else reader.end(this.#over.error);
    return reader;
  }
}
