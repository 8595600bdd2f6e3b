import { assert, nextBelow, nextUint64, type Prng } from "@conclave/base";
import type { LogIndex, SnapshotMark } from "@conclave/raft";
import {
  acquaintanceFile,
  type CrashMode,
  DAMAGED_SUFFIX,
  DiskImage,
  MemberStorage,
  openLog,
  recordBoot,
  type StorageOptions,
  type StoragePlace,
} from "@conclave/server/simulation";
import type { IncarnationClock } from "./clock.ts";
import { DiskTroubles } from "./disk-troubles.ts";
import { HANG_LOOK_MS, MemberLogDisk } from "./member-log-disk.ts";
import { type RotKind, rotLog } from "./rot.ts";
import { SimulatedStore, type StoreTerms } from "./simulated-store.ts";
import type { Steps } from "./steps.ts";

const LOG_DIRECTORY = "/wal";
/** Of the records beside log and state: which start this is, and who the others are. */
const RECORD_DIRECTORY = "/member";

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
  /** Size of a log segment. Default: small, so that the log changes segments often. Bytes. */
  readonly segmentBytes?: number;
  /** Of the state that is not durable yet. Default: so little that applying has to wait now and then. Bytes. */
  readonly overlayBytesMax?: number;
}

/** What a member finds when it starts. */
interface Medium {
  readonly log: DiskImage;
  readonly state: ReadonlyMap<string, Uint8Array>;
  readonly stateIndex: LogIndex;
  readonly installed: SnapshotMark | null;
  /** What the checksums say that every file of the state is held to at each start; null: it is what was written. */
  readonly stateDamage: string | null;
}

/** All that is on a disk, at one time. */
export type DiskCopy = Medium;

interface MountedState {
  readonly store: SimulatedStore;
  readonly installed: SnapshotMark | null;
  readonly damage: string | null;
}

/** The disk of one member, over all its incarnations. What was not synced is in doubt when its machine loses power. */
export class MemberDisk {
  readonly troubles = new DiskTroubles();
  readonly crashes = new Map<CrashMode, number>();
  readonly #prng: Prng;
  readonly #speed: DiskSpeed;
  readonly #steps: Steps;
  #medium: Medium = emptyMedium();
  #mountedState: MountedState | null = null;
  #hasDroppedState = false;

  constructor(prng: Prng, speed: DiskSpeed, steps: Steps) {
    this.#prng = prng;
    this.#speed = speed;
    this.#steps = steps;
  }

  /** Opens log and state as `openStorage` does, by the same code but for LevelDB. */
  async mount(clock: IncarnationClock, options: StorageOptions): Promise<MemberStorage> {
    const { log, state, stateIndex, installed, stateDamage: damage } = this.#medium;
    this.troubles.forget();
    const { onFatal } = options;
    const terms = this.#storeTerms(clock, onFatal);
    let store = new SimulatedStore({ ...terms, isIncoming: false }, state, stateIndex);
    this.#mountedState = { store, installed, damage };
    const memory = this.troubles.over(log);
    for (const directory of [LOG_DIRECTORY, RECORD_DIRECTORY]) {
      if (!log.hasDirectory(directory)) await memory.makeDirectory(directory);
    }
    const disk = new MemberLogDisk({
      disk: memory,
      clock,
      troubles: this.troubles,
      steps: this.#steps,
      drawMs: () => this.#drawMs(this.#speed.syncMsMax),
    });
    const { wal, recovered, keepsState } = await openLog(
      disk,
      LOG_DIRECTORY,
      { ...options, segmentBytes: this.#speed.segmentBytes ?? 16 * 1024 },
      damage === null
        ? { appliedIndex: stateIndex, installed, damage }
        : { appliedIndex: 0, installed: null, damage },
    );
    assert(damage === null || !keepsState, "a damaged state is dropped");
    this.#hasDroppedState ||= damage !== null;
    if (!keepsState) {
      store = new SimulatedStore({ ...terms, isIncoming: false }, new Map(), 0);
      this.#mountedState = { store, installed: null, damage: null };
    }
    const boot = await recordBoot(disk, RECORD_DIRECTORY, () => nextUint64(this.#prng));
    return new MemberStorage(wal, store, recovered, this.#place(clock, terms), {
      boot,
      acquaintances: acquaintanceFile(disk, RECORD_DIRECTORY),
    });
  }

  /** Whether a repair has put segments of the log aside, or a damaged state was dropped. */
  get hasDroppedDamage(): boolean {
    const names = this.#medium.log.list(LOG_DIRECTORY);
    return this.#hasDroppedState || names.some((name) => name.endsWith(DAMAGED_SUFFIX));
  }

  /** Whether the state on it is not what was written, and was not dropped yet. */
  get isStateDamaged(): boolean {
    const mounted = this.#mountedState;
    return (mounted === null ? this.#medium.stateDamage : mounted.damage) !== null;
  }

  /** The power goes: draws what is left of everything that was not synced. */
  crash(): void {
    const mode = CRASH_MODES[nextBelow(this.#prng, CRASH_MODES.length)] ?? "nothing";
    this.crashes.set(mode, (this.crashes.get(mode) ?? 0) + 1);
    this.#unmount(this.#medium.log.afterCrash(mode, this.#prng));
  }

  /** The process is gone, the machine goes on: what was written stays, synced or not, as long as the power does. */
  detach(): void {
    this.#unmount(this.#medium.log);
  }

  /** The medium decays, where everything on it is durable. Requires: its member is down. @returns whether anything did */
  rot(kind: RotKind, prng: Prng): boolean {
    assert(this.#mountedState === null, "a disk in use does not rot here");
    const rotten = this.#medium.log.afterCrash("everything", prng);
    const hasRotted = rotLog(rotten, LOG_DIRECTORY, kind, prng);
    if (hasRotted) this.#medium = { ...this.#medium, log: rotten };
    return hasRotted;
  }

  /** A bit of the state turns. Requires: its member is down. @returns whether there is any state */
  rotState(prng: Prng): boolean {
    assert(this.#mountedState === null, "a disk in use does not rot here");
    const keys = [...this.#medium.state.keys()];
    const key = keys[nextBelow(prng, keys.length || 1)];
    if (key === undefined) return false;
    const state = new Map(this.#medium.state);
    const value = Uint8Array.from(state.get(key) ?? []);
    const at = nextBelow(prng, value.length || 1);
    value[at] = (value[at] ?? 0) ^ (1 << nextBelow(prng, 8));
    state.set(key, value);
    const stateDamage = `the state is damaged (record ${Buffer.from(key, "latin1").toString("hex")})`;
    this.#medium = { ...this.#medium, state, stateDamage };
    return true;
  }

  /** Everything that is on it, the power being cut. Requires: its member is down. */
  copy(prng: Prng): DiskCopy {
    assert(this.#mountedState === null, "a disk in use is not copied");
    return { ...this.#medium, log: this.#medium.log.afterCrash("everything", prng) };
  }

  /** What would be left of it if no sync from now on were one, though it said so (F42). Requires: its member runs. */
  durableCopy(prng: Prng): DiskCopy {
    const mounted = this.#mountedState;
    assert(mounted !== null, "a disk lies to those who use it");
    const { store, installed, damage } = mounted;
    const { records, appliedIndex } = store.durableCopy();
    const log = this.#medium.log.afterCrash("nothing", prng);
    return { log, state: records, stateIndex: appliedIndex, installed, stateDamage: damage };
  }

  /** What it held once takes the place of what it holds. Requires: its member is down. */
  putBack(copy: DiskCopy): void {
    assert(this.#mountedState === null, "a disk in use is not replaced");
    this.#medium = copy;
  }

  /** Everything is gone, as after a restore from a backup of nothing. Requires: its member is down. */
  wipe(): void {
    assert(this.#mountedState === null, "a disk in use is not wiped");
    this.#medium = emptyMedium();
  }

  /** Changes what the state holds on the disk, as rot or a bug would. Requires: its member is down. */
  damageState(damage: (records: Map<string, Uint8Array>) => void): void {
    assert(this.#mountedState === null, "a disk in use is not damaged this way");
    const records = new Map(this.#medium.state);
    damage(records);
    this.#medium = { ...this.#medium, state: records };
  }

  #unmount(log: DiskImage): void {
    const mounted = this.#mountedState;
    assert(mounted !== null, "the state was open");
    const { records, appliedIndex } = mounted.store.afterCrash(this.#prng);
    const { installed, damage } = mounted;
    const stateIndex = appliedIndex;
    this.#medium = { log, state: records, stateIndex, installed, stateDamage: damage };
    this.#mountedState = null;
  }

  #storeTerms(
    clock: IncarnationClock,
    onFatal: StoreTerms["onFatal"],
  ): Omit<StoreTerms, "isIncoming"> {
    return {
      clock,
      onFatal,
      troubles: this.troubles,
      steps: this.#steps,
      syncMs: () => this.#drawMs(this.#speed.syncMsMax),
      flushMs: () => this.#drawMs(this.#speed.flushMsMax),
      overlayBytesMax: this.#speed.overlayBytesMax ?? 4 * 1024,
    };
  }

  #place(clock: IncarnationClock, terms: Omit<StoreTerms, "isIncoming">): StoragePlace {
    let incoming: SimulatedStore | null = null;
    return {
      openIncoming: async () => {
        await this.#step(clock, "install open");
        incoming = new SimulatedStore({ ...terms, isIncoming: true }, new Map(), 0);
        return incoming;
      },
      adopt: async (mark) => {
        await this.#reach(clock, "install adopt: before");
        await this.#wait(clock);
        assert(incoming !== null, "what is adopted was opened");
        assert(incoming.appliedIndex === mark.index, "what is adopted is that snapshot");
        incoming.becomeState();
        this.#mountedState = { store: incoming, installed: mark, damage: null };
        await this.#reach(clock, "install adopt: after");
        await this.#wait(clock);
      },
      removeOld: () => this.#step(clock, "install remove-old"),
      release: async () => {},
    };
  }

  async #step(clock: IncarnationClock, name: string): Promise<void> {
    await this.#reach(clock, `${name}: before`);
    await this.#wait(clock);
    await this.#reach(clock, `${name}: after`);
  }

  /** For what changes names, which lasts until it is synced. */
  async #wait(clock: IncarnationClock): Promise<void> {
    await clock.after(this.#drawMs(this.#speed.syncMsMax) + this.troubles.slowMs);
    while (this.troubles.isHanging) await clock.after(HANG_LOOK_MS);
  }

  async #reach(clock: IncarnationClock, point: string): Promise<void> {
    const action = this.#steps.reach(point);
    if (action === "delay") await clock.after(this.#steps.drawDelayMs());
    if (!clock.isAlive) await clock.after(0);
    if (action === "error") throw this.troubles.fail("EIO", point);
  }

  #drawMs(max: number): number {
    return max === 0 ? 0 : nextBelow(this.#prng, max * 4 + 1) / 4;
  }
}

function emptyMedium(): Medium {
  const log = new DiskImage({ tracksDurability: true });
  return { log, state: new Map(), stateIndex: 0, installed: null, stateDamage: null };
}
