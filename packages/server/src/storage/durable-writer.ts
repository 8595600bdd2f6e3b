import type { Clock } from "@conclave/base";
import type { DiskFile } from "./disk.ts";

/** Up to here a write is made on the loop's own thread; for larger ones the loop has better things to do. Bytes. */
const WRITE_NOW_BYTES_MAX = 64 * 1024;
/** A write on the loop's own thread that takes longer sends the next ones to the thread pool. Milliseconds. */
const WRITE_NOW_MS_MAX = 1;
/** So many fast writes in a row through the pool, and the loop's own thread is trusted to the disk again. */
const FAST_WRITES_TO_RETURN = 64;

/**
 * Two ways to make bytes durable, chosen by measurement (write of 400 bytes to a preallocated file, median): on the loop's own
 * thread 0.09 ms, through the thread pool 0.12 ms in one trip and 0.16 in two. So a small group on a quick disk is written at
 * once, but only one in a turn of the event loop: appends that come one by one would each wait for the disk otherwise,
 * when they could be one group (256 callers: 40 k appends a second instead of 200 k). A large group is better written beside the
 * next requests. A slow disk may stall the loop once, then it is given the pool until it has been quick for a while.
 */
export class DurableWriter {
  readonly #clock: Clock;
  #isDiskQuick = true;
  #fastWrites = 0;
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
    const started = this.#clock.nowMs();
    if (
      file.writeDurablyNow !== undefined &&
      this.#isDiskQuick &&
      !this.#isTurnUsed &&
      bytes.length <= WRITE_NOW_BYTES_MAX
    ) {
      try {
        file.writeDurablyNow(offset, bytes);
      } catch (cause) {
        done({ cause });
        return;
      }
      this.#isDiskQuick = this.#clock.nowMs() - started <= WRITE_NOW_MS_MAX;
      this.#isTurnUsed = true;
      setImmediate(() => {
        this.#isTurnUsed = false;
      });
      done(null);
      return;
    }
    file.writeDurably(offset, bytes).then(
      () => {
        this.#learnFrom(this.#clock.nowMs() - started);
        done(null);
      },
      (cause: unknown) => done({ cause }),
    );
  }

  #learnFrom(elapsedMs: number): void {
    if (this.#isDiskQuick) return;
    this.#fastWrites = elapsedMs <= WRITE_NOW_MS_MAX ? this.#fastWrites + 1 : 0;
    if (this.#fastWrites < FAST_WRITES_TO_RETURN) return;
    this.#isDiskQuick = true;
    this.#fastWrites = 0;
  }
}
