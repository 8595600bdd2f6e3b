import type { Prng } from "@conclave/base";
import type { History as Holds } from "../../../packages/testing/src/history.ts";
import type { ChaosCluster } from "../cluster.ts";
import type { History as Operations } from "../operations.ts";

/** What clients work on and write down. All times are of one monotonic clock, ms. */
export interface Scene {
  readonly cluster: ChaosCluster;
  readonly prng: Prng;
  /** What was asked of keys and leases, and answered. */
  readonly operations: Operations;
  /** Locks, terms and watches. */
  readonly holds: Holds;
  nowMs(): number;
  /** A worker found what must never be. */
  fail(problem: string): void;
}

/** One client at work: it ends its operation and then itself when it is told to stop. */
export interface Worker {
  readonly name: string;
  run(): Promise<void>;
  stop(): void;
  close(): Promise<void>;
}
