/** `@conclave/client/web-locks`: the Web Locks API, across machines. */
export type {
  WebLock,
  WebLockInfo,
  WebLockManager,
  WebLockManagerSnapshot,
  WebLockMode,
  WebLockOptions,
} from "./web-lock-manager.ts";
export { type WebLocksOptions, webLocks } from "./web-locks.ts";
