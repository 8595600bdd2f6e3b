import type { Logger } from "../observe/logger.ts";

export interface DiskSpace {
  /** What this process may still use. */
  readonly availableBytes: number;
  readonly totalBytes: number;
}

const MIB = 1024 * 1024;

/** How often the file system is asked. Milliseconds. */
const LOOK_INTERVAL_MS = 1_000;
/** What the log's next segments and LevelDB's merges may want before anybody can make room. Bytes. */
const RESERVE_BYTES = 128 * MIB;
/** On a small file system the reserve is this part of it at most. */
const RESERVE_PART = 0.1;

export interface DiskSpaceWatchOptions {
  readonly look: () => Promise<DiskSpace>;
  /** Raises the NOSPACE alarm for this member. @returns false if it is raised already */
  readonly raise: () => boolean;
  readonly clear: () => void;
  readonly logger: Logger;
}

/**
 * Looks whether the file system of the data directory is about to be full, while there is still room to work in: a log or a
 * database that cannot be written ends the process. What it raised it takes back once there is twice the reserve again.
 */
export class DiskSpaceWatch {
  readonly #o: DiskSpaceWatchOptions;
  #nextLookMs = 0;
  #isLooking = false;
  /** The alarm is ours to take back; one for the quota is the operator's. */
  #isRaisedHere = false;

  constructor(options: DiskSpaceWatchOptions) {
    this.#o = options;
  }

  /** Called at every heartbeat interval. */
  onTick(nowMs: number): void {
    if (nowMs < this.#nextLookMs || this.#isLooking) return;
    this.#nextLookMs = nowMs + LOOK_INTERVAL_MS;
    this.#isLooking = true;
    const done = (): void => {
      this.#isLooking = false;
    };
    // A file system that cannot even be asked will fail its next write: that is told there.
    this.#o
      .look()
      .then(
        (space) => this.#judge(space),
        () => {},
      )
      .finally(done);
  }

  #judge({ availableBytes, totalBytes }: DiskSpace): void {
    const { logger } = this.#o;
    const reserveBytes = Math.min(RESERVE_BYTES, totalBytes * RESERVE_PART);
    const availableMiB = Math.floor(availableBytes / MIB);
    if (availableBytes < reserveBytes && this.#o.raise()) {
      this.#isRaisedHere = true;
      logger.warn("the disk is almost full; raising the NOSPACE alarm: free space on it", {
        availableMiB,
      });
    } else if (this.#isRaisedHere && availableBytes > 2 * reserveBytes) {
      this.#isRaisedHere = false;
      this.#o.clear();
      logger.info("the disk has room again; taking the NOSPACE alarm back", { availableMiB });
    }
  }
}
