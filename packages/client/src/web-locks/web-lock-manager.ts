/** As in the Web Locks API. */
export type WebLockMode = "exclusive" | "shared";

/** A granted lock, as its callback gets it. */
export interface WebLock {
  readonly name: string;
  readonly mode: WebLockMode;
}

/** As in the Web Locks API. */
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

/** A lock that is held or asked for, as {@link WebLockManager.query} shows it. */
export interface WebLockInfo {
  readonly name: string;
  readonly mode: WebLockMode;
  /** Host and process. */
  readonly clientId: string;
}

/** As in the Web Locks API. */
export interface WebLockManagerSnapshot {
  readonly held: WebLockInfo[];
  readonly pending: WebLockInfo[];
}

/** What `navigator.locks` is: everything of the Web Locks API, and nothing else. */
export interface WebLockManager {
  request<Result>(
    name: string,
    callback: (lock: WebLock) => Result | PromiseLike<Result>,
  ): Promise<Result>;
  request<Result>(
    name: string,
    options: WebLockOptions,
    callback: (lock: WebLock | null) => Result | PromiseLike<Result>,
  ): Promise<Result>;
  query(): Promise<WebLockManagerSnapshot>;
}
