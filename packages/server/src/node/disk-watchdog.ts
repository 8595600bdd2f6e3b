import type { Logger } from "../observe/logger.ts";
import type { Wal } from "../storage/wal.ts";

export interface DiskWatchdogOptions {
  readonly wal: Pick<Wal, "stalledMs">;
  /** A write that takes longer than this is a disk that hangs. Milliseconds. */
  readonly patienceMs: number;
  readonly isLeader: () => boolean;
  /** Gives leadership away, if somebody can take it; resolves when that is done, or cannot be. */
  readonly handOver: () => Promise<void>;
  readonly logger: Logger;
}

/**
 * Looks whether the log's disk still answers. A leader whose disk hangs goes on sending heartbeats and appends, so its
 * followers have no reason to replace it, but nothing that its clients ask of it can be answered: it hands over (F12). The
 * successor needs nothing that is not on the followers' disks.
 */
export class DiskWatchdog {
  readonly #o: DiskWatchdogOptions;
  #isHanging = false;
  #isHandingOver = false;
  /** Times that the disk hung. Count. */
  stalls = 0;

  constructor(options: DiskWatchdogOptions) {
    this.#o = options;
  }

  /** Called at every heartbeat interval. */
  onTick(): void {
    const { wal, patienceMs, logger } = this.#o;
    const { stalledMs } = wal;
    const isHanging = stalledMs > patienceMs;
    if (isHanging && !this.#isHanging) {
      this.stalls += 1;
      logger.warn("the disk does not answer: a write to the log has not returned", { stalledMs });
    }
    if (!isHanging && this.#isHanging) logger.info("the disk answers again");
    this.#isHanging = isHanging;
    if (isHanging && this.#o.isLeader()) this.#maybeHandOver();
  }

  #maybeHandOver(): void {
    if (this.#isHandingOver) return;
    this.#isHandingOver = true;
    this.#o.handOver().finally(() => {
      this.#isHandingOver = false;
    });
  }
}
