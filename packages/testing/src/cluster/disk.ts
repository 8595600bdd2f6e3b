import { assert, nextBelow, type Prng } from "@conclave/base";
import type { LogIndex, SnapshotMark } from "@conclave/raft";
import {
  type CrashMode,
  type Disk,
  type DiskFile,
  DiskImage,
  type DurableStateStore,
  MemberStorage,
  MemoryDisk,
  openLog,
  type StateSnapshot,
  type StorageOptions,
  type StoragePlace,
} from "@conclave/server/simulation";
import { MemoryStateStore } from "@conclave/state-machine";
import type { IncarnationClock } from "./clock.ts";

const LOG_DIRECTORY = "/wal";
/** Small, so that the log changes segments often. Bytes. */
const SEGMENT_BYTES = 16 * 1024;
/** Of the state that is not durable yet, so that applying has to wait now and then. Bytes. */
const OVERLAY_BYTES_MAX = 4 * 1024;
const SNAPSHOT_CHUNK_RECORDS = 7;

const CRASH_MODES: readonly CrashMode[] = [
  "nothing",
  "everything",
  "some",
  "torn-sectors",
  "no-names",
];

export interface DiskSpeed {
  /** The longest that a sync takes. Milliseconds. */
  readonly syncMsMax: number;
  /** The longest that sealed state stays in memory before it is written by itself. Milliseconds. */
  readonly flushMsMax: number;
}

/** What a member finds again after a crash. */
interface Medium {
  readonly log: DiskImage;
  readonly state: ReadonlyMap<string, Uint8Array>;
  readonly stateIndex: LogIndex;
  readonly installed: SnapshotMark | null;
}

interface MountedState {
  readonly store: SimulatedStore;
  readonly installed: SnapshotMark | null;
}

/** The disk of one member, over all its incarnations. What was not synced is in doubt when it crashes. */
export class MemberDisk {
  readonly #prng: Prng;
  readonly #speed: DiskSpeed;
  #medium: Medium = {
    log: new DiskImage({ tracksDurability: true }),
    state: new Map(),
    stateIndex: 0,
    installed: null,
  };
  #mountedLog: DiskImage | null = null;
  #mountedState: MountedState | null = null;
  readonly crashes = new Map<CrashMode, number>();

  constructor(prng: Prng, speed: DiskSpeed) {
    this.#prng = prng;
    this.#speed = speed;
  }

  /** Opens log and state as `openStorage` does, by the same code but for LevelDB. */
  async mount(clock: IncarnationClock, options: StorageOptions): Promise<MemberStorage> {
    const { log, state, stateIndex, installed } = this.#medium;
    this.#mountedLog = log;
    const memory = new MemoryDisk({ image: log });
    const store = this.#newStore(clock, state, stateIndex);
    this.#mountedState = { store, installed };
    if (!log.hasDirectory(LOG_DIRECTORY)) await memory.makeDirectory(LOG_DIRECTORY);
    const disk = new SlowDisk(memory, clock, () => this.#drawMs(this.#speed.syncMsMax));
    const { wal, recovered } = await openLog(
      disk,
      LOG_DIRECTORY,
      { ...options, segmentBytes: SEGMENT_BYTES },
      stateIndex,
      installed,
    );
    return new MemberStorage(wal, store, recovered, this.#place(clock));
  }

  /** The power goes: draws what is left of everything that was not synced. */
  crash(): void {
    const { log } = this.#medium;
    assert(this.#mountedLog === log, "a disk crashes under its member");
    const mode = CRASH_MODES[nextBelow(this.#prng, CRASH_MODES.length)] ?? "nothing";
    this.crashes.set(mode, (this.crashes.get(mode) ?? 0) + 1);
    const mounted = this.#mountedState;
    assert(mounted !== null, "the state was open");
    const { records, appliedIndex } = mounted.store.afterCrash(this.#prng);
    this.#medium = {
      log: log.afterCrash(mode, this.#prng),
      state: records,
      stateIndex: appliedIndex,
      installed: mounted.installed,
    };
    this.#mountedLog = null;
    this.#mountedState = null;
  }

  /** Everything is gone, as after a restore from a backup of nothing. Requires: its member is down. */
  wipe(): void {
    assert(this.#mountedLog === null, "a disk in use is not wiped");
    const log = new DiskImage({ tracksDurability: true });
    this.#medium = { log, state: new Map(), stateIndex: 0, installed: null };
  }

  /** Changes what the state holds on the disk, as rot or a bug would. Requires: its member is down. */
  damageState(damage: (records: Map<string, Uint8Array>) => void): void {
    assert(this.#mountedLog === null, "a disk in use is not damaged this way");
    const records = new Map(this.#medium.state);
    damage(records);
    this.#medium = { ...this.#medium, state: records };
  }

  #newStore(
    clock: IncarnationClock,
    records: ReadonlyMap<string, Uint8Array>,
    index: LogIndex,
  ): SimulatedStore {
    return new SimulatedStore(clock, records, index, {
      syncMs: () => this.#drawMs(this.#speed.syncMsMax),
      flushMs: () => this.#drawMs(this.#speed.flushMsMax),
    });
  }

  #place(clock: IncarnationClock): StoragePlace {
    let incoming: SimulatedStore | null = null;
    return {
      openIncoming: async () => {
        await clock.after(this.#drawMs(this.#speed.syncMsMax));
        incoming = this.#newStore(clock, new Map(), 0);
        return incoming;
      },
      adopt: async (mark) => {
        await clock.after(this.#drawMs(this.#speed.syncMsMax));
        assert(incoming !== null, "what is adopted was opened");
        assert(incoming.appliedIndex === mark.index, "what is adopted is that snapshot");
        this.#mountedState = { store: incoming, installed: mark };
        await clock.after(this.#drawMs(this.#speed.syncMsMax));
      },
      removeOld: () => clock.after(this.#drawMs(this.#speed.syncMsMax)),
      release: async () => {},
    };
  }

  #drawMs(max: number): number {
    return max === 0 ? 0 : nextBelow(this.#prng, max * 4 + 1) / 4;
  }
}

/** A disk whose syncs take time; what was to happen after them does not, once the member is dead. */
class SlowDisk implements Disk {
  readonly #disk: MemoryDisk;
  readonly #clock: IncarnationClock;
  readonly #drawMs: () => number;

  constructor(disk: MemoryDisk, clock: IncarnationClock, drawMs: () => number) {
    this.#disk = disk;
    this.#clock = clock;
    this.#drawMs = drawMs;
  }

  list(directory: string): Promise<readonly string[]> {
    return this.#disk.list(directory);
  }

  async open(path: string, options: { readonly create: boolean }): Promise<DiskFile> {
    const file = await this.#disk.open(path, options);
    const wait = (): Promise<void> => this.#wait();
    return {
      path: file.path,
      size: () => file.size(),
      read: (offset, length) => file.read(offset, length),
      write: (offset, chunks) => file.write(offset, chunks),
      sync: () => wait().then(() => file.sync()),
      writeDurably: async (offset, bytes) => {
        await file.write(offset, [bytes]);
        await wait();
        await file.sync();
        await wait();
      },
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      close: () => file.close(),
    };
  }

  makeDirectory(path: string): Promise<void> {
    return this.#disk.makeDirectory(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#disk.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.#disk.remove(path);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#wait();
    await this.#disk.syncDirectory(path);
  }

  #wait(): Promise<void> {
    return this.#clock.after(this.#drawMs());
  }
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
class SimulatedStore implements DurableStateStore {
  readonly #clock: IncarnationClock;
  readonly #speed: { readonly syncMs: () => number; readonly flushMs: () => number };
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

  constructor(
    clock: IncarnationClock,
    records: ReadonlyMap<string, Uint8Array>,
    appliedIndex: LogIndex,
    speed: { readonly syncMs: () => number; readonly flushMs: () => number },
  ) {
    this.#clock = clock;
    this.#speed = speed;
    this.#durable = new Map(records);
    for (const [key, value] of records) this.#records.put(key, value);
    this.#records.seal();
    this.#appliedIndex = appliedIndex;
    this.#durableIndex = appliedIndex;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  get durableIndex(): LogIndex {
    return this.#durableIndex;
  }

  get isOverlayFull(): boolean {
    return this.overlayBytes > OVERLAY_BYTES_MAX;
  }

  get(key: string): Uint8Array | undefined {
    return this.#records.get(key);
  }

  put(key: string, value: Uint8Array): void {
    this.#records.put(key, value);
    this.#open.set(key, value);
    this.#openBytes += key.length + value.length;
  }

  delete(key: string): void {
    this.#records.delete(key);
    this.#open.set(key, undefined);
    this.#openBytes += key.length;
  }

  seal(appliedIndex: LogIndex): void {
    assert(appliedIndex >= this.#appliedIndex, "the applied index never falls");
    this.#appliedIndex = appliedIndex;
    this.#records.seal();
    this.#sealed.push({ changes: this.#open, appliedIndex, bytes: this.#openBytes });
    this.overlayBytes += this.#openBytes;
    this.#open = new Map();
    this.#openBytes = 0;
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#clock.setTimer(this.isOverlayFull ? 0 : this.#speed.flushMs(), () => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  async sync(): Promise<LogIndex> {
    const wanted = this.#appliedIndex;
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
    await this.#clock.after(this.#speed.syncMs());
    for (const batch of this.#sealed.splice(0, count)) {
      applyBatch(this.#durable, batch);
      this.#durableIndex = batch.appliedIndex;
      this.overlayBytes -= batch.bytes;
    }
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
    return {
      appliedIndex,
      get: (key) => records.get(key),
      async *scan(from = "", to = "\xff") {
        const wanted = [...records].filter(([key]) => key >= from && key < to);
        for (let at = 0; at < wanted.length; at += SNAPSHOT_CHUNK_RECORDS) {
          await clock.after(0);
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
