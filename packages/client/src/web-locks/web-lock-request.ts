import type { WebLock, WebLockMode, WebLockOptions } from "./web-lock-manager.ts";

/** A request that is in order. */
export interface WebLockRequest {
  readonly name: string;
  readonly mode: WebLockMode;
  readonly ifAvailable: boolean;
  readonly steal: boolean;
  readonly signal: AbortSignal | null;
  readonly callback: (lock: WebLock | null) => unknown;
}

/**
 * Checks a request in the order of the specification (Web Locks API, "request() method").
 * @throws TypeError for what is no callback, mode or signal; DOMException NotSupportedError for what does not go together;
 *   the signal's reason if it has aborted
 */
export function checkedRequest(
  name: string,
  options: WebLockOptions,
  callback: unknown,
): WebLockRequest {
  if (typeof callback !== "function") throw new TypeError("the callback is not a function");
  const { mode = "exclusive", ifAvailable = false, steal = false, signal } = options;
  if (mode !== "exclusive" && mode !== "shared") throw new TypeError(`${mode} is not a lock mode`);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("the signal is not an AbortSignal");
  }
  const text = String(name);
  if (text.startsWith("-")) throw notSupported("names cannot start with '-'");
  if (steal && ifAvailable) throw notSupported("steal and ifAvailable are mutually exclusive");
  if (steal && mode !== "exclusive") throw notSupported("steal is for exclusive locks");
  if (signal && (steal || ifAvailable)) {
    throw notSupported("a signal goes neither with steal nor with ifAvailable");
  }
  signal?.throwIfAborted();
  return {
    name: text,
    mode,
    ifAvailable,
    steal,
    signal: signal ?? null,
    callback: callback as WebLockRequest["callback"],
  };
}

function notSupported(message: string): DOMException {
  return new DOMException(message, "NotSupportedError");
}
