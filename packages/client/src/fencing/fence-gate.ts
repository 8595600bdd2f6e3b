import { type FenceToken, fenceRevision, StaleFenceError } from "./fence-token.ts";

/**
 * Where a {@link FenceGate} keeps the greatest fence of each resource. It must outlive the holders.
 *
 * @example
 * ```ts
 * import { type FenceStore, fenceGate } from "@conclave/client/fencing";
 *
 * // In the cluster itself, for a resource that many processes guard.
 * const store: FenceStore = {
 *   async read(resource) {
 *     const pair = await client.kv.get(`fences/${resource}`);
 *     return pair === null ? null : Number(pair.text);
 *   },
 *   async compareAndSet(resource, expected, next) {
 *     const { value } = await client.transact(async (tx) => {
 *       const found = await tx.get(`fences/${resource}`);
 *       if ((found === null ? null : Number(found)) !== expected) return false;
 *       tx.put(`fences/${resource}`, String(next));
 *       return true;
 *     });
 *     return value;
 *   },
 * };
 * await fenceGate(store).admit("printer/1", 42);
 * ```
 */
export interface FenceStore {
  /**
   * The greatest fence of a resource, or null before the first.
   * @throws what its database does; whoever asks to be admitted gets it
   */
  read(resource: string): Promise<number | null> | number | null;
  /**
   * Atomically replaces `expected` by `next`.
   * @returns false, with nothing changed, if it was not `expected`
   * @throws as {@link read} does
   */
  compareAndSet(
    resource: string,
    expected: number | null,
    next: number,
  ): Promise<boolean> | boolean;
}

/** Refuses former holders. Made by {@link fenceGate}. */
export interface FenceGate {
  /**
   * Lets a fence through that is at least as great as any before, and remembers it.
   *
   * Between this answer and a write that follows, a greater fence may come: where the resource itself can compare, let
   * it (see {@link sqlFence}, {@link objectPrecondition}), and keep the gate for what cannot.
   *
   * @throws StaleFenceError for a smaller one; RangeError for what is no fence; what the store throws
   */
  admit(resource: string, token: FenceToken): Promise<void>;
}

/** Each lost race means that a greater fence was stored; so many greater ones in one call mean a broken store. Count. */
const RACES_MAX = 100;

/**
 * A gate before a resource that cannot compare fences by itself.
 *
 * @example
 * ```ts
 * import { fenceGate, memoryFenceStore } from "@conclave/client/fencing";
 *
 * const gate = fenceGate(memoryFenceStore());
 * await client.locks.request("printer/1", async (lock) => {
 *   await gate.admit("printer/1", lock.fence); // throws StaleFenceError
 *   console.log("prints");
 * });
 * ```
 */
export function fenceGate(store: FenceStore): FenceGate {
  return {
    async admit(resource, token) {
      const fence = fenceRevision(token);
      for (let race = 0; race < RACES_MAX; race += 1) {
        const highest = await store.read(resource);
        if (highest !== null && fence < highest) {
          throw new StaleFenceError(resource, fence, highest);
        }
        if (highest === fence || (await store.compareAndSet(resource, highest, fence))) return;
      }
      throw new Error(`the fence store lost ${RACES_MAX} races for ${JSON.stringify(resource)}`);
    },
  };
}

/**
 * A store for a resource that lives and dies with this process, and for tests. It forgets nothing: one entry for each
 * resource it was asked about.
 *
 * @example
 * ```ts
 * import { fenceGate, memoryFenceStore } from "@conclave/client/fencing";
 *
 * const gate = fenceGate(memoryFenceStore());
 * await gate.admit("printer/1", 42);
 * ```
 */
export function memoryFenceStore(): FenceStore {
  const highest = new Map<string, number>();
  return {
    read: (resource) => highest.get(resource) ?? null,
    compareAndSet(resource, expected, next) {
      if ((highest.get(resource) ?? null) !== expected) return false;
      highest.set(resource, next);
      return true;
    },
  };
}
