import type { Clock } from "@conclave/base";
import type { Disk } from "./disk.ts";
import type { Identity } from "./identity.ts";
import type { DatabaseHost } from "./level-database.ts";
import type { StorageFailure } from "./storage-error.ts";

export interface StorageOptions {
  readonly identity: Identity;
  readonly clock: Clock;
  /** Called once, when a write of the log or of the state failed. The process must end. */
  readonly onFatal: (error: StorageFailure) => void;
  /** Size of a log segment. Bytes. Default: the log's, and 1 MiB in memory. */
  readonly segmentBytes?: number;
  /** When the log writes what was appended in a turn: see WalOptions. */
  readonly schedule?: (task: () => void) => void;
  /** Told in one line what was found damaged and is repaired. */
  readonly onRepair?: (message: string) => void;
  /** The disk under everything but LevelDB. Default: the real one. */
  readonly disk?: Disk;
  /** Draws 64 bits that nobody drew before: names of directories and of their starts. Default: the system's randomness. */
  readonly drawId?: () => bigint;
  /** Where LevelDB's databases live. Default: the real file system. */
  readonly databases?: DatabaseHost;
}
