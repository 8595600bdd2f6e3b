import { onAbort } from "../abort.ts";

/** What can be given to a scope. */
export type Disposes = AsyncDisposable | Disposable | null | undefined;

/**
 * Resources that die with a hold: when its signal aborts, or when the scope ends, whichever is first, they are disposed of,
 * last in, first out. What one term made, the next cannot use by mistake (failure mode 26). Its methods are those of
 * `AsyncDisposableStack`, which Node has from 24 on.
 *
 * @example
 * ```ts
 * import { open } from "node:fs/promises";
 * import { devNull } from "node:os";
 *
 * await client.locks.request("import", async (lock) => {
 *   await using scope = await lock.scope();
 *   const file = scope.use(await open(devNull, "w")); // closed with the hold
 *   const seen = scope.adopt(new Set<string>(), (set) => set.clear());
 *   scope.defer(() => console.log(`${seen.size} seen`));
 *   if (!scope.disposed) await file.write("first\n");
 *   seen.add("first");
 * });
 * ```
 */
export class HoldScope implements AsyncDisposable {
  readonly #disposals: (() => unknown)[] = [];
  #stopListening = () => {};
  #disposing: Promise<void> | null = null;

  /** @internal */
  constructor(signal: AbortSignal) {
    // What fails there has nobody to be told but whoever ends the scope.
    this.#stopListening = onAbort(signal, () => void this.#dispose().catch(() => {}));
  }

  /** Whether it has begun to dispose of what it holds. */
  get disposed(): boolean {
    return this.#disposing !== null;
  }

  /** Disposes of `resource` with the scope, and returns it. @throws ReferenceError if the scope is over; the resource is disposed of */
  use<Resource extends Disposes>(resource: Resource): Resource {
    if (resource === null || resource === undefined) return resource;
    const dispose = disposalOf(resource);
    return this.adopt(resource, () => dispose.call(resource));
  }

  /** Calls `dispose` with `value` when the scope ends, and returns the value. @throws as {@link use} does */
  adopt<Value>(value: Value, dispose: (value: Value) => unknown): Value {
    this.defer(() => dispose(value));
    return value;
  }

  /** Calls back when the scope ends. @throws ReferenceError if it is over; it is called all the same */
  defer(callback: () => unknown): void {
    if (this.#disposing !== null) {
      void Promise.resolve()
        .then(callback)
        .catch(() => {});
      throw new ReferenceError("the hold is over, and its scope with it");
    }
    this.#disposals.push(callback);
  }

  /** Ends the scope. @throws what a disposal threw; of several, an AggregateError with all of them */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#dispose();
  }

  #dispose(): Promise<void> {
    this.#disposing ??= this.#disposeAll();
    return this.#disposing;
  }

  async #disposeAll(): Promise<void> {
    this.#stopListening();
    const errors: unknown[] = [];
    for (const dispose of this.#disposals.splice(0).reverse()) {
      try {
        await dispose();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, "several resources failed to end");
  }
}

function disposalOf(resource: AsyncDisposable | Disposable): () => unknown {
  const dispose = Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose] : undefined;
  if (typeof dispose === "function") return dispose;
  const now = Symbol.dispose in resource ? resource[Symbol.dispose] : undefined;
  if (typeof now !== "function") throw new TypeError("not a disposable resource");
  return now;
}
