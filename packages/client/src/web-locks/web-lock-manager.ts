/** As in the Web Locks API. */
export type WebLockMode = "exclusive" | "shared";

/** A granted lock, as its callback gets it. */
export interface WebLock {
  /** As it was asked for. */
  readonly name: string;
  /** As it was asked for. */
  readonly mode: WebLockMode;
}

/**
 * As in the Web Locks API.
 *
 * @example
 * ```ts
 * import { webLocks } from "@conclave/client/web-locks";
 *
 * const locks = webLocks(client, { prefix: "app/" });
 * const giveUp = AbortSignal.timeout(60_000);
 * await locks.request("report", { mode: "shared", signal: giveUp }, async (lock) => {
 *   console.log(`${lock?.name} is held, ${lock?.mode}`);
 *   await locks.request("report", { ifAvailable: true }, (free) => console.log(free)); // null
 * });
 * await locks.request("report", { steal: true }, () => {}); // from whoever has it
 * ```
 */
export interface WebLockOptions {
  /** Default `"exclusive"`. */
  readonly mode?: WebLockMode;
  /** Call back with `null` at once if the lock is not free. */
  readonly ifAvailable?: boolean;
  /** Take the lock from whoever holds it. Their requests reject with an `AbortError`. */
  readonly steal?: boolean;
  /** Gives the waiting up. It has no effect once the lock is granted. */
  readonly signal?: AbortSignal;
}

/**
 * A lock that is held or asked for, as {@link WebLockManager.query} shows it.
 *
 * @example
 * ```ts
 * import { webLocks } from "@conclave/client/web-locks";
 *
 * const locks = webLocks(client);
 * await locks.request("report", async () => {
 *   const { held, pending } = await locks.query();
 *   for (const { name, mode, clientId } of held) console.log(`${clientId} has ${name}, ${mode}`);
 *   console.log(`${pending.length} wait`);
 * });
 * ```
 */
export interface WebLockInfo {
  /** As it was asked for. */
  readonly name: string;
  /** As it was asked for. */
  readonly mode: WebLockMode;
  /** Host and process. */
  readonly clientId: string;
}

/** As in the Web Locks API. */
export interface WebLockManagerSnapshot {
  /** Granted, in the order of their names. */
  readonly held: WebLockInfo[];
  /** Waiting, those of one name in the order in which they asked. */
  readonly pending: WebLockInfo[];
}

/** What `navigator.locks` is: everything of the Web Locks API, and nothing else. */
export interface WebLockManager {
  /**
   * Waits for the lock, calls back, and frees it when what came back has settled.
   * @returns what the callback returned
   * @throws what it threw; DOMException AbortError if the lock was lost or stolen, NotSupportedError for options that do not
   *   go together; TypeError; the signal's reason
   */
  request<Result>(
    name: string,
    callback: (lock: WebLock) => Result | PromiseLike<Result>,
  ): Promise<Result>;
  request<Result>(
    name: string,
    options: WebLockOptions,
    callback: (lock: WebLock | null) => Result | PromiseLike<Result>,
  ): Promise<Result>;
  /**
   * What is held and what waits now, everywhere.
   * @throws ConclaveError if the server cannot be asked
   */
  query(): Promise<WebLockManagerSnapshot>;
}
