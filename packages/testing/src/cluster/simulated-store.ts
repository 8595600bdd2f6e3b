import { assert, nextBelow, type Prng } from "@conclave/base";
import type { LogIndex } from "@conclave/raft";
import {
  type DurableStateStore,
  type StateSnapshot,
  StorageFailure,
} from "@conclave/server/simulation";
import { MemoryStateStore } from "@conclave/state-machine";
import type { IncarnationClock } from "./clock.ts";
import type { DiskTroubles } from "./disk-troubles.ts";
import { HANG_LOOK_MS } from "./member-log-disk.ts";
import type { Steps } from "./steps.ts";

const SNAPSHOT_CHUNK_RECORDS = 7;

/** The tables of records.ts of the state machine, by their prefix. */
const TABLES: Readonly<Record<string, string>> = {
  a: "meta",
  b: "alarm",
  c: "lease",
  d: "member",
  k: "revision",
};
const PUTS = pointsOf("apply put");
const DELETES = pointsOf("apply delete");

export interface StoreTerms {
  readonly clock: IncarnationClock;
  readonly troubles: DiskTroubles;
  readonly steps: Steps;
  readonly syncMs: () => number;
  readonly flushMs: () => number;
  /** Of the state that is not durable yet. Bytes. */
  readonly overlayBytesMax: number;
  readonly onFatal: (error: StorageFailure) => void;
  /** It receives a snapshot. */
  readonly isIncoming: boolean;
}

interface SealedBatch {
  /** Undefined: deleted. */
  readonly changes: ReadonlyMap<string, Uint8Array | undefined>;
  readonly appliedIndex: LogIndex;
  readonly bytes: number;
}

/**
 * The state store with the promises of the one on LevelDB: batches become durable whole and in order. A crash keeps
 * what was synced and any number of the batches after it.
 */
export class SimulatedStore implements DurableStateStore {
  #o: StoreTerms;
  readonly #clock: IncarnationClock;
  readonly #records = new MemoryStateStore();
  #open = new Map<string, Uint8Array | undefined>();
  #openBytes = 0;
  #sealed: SealedBatch[] = [];
  readonly #durable: Map<string, Uint8Array>;
  #appliedIndex: LogIndex;
  #durableIndex: LogIndex;
  #flushing: Promise<void> | null = null;
  #isFlushPlanned = false;
  #whenBelow: (() => void)[] = [];
  overlayBytes = 0;

  constructor(terms: StoreTerms, records: ReadonlyMap<string, Uint8Array>, appliedIndex: LogIndex) {
    this.#o = terms;
    this.#clock = terms.clock;
    this.#durable = new Map(records);
    for (const [key, value] of records) this.#records.put(key, value);
    this.#records.seal();
    this.#appliedIndex = appliedIndex;
    this.#durableIndex = appliedIndex;
  }

  /** What was received is the state from now on. */
  becomeState(): void {
    this.#o = { ...this.#o, isIncoming: false };
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  get durableIndex(): LogIndex {
    return this.#durableIndex;
  }

  get isOverlayFull(): boolean {
    return this.overlayBytes > this.#o.overlayBytesMax;
  }

  get(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }

  put(key: string, value: Uint8Array): void {
    this.#pass(this.#o.isIncoming ? "install put" : PUTS[key[0] ?? ""]);
    this.#records.put(key, value);
    this.#open.set(key, value);
    this.#openBytes += key.length + value.length;
  }

  delete(key: string): void {
    this.#pass(DELETES[key[0] ?? ""]);
    this.#records.delete(key);
    this.#open.set(key, undefined);
    this.#openBytes += key.length;
  }

  seal(appliedIndex: LogIndex): void {
    assert(appliedIndex >= this.#appliedIndex, "the applied index never falls");
    this.#pass("apply seal: before");
    this.#appliedIndex = appliedIndex;
    this.#records.seal();
    this.#sealed.push({ changes: this.#open, appliedIndex, bytes: this.#openBytes });
    this.overlayBytes += this.#openBytes;
    this.#open = new Map();
    this.#openBytes = 0;
    this.#pass("apply seal: after");
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#clock.setTimer(this.isOverlayFull ? 0 : this.#o.flushMs(), () => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  async sync(): Promise<LogIndex> {
    const wanted = this.#appliedIndex;
    if (!this.#o.isIncoming) this.#pass("state sync");
    while (this.#durableIndex < wanted || this.#sealed.length > 0) {
      await this.#flush();
      if (this.#durableIndex >= wanted) break;
    }
    return this.#durableIndex;
  }

  /** One flush at a time; it takes the batches that were sealed when it began. */
  #flush(): Promise<void> {
    this.#flushing ??= this.#writeSealed(this.#sealed.length).finally(() => {
      this.#flushing = null;
    });
    return this.#flushing;
  }

  async #writeSealed(count: number): Promise<void> {
    const name = this.#o.isIncoming ? "install flush" : "state flush";
    await this.#reach(`${name}: before`);
    const { troubles } = this.#o;
    await this.#clock.after(this.#o.syncMs() + troubles.slowMs);
    while (troubles.isHanging) await this.#clock.after(HANG_LOOK_MS);
    if (troubles.isFull) await this.#fail("ENOSPC", name);
    for (const batch of this.#sealed.splice(0, count)) {
      applyBatch(this.#durable, batch);
      this.#durableIndex = batch.appliedIndex;
      this.overlayBytes -= batch.bytes;
    }
    await this.#reach(`${name}: after`);
    if (this.isOverlayFull) {
      this.#clock.setTimer(0, () => this.#flush());
      return;
    }
    const waiting = this.#whenBelow;
    this.#whenBelow = [];
    for (const callback of waiting) callback();
  }

  whenBelowLimit(callback: () => void): void {
    this.#whenBelow.push(callback);
    this.#clock.setTimer(0, () => this.#flush());
  }

  async snapshot(): Promise<StateSnapshot> {
    const records = new Map(this.#records.entries());
    const appliedIndex = this.#appliedIndex;
    const clock = this.#clock;
    const pass = (): void => this.#pass("snapshot scan");
    return {
      appliedIndex,
      get: (key) => records.get(key),
      async *scan(from = "", to = "\xff") {
        const wanted = [...records].filter(([key]) => key >= from && key < to);
        for (let at = 0; at < wanted.length; at += SNAPSHOT_CHUNK_RECORDS) {
          await clock.after(0);
          pass();
          yield wanted.slice(at, at + SNAPSHOT_CHUNK_RECORDS);
        }
      },
      close: async () => {},
    };
  }

  async compactRange(): Promise<void> {}

  async sizeBytes(): Promise<number> {
    let bytes = 0;
    for (const [key, value] of this.#records.entries()) bytes += key.length + value.length;
    return bytes;
  }

  async close(): Promise<void> {
    await this.sync();
  }

  /** A point where nothing can fail. */
  #pass(point: string | undefined): void {
    if (point !== undefined) this.#o.steps.reach(point);
  }

  async #reach(point: string): Promise<void> {
    const action = this.#o.steps.reach(point);
    if (action === "delay") await this.#clock.after(this.#o.steps.drawDelayMs());
    // Also after a crash there, for ever.
    if (!this.#clock.isAlive) await this.#clock.after(0);
    if (action === "error") await this.#fail("EIO", point);
  }

  /** Reports it and never comes back: the process ends. */
  #fail(code: string, subject: string): Promise<void> {
    const cause = this.#o.troubles.fail(code, subject);
    this.#o.onFatal(new StorageFailure("the state store cannot be written", { cause }));
    return new Promise(() => {});
  }

  /** All that was synced. */
  durableCopy(): { records: Map<string, Uint8Array>; appliedIndex: LogIndex } {
    return { records: new Map(this.#durable), appliedIndex: this.#durableIndex };
  }

  /** What is found by the next incarnation: all that was synced, and any number of the batches after it. */
  afterCrash(prng: Prng): { records: Map<string, Uint8Array>; appliedIndex: LogIndex } {
    const records = new Map(this.#durable);
    let appliedIndex = this.#durableIndex;
    for (const batch of this.#sealed.slice(0, nextBelow(prng, this.#sealed.length + 1))) {
      applyBatch(records, batch);
      appliedIndex = batch.appliedIndex;
    }
    return { records, appliedIndex };
  }
}

function applyBatch(records: Map<string, Uint8Array>, batch: SealedBatch): void {
  for (const [key, value] of batch.changes) {
    if (value === undefined) records.delete(key);
    else records.set(key, value);
  }
}

function pointsOf(step: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(TABLES).map(([prefix, table]) => [prefix, `${step} ${table}`]),
  );
}
