import { onAbort } from "../abort.ts";
import type { Client } from "../client.ts";
import { ConclaveError, LockLostError } from "../errors.ts";
import type { Lock } from "../locks/locks.ts";
import type { QueuedLock } from "../locks/query.ts";
import type {
  WebLockInfo,
  WebLockManager,
  WebLockManagerSnapshot,
  WebLockOptions,
} from "./web-lock-manager.ts";
import { checkedRequest, type WebLockRequest } from "./web-lock-request.ts";

/** Where the locks live. */
export interface WebLocksOptions {
  /** Put before every name, within the client's namespace. Default `"web-locks/"`. */
  readonly prefix?: string;
}

/**
 * `navigator.locks`, held across processes and machines: code that is written for the Web Locks API runs on it unchanged.
 * A lock that is lost (its lease ran out, or it was stolen) rejects its request with an `AbortError`, whose `cause` says why;
 * for a fence and a signal use `client.locks`. Of several requests of one client that wait for one name, `query` shows the
 * first: the others wait in their process. Source: w3c.github.io/web-locks.
 *
 * @example
 * ```ts
 * import { webLocks } from "@conclave/client/web-locks";
 *
 * const locks = webLocks(client);
 * const answer = await locks.request("report", { mode: "shared" }, async (lock) => `${lock?.name} is held`);
 * console.log(answer, await locks.query());
 * ```
 */
export function webLocks(client: Client, options: WebLocksOptions = {}): WebLockManager {
  return new DistributedWebLocks(client, options.prefix ?? "web-locks/");
}

type Body = (lock: never) => unknown;

class DistributedWebLocks implements WebLockManager {
  readonly #client: Client;
  readonly #prefix: string;

  constructor(client: Client, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  async request<Result>(
    name: string,
    ...rest: readonly [Body] | readonly [WebLockOptions, Body]
  ): Promise<Result> {
    const [options, callback] = rest.length === 1 ? [{}, rest[0]] : rest;
    const request = checkedRequest(name, options, callback);
    const lock = await take(this.#client, `${this.#prefix}${encodedName(request.name)}`, request);
    if (lock === null) return (await request.callback(null)) as Result;
    const granted = { name: request.name, mode: request.mode };
    const body = () => request.callback(granted) as Result | Promise<Result>;
    return Promise.race([this.#client.locks.runUnder(lock, body), untilLost(lock)]).catch(
      (error: unknown) => {
        throw error instanceof LockLostError ? abortError("the lock was lost", error) : error;
      },
    );
  }

  async query(): Promise<WebLockManagerSnapshot> {
    const { held, pending } = await this.#client.locks.query(this.#prefix);
    const infoOf = (queued: QueuedLock) => lockInfo(this.#prefix, queued);
    return { held: held.map(infoOf), pending: pending.map(infoOf) };
  }
}

/** Rejects when the lock is lost; stays pending after a release. */
function untilLost(lock: Lock): Promise<never> {
  return new Promise((_, reject) => {
    onAbort(lock.signal, () => {
      if (lock.signal.reason instanceof LockLostError) reject(lock.signal.reason);
    });
  });
}

async function take(
  client: Client,
  name: string,
  { mode, ifAvailable, steal, signal }: WebLockRequest,
): Promise<Lock | null> {
  for (;;) {
    try {
      if (ifAvailable) return await client.locks.try(name, { mode });
      return await client.locks.acquire(name, { mode, steal, ...(signal && { signal }) });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      // A thief removed all that waited, too; here a request keeps waiting until it is granted.
      const isOvertaken = error instanceof ConclaveError && error.code === "LOCK_LOST";
      if (!isOvertaken) throw error;
    }
  }
}

/** Any text is a name; in a key it has no slash, for there slashes part the queues. */
function encodedName(name: string): string {
  return `=${encodeURIComponent(Buffer.from(name).toString())}`;
}

function lockInfo(prefix: string, { name, mode, owner, leaseId }: QueuedLock): WebLockInfo {
  const clientId = owner?.host ? `${owner.host}/${owner.pid}` : leaseId.toString(16);
  const decoded = decodeURIComponent(name.slice(prefix.length + 1));
  return { name: decoded, mode: mode === "shared" ? "shared" : "exclusive", clientId };
}

function abortError(message: string, cause: unknown): DOMException {
  const error = new DOMException(message, "AbortError");
  Object.defineProperty(error, "cause", { value: cause, configurable: true });
  return error;
}
