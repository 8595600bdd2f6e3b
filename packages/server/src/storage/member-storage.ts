import type { SnapshotMark } from "@conclave/raft";
import type { AcquaintanceFile } from "./acquaintance-file.ts";
import type { BootRecord } from "./boot-record.ts";
import type { DurableStateStore } from "./durable-state-store.ts";
import type { RecoveredMember } from "./open-log.ts";
import { StateInstall } from "./state-install.ts";
import { SwitchableStore } from "./switchable-store.ts";
import type { Wal } from "./wal.ts";

/** What tells one directory, and one start of it, from another, here and at the peers. */
export interface DirectoryMemory {
  readonly boot: BootRecord;
  readonly acquaintances: AcquaintanceFile;
}

/** The log and the state of one member, recovered together. */
export class MemberStorage {
  readonly wal: Wal;
  readonly store: DurableStateStore;
  readonly recovered: RecoveredMember;
  /** Null for a member without a directory. */
  readonly memory: DirectoryMemory | null;
  readonly #store: SwitchableStore;
  readonly #place: StoragePlace;
  #install: StateInstall | null = null;
  /** Ends when the last install has begun, or failed to. */
  #lastBegun: Promise<unknown> = Promise.resolve();

  constructor(
    wal: Wal,
    store: DurableStateStore,
    recovered: RecoveredMember,
    place: StoragePlace,
    memory: DirectoryMemory | null = null,
  ) {
    this.memory = memory;
    this.wal = wal;
    this.#store = new SwitchableStore(store);
    this.store = this.#store;
    this.recovered = recovered;
    this.#place = place;
  }

  /**
   * Begins to receive a snapshot in place of the state. One at a time: one that is still being received is dropped, one that
   * is being put in place is waited for (E22). The state stays as it is, and may be written, until the commit.
   * Rejects if the state holds as much as the snapshot by then; a damaged state is replaced by one that holds as much, too.
   */
  beginInstall(mark: SnapshotMark, isRepair = false): Promise<StateInstall> {
    const begun = this.#lastBegun.then(() => this.#beginInstall(mark, isRepair));
    this.#lastBegun = begun.catch(() => {});
    return begun;
  }

  async #beginInstall(mark: SnapshotMark, isRepair: boolean): Promise<StateInstall> {
    if (this.#install?.isCommitting === true) await this.#install.ended;
    const { appliedIndex } = this.store;
    const isOld = isRepair ? mark.index < appliedIndex : mark.index <= appliedIndex;
    if (isOld) throw new Error("the snapshot is old");
    await this.#install?.abort();
    const incoming = await this.#place.openIncoming();
    const install = new StateInstall(mark, incoming, {
      onCommit: async (store) => {
        await this.#place.adopt(mark);
        const before = this.#store.switchTo(store);
        await before.close();
        // The install is done; what could not be removed now goes at the next boot.
        await this.#place.removeOld().catch(() => {});
        this.#install = null;
      },
      onAbort: async () => {
        this.#install = null;
        await this.#place.removeOld();
      },
    });
    this.#install = install;
    return install;
  }

  /** Makes everything appended and sealed durable, closes, and lets others have the directory. */
  async close(): Promise<void> {
    await this.#lastBegun;
    await this.#install?.abort();
    await this.#install?.ended;
    await this.store.close();
    await this.wal.close();
    await this.#place.release();
  }
}

/** Where a member's state lives, for installs. */
export interface StoragePlace {
  /** An empty store beside the one in use. */
  openIncoming(): Promise<DurableStateStore>;
  /** The one step: from now on the incoming store is the state. */
  adopt(mark: SnapshotMark): Promise<void>;
  /** Removes what is not in use. */
  removeOld(): Promise<void>;
  release(): Promise<void>;
}
