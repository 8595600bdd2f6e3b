/** The package has declarations, but its manifest does not say where: what the tests use of them. */
declare module "redlock" {
  import type { Redis } from "ioredis";

  interface Settings {
    readonly retryCount?: number;
    /** ms. */
    readonly retryDelay?: number;
    /** ms. */
    readonly retryJitter?: number;
  }

  interface HeldLock {
    release(): Promise<unknown>;
  }

  export default class Redlock {
    constructor(clients: Iterable<Redis>, settings?: Settings);
    acquire(resources: string[], durationMs: number): Promise<HeldLock>;
    using<T>(
      resources: string[],
      durationMs: number,
      routine: (signal: AbortSignal) => Promise<T>,
    ): Promise<T>;
  }
}
