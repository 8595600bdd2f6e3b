import { nextBelow, nextChance, type Prng, seededPrng, VirtualClock } from "@conclave/base";
import type { Entry, SnapshotMark } from "@conclave/raft";
import type { DiskImage, DiskOperation } from "../disk-image.ts";
import type { MemberStorage } from "../member-storage.ts";
import { MemoryDisk, type MemoryDiskOptions } from "../memory-disk.ts";
import { openStorage } from "../recovery.ts";
import type { StorageOptions } from "../storage-options.ts";
import type { WalBatch } from "../wal-group.ts";
import { memoryDatabases } from "./memory-databases.ts";
import { entry, FOUNDING, mark } from "./wal-fixture.ts";
import { WalModel } from "./wal-model.ts";

const DIRECTORY = "/data";
const MEMBERS = [0xa1n, 0xa2n, 0xa3n].map((id) => ({ id, name: `${id}`, peerUrls: [] }));

/**
 * The shipped storage on a simulated disk, databases included. Rejects as soon as a write fails. A repair fails, too: a power
 * cut is no damage.
 */
export function openDirectory(
  image: DiskImage,
  hooks: Pick<MemoryDiskOptions, "beforeOperation"> = {},
): Promise<MemberStorage> {
  const disk = new MemoryDisk({ ...hooks, image });
  return new Promise((resolve, reject) => {
    openStorage(DIRECTORY, {
      ...storageOptions(disk, new VirtualClock()),
      onRepair: (message) => {
        throw new Error(`taken for damaged: ${message}`);
      },
      onFatal: reject,
    }).then(resolve, reject);
  });
}

function storageOptions(disk: MemoryDisk, clock: VirtualClock): Omit<StorageOptions, "onFatal"> {
  return {
    identity: { clusterId: 0xc1n, memberId: 0xa1n, name: "one", members: MEMBERS },
    clock,
    segmentBytes: 2048,
    drawId: () => 1n,
    disk,
    databases: memoryDatabases(disk),
  };
}

export const stateKey = (index: number): string => `entry ${index}`;
export const stateValue = (index: number): Buffer => Buffer.from(`what ${index} did`);

/** What a run asked of the disk, and what it had been promised when the disk had done so much. */
export interface DirectoryTrace {
  readonly operations: readonly DiskOperation[];
  readonly model: WalModel;
  /** Batches appended, and acknowledged, at each operation. */
  readonly appended: readonly number[];
  readonly acknowledged: readonly number[];
  /** How often each kind of step was taken. */
  readonly steps: ReadonlyMap<string, number>;
}

/**
 * A member's storage at work, as raft and its driver use it: entries, elections, overwritten tails, applying, cuts, received
 * snapshots, repairs of the state, restarts; several at once.
 */
export class DirectoryRun {
  readonly #prng: Prng;
  readonly #clock = new VirtualClock();
  readonly #model = new WalModel();
  readonly #operations: DiskOperation[] = [];
  readonly #appended: number[] = [];
  readonly #acknowledged: number[] = [];
  readonly #steps = new Map<string, number>();
  readonly #disk: MemoryDisk;
  #storage!: MemberStorage;
  #acknowledgedCount = 0;
  #term = 1;
  #commit = 0;
  #durableIndex = 0;
  #waiting: Promise<unknown>[] = [];

  constructor(seed: number) {
    this.#prng = seededPrng(seed);
    this.#disk = new MemoryDisk({
      tracksDurability: true,
      afterOperation: (operation) => {
        this.#operations.push(operation);
        this.#appended.push(this.#model.contents.length - 1);
        this.#acknowledged.push(this.#acknowledgedCount);
      },
    });
  }

  async record(steps: number): Promise<DirectoryTrace> {
    await this.#open();
    this.#append({ reset: FOUNDING });
    for (let nth = 0; nth < steps; nth += 1) {
      await this.#step();
      if (nextChance(this.#prng, 0.5)) await Promise.resolve();
      if (nextChance(this.#prng, 0.15)) await this.#settle();
    }
    await this.#settle();
    await this.#storage.close();
    return {
      operations: this.#operations,
      model: this.#model,
      appended: this.#appended,
      acknowledged: this.#acknowledged,
      steps: this.#steps,
    };
  }

  async #step(): Promise<void> {
    const draw = nextBelow(this.#prng, 100);
    const [name, step] =
      draw < 55
        ? (["append", () => this.#appendEntries()] as const)
        : draw < 75
          ? (["apply", () => this.#apply()] as const)
          : draw < 85
            ? (["pass", () => this.#clock.advance(1 + nextBelow(this.#prng, 120))] as const)
            : draw < 92
              ? (["cut", () => this.#cut()] as const)
              : draw < 94
                ? (["install", () => this.#install()] as const)
                : draw < 96
                  ? (["repair", () => this.#repair()] as const)
                  : draw < 97
                    ? (["abandon", () => this.#abandon()] as const)
                    : (["restart", () => this.#restart()] as const);
    this.#steps.set(name, (this.#steps.get(name) ?? 0) + 1);
    await step();
  }

  async #open(): Promise<void> {
    this.#storage = await openStorage(DIRECTORY, {
      ...storageOptions(this.#disk, this.#clock),
      onFatal: (error) => {
        throw error;
      },
    });
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#waiting);
    this.#waiting = [];
  }

  #append(batch: WalBatch): void {
    this.#model.append(batch);
    const { wal } = this.#storage;
    const { floor } = batch;
    const durable = floor
      ? wal.release(floor)
      : new Promise<void>((resolve) => wal.append(batch, resolve));
    const acknowledge = this.#acknowledging();
    this.#waiting.push(durable.then(acknowledge));
  }

  #acknowledging(): () => void {
    const count = this.#model.contents.length - 1;
    const lastIndex = this.#model.lastIndex;
    return () => {
      this.#acknowledgedCount = Math.max(this.#acknowledgedCount, count);
      this.#acknowledged[this.#operations.length - 1] = this.#acknowledgedCount;
      this.#durableIndex = lastIndex;
    };
  }

  #appendEntries(): void {
    const prng = this.#prng;
    const { lastIndex } = this.#model;
    const isNewTerm = nextChance(prng, 0.1);
    if (isNewTerm) this.#term += 1;
    const uncommitted = lastIndex - this.#commit;
    const back = isNewTerm && uncommitted > 0 ? nextBelow(prng, Math.min(5, uncommitted) + 1) : 0;
    const first = lastIndex + 1 - back;
    const batch = Array.from(
      { length: 1 + nextBelow(prng, 4) },
      (_, nth): Entry =>
        entry(first + nth, this.#term, `${first + nth}.`.repeat(1 + nextBelow(prng, 40))),
    );
    const isCommitting = nextChance(prng, 0.5);
    // A later leader keeps what was committed: so only what stays is committed here.
    if (isCommitting) this.#commit += nextBelow(prng, first - this.#commit);
    const hasState = isNewTerm || isCommitting;
    this.#append({
      entries: batch,
      ...(hasState
        ? { hardState: { term: this.#term, vote: BigInt(this.#term), commit: this.#commit } }
        : {}),
    });
  }

  #apply(): void {
    const { store } = this.#storage;
    const upTo = Math.min(this.#commit, this.#durableIndex);
    for (let index = store.appliedIndex + 1; index <= upTo; index += 1) {
      store.put(stateKey(index), stateValue(index));
      store.seal(index);
    }
  }

  async #cut(): Promise<void> {
    const index = await this.#storage.store.sync();
    if (index > (this.#model.content.floor?.index ?? 0))
      this.#append({ floor: this.#markAt(index) });
  }

  #markAt(index: number): SnapshotMark {
    const { entries, floor } = this.#model.content;
    const found = entries.find((each) => each.index === index);
    return mark(index, found?.term ?? (floor?.index === index ? floor.term : 0));
  }

  /** A snapshot from the leader, beyond the end of the log. */
  async #install(): Promise<void> {
    await this.#settle();
    const at = mark(this.#model.lastIndex + 1 + nextBelow(this.#prng, 8), this.#term);
    await this.#receive(at, false);
    // From the commit on either may be found, the old log or the new state.
    this.#commit = at.index;
    const hardState = { term: this.#term, vote: BigInt(this.#term), commit: at.index };
    const install = this.#storage.beginInstall(at);
    const received = await install;
    this.#fill(received, at.index);
    this.#model.append({ reset: at, hardState });
    const acknowledge = this.#acknowledging();
    await received.commit();
    await new Promise<void>((resolve) =>
      this.#storage.wal.append({ reset: at, hardState }, resolve),
    ).then(acknowledge);
  }

  /** The leader's state in place of a damaged one that holds as much: the log stays. */
  async #repair(): Promise<void> {
    await this.#settle();
    this.#apply();
    const { appliedIndex } = this.#storage.store;
    if (appliedIndex === 0) return;
    const received = await this.#storage.beginInstall(this.#markAt(appliedIndex), true);
    this.#fill(received, appliedIndex);
    await received.commit();
  }

  /** A snapshot that stops half-way, or that a newer one takes the place of. */
  async #abandon(): Promise<void> {
    const at = mark(this.#model.lastIndex + 5, this.#term);
    await this.#receive(at, nextChance(this.#prng, 0.5));
  }

  async #receive(at: SnapshotMark, isAborted: boolean): Promise<void> {
    const received = await this.#storage.beginInstall(at);
    this.#fill(received, nextBelow(this.#prng, 5));
    if (isAborted) await received.abort();
  }

  #fill(received: { put(key: string, value: Uint8Array): void }, upTo: number): void {
    for (let index = 1; index <= upTo; index += 1) {
      received.put(stateKey(index), stateValue(index));
    }
  }

  async #restart(): Promise<void> {
    await this.#settle();
    await this.#storage.close();
    await this.#open();
  }
}
