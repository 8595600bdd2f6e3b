import type { Clock } from "@conclave/base";
import type { StateMachine } from "@conclave/state-machine";
import type { Logger } from "../observe/logger.ts";
import type { DurableStateStore } from "../storage/durable-state-store.ts";
import type { StateInstall } from "../storage/state-install.ts";
import type { CompactionSweeper } from "./compaction-sweeper.ts";

export interface StateLoadingOptions {
  readonly store: DurableStateStore;
  readonly machine: StateMachine;
  readonly sweeper: Pick<CompactionSweeper, "hold">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The machine holds the state of the store. */
  readonly onLoaded: () => void;
  readonly onFatal: (error: Error) => void;
}

/** How the state comes from the store into the machine: at boot, and when another state takes its place. */
export class StateLoading {
  readonly #o: StateLoadingOptions;
  /** Ends when the last replacement of the state is done: they go one after another. */
  #replaced: Promise<unknown> = Promise.resolve();

  constructor(options: StateLoadingOptions) {
    this.#o = options;
  }

  async load(): Promise<void> {
    await this.#read();
    this.#o.onLoaded();
  }

  async #read(): Promise<void> {
    const { store, machine, clock, logger } = this.#o;
    const startedMs = clock.nowMs();
    const snapshot = await store.snapshot();
    let isDirect = false;
    try {
      const visiting = snapshot.visitAll?.((key, keyLength, source, start, end) =>
        machine.loadInPlace(key, keyLength, source, start, end),
      );
      isDirect = (await visiting) ?? false;
      if (!isDirect) {
        machine.reset();
        for await (const chunk of snapshot.scan()) {
          for (const [key, value] of chunk) machine.load(key, value);
        }
      }
    } finally {
      await snapshot.close();
    }
    machine.finishLoad();
    logger.info("state loaded", {
      index: machine.appliedIndex,
      revision: machine.revision,
      tookMs: Math.round(clock.nowMs() - startedMs),
      // What begins as LevelDB left it is read from its tables, unless one of them is odd: the slower way then.
      way: isDirect ? "tables" : "scan",
    });
  }

  /** Puts in place what `commit` makes the state. */
  replace(commit: () => Promise<void>): Promise<void> {
    return this.#inTurn(() => this.#replace(commit));
  }

  /** Puts a received state in place of a damaged one, unless a snapshot that Raft wanted came between. */
  replaceBy(state: StateInstall): Promise<void> {
    return this.#inTurn(async () => {
      if (!state.isReceiving) throw new Error("a snapshot took its place");
      await this.#replace(() => state.commit()).catch((error: Error) => {
        this.#o.onFatal(error);
        throw error;
      });
    });
  }

  #inTurn(replace: () => Promise<void>): Promise<void> {
    const replaced = this.#replaced.then(replace);
    this.#replaced = replaced.catch(() => {});
    return replaced;
  }

  /**
   * From the first moment on nothing is read from the state, nor swept in it: the records behind it are about to be others.
   */
  async #replace(commit: () => Promise<void>): Promise<void> {
    const { machine, sweeper, onLoaded } = this.#o;
    const release = sweeper.hold();
    machine.reset();
    await commit();
    await this.#read();
    release();
    onLoaded();
  }
}
