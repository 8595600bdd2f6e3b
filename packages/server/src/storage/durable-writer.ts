import type { Clock } from "@conclave/base";
import type { DiskFile } from "./disk.ts";

/** Up to here a write is made on the loop's own thread; for larger ones the loop has better things to do. Bytes. */
const WRITE_NOW_BYTES_MAX = 64 * 1024;
/**
 * A write on the loop's own thread that takes longer sends the next ones to the thread pool. Milliseconds. Not less: on a quick disk of a
 * busy machine one write in a hundred takes over 1 ms, and whoever turned to the pool for those took twice as long for all the others.
 */
const WRITE_NOW_MS_MAX = 4;
/** So many, and after each further slow one twice as many. Count. */
const POOL_WRITES_MIN = 64;
const POOL_WRITES_MAX = 4_096;
/** So many quick writes in a row, and the next slow one is the first again. Count. */
const QUICK_WRITES_TO_FORGIVE = 64;

/**
 * Two ways to make bytes durable, chosen by measurement (write of 400 bytes to a preallocated file, median): on the loop's own
 * thread 0.09 ms, through the thread pool 0.12 ms in one trip and 0.16 in two. So a small group on a quick disk is written at
 * once, but only one in a turn of the event loop: appends that come one by one would each wait for the disk otherwise,
 * when they could be one group (256 callers: 40 k appends a second instead of 200 k). A large group is better written beside the
 * next requests. A slow disk may stall the loop once, then the pool has it for a while, and longer each time that it is slow again.
 * How quick the pool is does not count: on a busy machine its threads wait for a processor longer than for the disk.
 */
export class DurableWriter {
  readonly #clock: Clock;
  /** Writes that go through the pool before the loop's own thread tries again. */
  #poolWritesLeft = 0;
  #poolWritesNext = POOL_WRITES_MIN;
  #quickWrites = 0;
  /** This turn of the event loop has had its synchronous write. */
  #isTurnUsed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `done` when the bytes are durable or the write failed: within this call if it was made at once, else later. */
  write(
    file: DiskFile,
    offset: number,
    bytes: Uint8Array,
    done: (failure: { readonly cause: unknown } | null) => void,
  ): void {
    if (
      file.writeDurablyNow !== undefined &&
      this.#poolWritesLeft === 0 &&
      !this.#isTurnUsed &&
      bytes.length <= WRITE_NOW_BYTES_MAX
    ) {
      const startedMs = this.#clock.nowMs();
      try {
        file.writeDurablyNow(offset, bytes);
      } catch (cause) {
        done({ cause });
        return;
      }
      this.#learnFrom(this.#clock.nowMs() - startedMs);
      this.#isTurnUsed = true;
      setImmediate(() => {
        this.#isTurnUsed = false;
      });
      done(null);
      return;
    }
    if (this.#poolWritesLeft > 0) this.#poolWritesLeft -= 1;
    file.writeDurably(offset, bytes).then(
      () => done(null),
      (cause: unknown) => done({ cause }),
    );
  }

  #learnFrom(elapsedMs: number): void {
    if (elapsedMs <= WRITE_NOW_MS_MAX) {
      this.#quickWrites += 1;
      if (this.#quickWrites >= QUICK_WRITES_TO_FORGIVE) this.#poolWritesNext = POOL_WRITES_MIN;
      return;
    }
    this.#quickWrites = 0;
    this.#poolWritesLeft = this.#poolWritesNext;
    this.#poolWritesNext = Math.min(2 * this.#poolWritesNext, POOL_WRITES_MAX);
  }
}
