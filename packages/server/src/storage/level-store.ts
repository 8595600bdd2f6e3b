import { assert, type Clock, type Timer } from "@conclave/base";
import type { LogIndex } from "@conclave/raft";
import { META } from "@conclave/state-machine";
import {
  type DurableStateStore,
  RESERVED_KEYS,
  type StateSnapshot,
} from "./durable-state-store.ts";
import { type LevelBatch, type LevelDatabase, openLevel } from "./level-database.ts";
import { LevelSnapshot } from "./level-snapshot.ts";
import { Overlay } from "./overlay.ts";
import { StorageFailure } from "./storage-error.ts";
import { WriteChain } from "./write-chain.ts";

export interface LevelStoreOptions {
  readonly clock: Clock;
  /** Called once, when a write failed. The process must end. */
  readonly onFatal: (error: StorageFailure) => void;
  /** Sealed writes go to disk when they amount to this. Bytes. Default 1 MiB. */
  readonly flushBytes?: number;
  /** Sealed writes wait no longer than this. Milliseconds. Default 100. */
  readonly flushAfterMs?: number;
  /** {@link DurableStateStore.isOverlayFull} begins here. Bytes. Default 16 MiB: more buys no throughput. */
  readonly overlayBytesMax?: number;
  /** Opens the database. Default: the real one; a test puts faults in front of it. */
  readonly openDatabase?: (directory: string) => Promise<LevelDatabase>;
}

const MIB = 1024 * 1024;
/** What a record costs in the overlay besides its key and value. Bytes, measured roughly. */
const RECORD_OVERHEAD_BYTES = 96;

interface DurableWaiter {
  /** The write to wait for. */
  readonly write: number;
  /** Called before any later write is started. */
  readonly resolve: () => void;
  readonly reject: (failure: StorageFailure) => void;
}

/**
 * The state store on LevelDB. Writes gather in memory and go to disk as few, large, synced batches: one in flight, sealed
 * ones that come meanwhile are the next.
 *
 * Every LevelDB write is synced on purpose. LevelDB does not sync a log file when it turns to the next one, and at
 * recovery it skips damaged stretches of its log and goes on behind them; so with unsynced writes a power cut may lose
 * a batch and keep a later one, whose applied index would then cover effects that are gone (the shape of E1). Synced one
 * after another they are a prefix, and at a few a second they cost nothing: the log has everything meanwhile. Should a
 * batch go missing all the same (rot), the chain of writes shows it (write-chain.ts).
 */
export class LevelStore implements DurableStateStore {
  readonly #level: LevelDatabase;
  readonly #chain: WriteChain;
  readonly #clock: Clock;
  readonly #onFatal: (error: StorageFailure) => void;
  readonly #flushBytes: number;
  readonly #flushAfterMs: number;
  readonly #overlayBytesMax: number;

  /** The batch being filled, as LevelDB will get it, and the same for reads. Sealed parts and the open one. */
  #batch: LevelBatch | null = null;
  #filling = new Overlay();
  #fillingBytes = 0;
  /** The open batch holds something: `#batch` must not be written before its seal. */
  #hasUnsealed = false;
  #writing: Overlay | null = null;
  #writingBytes = 0;

  #appliedIndex: LogIndex;
  /** Applied index that the newest started write carries, and that the newest durable one does. */
  #startedIndex: LogIndex;
  #durableIndex: LogIndex;
  /** The applied record that belongs to `#durableIndex`; null: there is none yet. */
  #durableApplied: Uint8Array | null;
  /** Writes that are durable, since ever. */
  #durableWrites: number;
  /** Those before it was opened. */
  readonly #openedWrites: number;
  #wantsWrite = false;
  #flushTimer: Timer | null = null;
  #durableWaiters: DurableWaiter[] = [];
  #limitWaiters: (() => void)[] = [];
  #failure: StorageFailure | null = null;
  #isClosed = false;

  private constructor(level: LevelDatabase, options: LevelStoreOptions, chain: WriteChain) {
    this.#level = level;
    this.#chain = chain;
    this.#clock = options.clock;
    this.#onFatal = options.onFatal;
    this.#flushBytes = options.flushBytes ?? MIB;
    this.#flushAfterMs = options.flushAfterMs ?? 100;
    this.#overlayBytesMax = options.overlayBytesMax ?? 16 * MIB;
    this.#appliedIndex = chain.appliedIndex;
    this.#startedIndex = chain.appliedIndex;
    this.#durableIndex = chain.appliedIndex;
    this.#durableApplied = chain.applied;
    this.#openedWrites = chain.write;
    this.#durableWrites = chain.write;
  }

  /**
   * Opens the database in a directory, creating it if missing.
   * @throws StateCorruption if a write in the middle is gone; the error of LevelDB (code LEVEL_LOCKED: in use).
   */
  static async open(directory: string, options: LevelStoreOptions): Promise<LevelStore> {
    const level = await (options.openDatabase ?? openLevel)(directory);
    try {
      return new LevelStore(level, options, await WriteChain.read(level, directory));
    } catch (error) {
      await level.close();
      throw error;
    }
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  get durableIndex(): LogIndex {
    return this.#durableIndex;
  }

  get overlayBytes(): number {
    return this.#fillingBytes + this.#writingBytes;
  }

  get isOverlayFull(): boolean {
    return this.overlayBytes >= this.#overlayBytesMax;
  }

  get(key: string): Uint8Array | undefined {
    const filling = this.#filling.get(key);
    if (filling !== undefined) return filling ?? undefined;
    const writing = this.#writing?.get(key);
    if (writing !== undefined) return writing ?? undefined;
    if (key === META.applied) return this.#durableApplied ?? undefined;
    return this.#level.getSync(key);
  }

  put(key: string, value: Uint8Array): void {
    this.#filling.put(key, value);
    if (key === META.applied) {
      // With every entry, and only the last one counts: a write keeps it in its trace.
      this.#hasUnsealed = true;
      return;
    }
    this.#openBatch(key).put(key, value);
    this.#fillingBytes += key.length + value.length + RECORD_OVERHEAD_BYTES;
  }

  delete(key: string): void {
    assert(key !== META.applied, "the applied record is replaced, never deleted");
    this.#openBatch(key).del(key);
    this.#filling.delete(key);
    this.#fillingBytes += key.length + RECORD_OVERHEAD_BYTES;
  }

  seal(appliedIndex: LogIndex): void {
    assert(appliedIndex >= this.#appliedIndex, "the applied index never falls");
    this.#appliedIndex = appliedIndex;
    this.#hasUnsealed = false;
    if (this.#fillingBytes >= this.#flushBytes || this.#wantsWrite) this.#maybeStartWrite();
    else this.#armFlush();
  }

  sync(): Promise<LogIndex> {
    return this.#onceSealedIsDurable(() => this.#durableIndex);
  }

  whenBelowLimit(callback: () => void): void {
    if (this.isOverlayFull) this.#limitWaiters.push(callback);
    else queueMicrotask(callback);
  }

  snapshot(): Promise<StateSnapshot> {
    return this.#onceSealedIsDurable(() => {
      const isAsOpened = this.#chain.write === this.#openedWrites;
      const [appliedIndex, applied] = [this.#durableIndex, this.#durableApplied];
      return new LevelSnapshot(this.#level, { appliedIndex, applied, isAsOpened });
    });
  }

  compactRange(from: string, to: string): Promise<void> {
    return this.#level.compactRange(from, to);
  }

  sizeBytes(): Promise<number> {
    return this.#level.approximateSize("", `${RESERVED_KEYS}${RESERVED_KEYS}`);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#flushTimer?.cancel();
    const written = this.#hasUnsealed
      ? this.#onceDurable(this.#chain.write, () => {})
      : this.sync();
    await written.catch(() => {});
    await this.#batch?.close();
    await this.#level.close();
  }

  #openBatch(key: string): LevelBatch {
    assert(key < RESERVED_KEYS, "this key is reserved");
    this.#hasUnsealed = true;
    this.#batch ??= this.#level.batch();
    return this.#batch;
  }

  get #hasSealedWork(): boolean {
    return !this.#filling.isEmpty || this.#appliedIndex > this.#startedIndex;
  }

  #armFlush(): void {
    if (this.#flushTimer !== null || this.#isClosed) return;
    this.#flushTimer = this.#clock.setTimer(this.#flushAfterMs, () => {
      this.#flushTimer = null;
      this.#maybeStartWrite();
    });
  }

  /** Writes what is sealed, unless a write is under way (it follows then) or a batch is open (its seal does it). */
  #maybeStartWrite(): void {
    if (this.#failure !== null || !this.#hasSealedWork) return;
    this.#wantsWrite = true;
    if (this.#writing !== null || this.#hasUnsealed) return;
    this.#wantsWrite = false;
    const appliedIndex = this.#appliedIndex;
    const applied = this.#filling.get(META.applied) ?? this.#durableApplied;
    const batch = this.#batch ?? this.#level.batch();
    const [lastKey, sizeBytes] = [this.#filling.lastKey, this.#fillingBytes];
    this.#chain.sign(batch, { appliedIndex, applied, lastKey, sizeBytes });
    const { write } = this.#chain;
    this.#batch = null;
    this.#startedIndex = appliedIndex;
    this.#writing = this.#filling;
    this.#writingBytes = this.#fillingBytes;
    this.#filling = new Overlay();
    this.#fillingBytes = 0;
    batch.write({ sync: true }).then(
      () => this.#complete(write, appliedIndex, applied),
      (cause: unknown) => this.#fail(cause),
    );
  }

  #complete(write: number, appliedIndex: LogIndex, applied: Uint8Array | null): void {
    assert(write === this.#durableWrites + 1, "writes become durable in order");
    this.#durableWrites = write;
    this.#durableIndex = appliedIndex;
    this.#durableApplied = applied;
    this.#writing = null;
    this.#writingBytes = 0;
    const waiting = this.#durableWaiters;
    this.#durableWaiters = waiting.filter((waiter) => waiter.write > write);
    for (const waiter of waiting) if (waiter.write <= write) waiter.resolve();
    if (this.#wantsWrite || this.#fillingBytes >= this.#flushBytes) this.#maybeStartWrite();
    else if (this.#hasSealedWork) this.#armFlush();
    if (this.isOverlayFull) return;
    const relieved = this.#limitWaiters;
    this.#limitWaiters = [];
    for (const callback of relieved) queueMicrotask(callback);
  }

  /** Computes `result` at a moment when everything sealed by now is durable and no later write has begun. */
  #onceSealedIsDurable<T>(result: () => T): Promise<T> {
    if (!this.#hasSealedWork) return this.#onceDurable(this.#chain.write, result);
    const durable = this.#onceDurable(this.#chain.write + 1, result);
    this.#maybeStartWrite();
    return durable;
  }

  #onceDurable<T>(write: number, result: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) reject(this.#failure);
      else if (this.#durableWrites >= write) resolve(result());
      else this.#durableWaiters.push({ write, resolve: () => resolve(result()), reject });
    });
  }

  #fail(cause: unknown): void {
    if (this.#failure !== null) return;
    const failure = new StorageFailure("the state store cannot be written", { cause });
    this.#failure = failure;
    this.#flushTimer?.cancel();
    const waiting = this.#durableWaiters;
    this.#durableWaiters = [];
    for (const waiter of waiting) waiter.reject(failure);
    this.#onFatal(failure);
  }
}
