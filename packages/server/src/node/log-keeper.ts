import type { Entry, LogIndex, Raft } from "@conclave/raft";
import type { DurableStateStore } from "../storage/durable-state-store.ts";
import type { Wal } from "../storage/wal.ts";

/** How much of the log is kept. */
export interface LogLimits {
  /** Bytes of entries after which the log is cut, whatever their number. */
  readonly cutBytes: number;
  /**
   * Bytes of entries in a stretch. {@link STRETCHES_KEPT} of them stay in memory behind the cut, so that a follower a
   * little behind needs no snapshot: seconds of full load, where etcd's 5,000 entries are a fraction of one. A member
   * without others keeps none.
   */
  readonly stretchBytes: number;
  /** Entries kept in memory behind the cut at most, however small. Count. */
  readonly keptEntriesMax: number;
}

export const DEFAULT_LOG_LIMITS: LogLimits = {
  cutBytes: 16 * 1024 * 1024,
  stretchBytes: 8 * 1024 * 1024,
  keptEntriesMax: 50_000,
};

const STRETCHES_KEPT = 4;

/**
 * Keeps the log short: now and then the state is made durable and what it covers is dropped, from the disk at once and
 * from memory but for a tail.
 */
export class LogKeeper {
  readonly #raft: Raft;
  readonly #wal: Pick<Wal, "release">;
  readonly #store: Pick<DurableStateStore, "sync">;
  readonly #entriesMax: number;
  readonly #limits: LogLimits;
  #floorIndex: number;
  #bytesSinceCut = 0;
  /** First indexes of the newest stretches, oldest first. */
  #stretches: LogIndex[] = [];
  #stretchBytes = 0;
  #isCutting = false;
  #isStopped = false;

  /** @param entriesMax applied entries between two cuts: etcd's `--snapshot-count` */
  constructor(options: {
    raft: Raft;
    wal: Pick<Wal, "release">;
    store: Pick<DurableStateStore, "sync">;
    entriesMax: number;
    limits?: LogLimits;
  }) {
    this.#raft = options.raft;
    this.#wal = options.wal;
    this.#store = options.store;
    this.#entriesMax = options.entriesMax;
    this.#limits = options.limits ?? DEFAULT_LOG_LIMITS;
    this.#floorIndex = options.raft.firstIndex - 1;
  }

  /** Called with everything handed to the log. */
  onAppended(entries: readonly Entry[]): void {
    for (const { index, data } of entries) {
      this.#bytesSinceCut += data.length;
      this.#stretchBytes += data.length;
      if (this.#stretchBytes < this.#limits.stretchBytes) continue;
      this.#stretchBytes = 0;
      this.#stretches = [...this.#stretches, index].slice(-STRETCHES_KEPT);
    }
  }

  /** Called after entries were applied. */
  onApplied(appliedIndex: LogIndex): void {
    const isDue =
      appliedIndex - this.#floorIndex >= this.#entriesMax ||
      this.#bytesSinceCut >= this.#limits.cutBytes;
    if (!isDue || this.#isCutting || this.#isStopped) return;
    this.#isCutting = true;
    this.#bytesSinceCut = 0;
    const done = (): void => {
      this.#isCutting = false;
    };
    // A failure needs no answer here: the log or the store has reported it as fatal.
    this.#cut().then(done, done);
  }

  async #cut(): Promise<void> {
    const durableIndex = await this.#store.sync();
    // A snapshot may have been installed meanwhile: the log then begins after it already.
    if (this.#isStopped || durableIndex <= this.#floorIndex) return;
    if (durableIndex < this.#raft.firstIndex) return;
    this.#floorIndex = durableIndex;
    await this.#wal.release(this.#raft.snapshotMark(durableIndex));
    const compactTo = Math.min(this.#dropUpTo(durableIndex), durableIndex);
    if (compactTo >= this.#raft.firstIndex) this.#raft.compactLog(compactTo);
  }

  /** Last entry that need not stay in memory behind a cut. */
  #dropUpTo(cutIndex: LogIndex): LogIndex {
    const { voters, learners } = this.#raft.membership;
    if (voters.length + learners.length === 1) return cutIndex;
    const oldestStretch = this.#stretches.length < STRETCHES_KEPT ? 0 : (this.#stretches[0] ?? 0);
    return Math.max(oldestStretch, cutIndex - this.#limits.keptEntriesMax);
  }

  stop(): void {
    this.#isStopped = true;
  }
}
