import { seededPrng } from "@conclave/base";
import { eventually } from "../../support/eventually.ts";
import type { Ledger } from "../checks/ledger.ts";
import { itemAt } from "../faults/active-fault.ts";
import { countKeys } from "../ledger.ts";
import { PREFIX } from "./key-names.ts";
import { LeaseWorker } from "./lease-worker.ts";
import { LockWorker } from "./lock-worker.ts";
import { RawWorker } from "./raw-worker.ts";
import { SdkWriter } from "./sdk-writer.ts";
import { WatchWorker } from "./watch-worker.ts";
import type { Scene, Worker } from "./worker.ts";

const STOP_TIMEOUT_MS = 20_000;
const LEASES_TIMEOUT_MS = 20_000;
const WATCH_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/** All clients of a run. */
export class Crew implements AsyncDisposable {
  readonly #scene: Scene;
  readonly #writers: readonly Worker[];
  readonly #watchers: readonly WatchWorker[];
  readonly #running = new Map<Worker, Promise<void>>();
  /** When a revision was first seen by a watch, by revision. */
  readonly #seenMs = new Map<number, number>();
  /** What each watch has come to. */
  readonly #watchedRevisions = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
    const own = (at: number): Scene => ({
      ...scene,
      prng: seededPrng(scene.prng.nextUint32() + at),
    });
    this.#writers = [
      ...["r1", "r2", "r3"].map((name, at) => new RawWorker(name, own(at))),
      ...["s1", "s2"].map((name, at) => new SdkWriter(name, own(at))),
      new LeaseWorker("l1", own(0)),
      ...["k1", "k2"].map((name, at) => new LockWorker(name, own(at), "lock")),
      ...["e1", "e2"].map((name, at) => new LockWorker(name, own(at), "election")),
    ];
    this.#watchers = [
      this.#watcher("w1", PREFIX.shared, own(0)),
      this.#watcher("w2", PREFIX.shared, own(1)),
      this.#watcher("w3", PREFIX.leased, own(2)),
      this.#watcher("w4", "", own(3)),
    ];
  }

  start(): void {
    for (const worker of [...this.#watchers, ...this.#writers]) {
      const ended = worker.run().catch((error: unknown) => {
        const reason = error instanceof Error ? error.stack : String(error);
        this.#scene.fail(`${worker.name}: ${reason}`);
      });
      this.#running.set(worker, ended);
    }
  }

  seenMs(revision: number): number {
    return this.#seenMs.get(revision) ?? Number.POSITIVE_INFINITY;
  }

  /** Resolves once `count` more writes were acknowledged. @throws Error: the run is void, for too little happens */
  async progress(count: number, timeoutMs: number): Promise<void> {
    const target = this.#acknowledged() + count;
    await eventually(
      () => {
        const have = this.#acknowledged();
        if (have < target) throw new Error(`void: ${have} of ${target} writes were acknowledged`);
      },
      timeoutMs,
      POLL_MS,
    );
  }

  nextWrite(timeoutMs: number): Promise<void> {
    return this.progress(1, timeoutMs);
  }

  stopWriting(): void {
    for (const worker of this.#writers) worker.stop();
  }

  /** V1: every call ends. */
  async writersEnded(): Promise<void> {
    let isOver = false;
    const over = Promise.all(this.#writers.map((worker) => this.#running.get(worker)));
    void over.then(() => {
      isOver = true;
    });
    await eventually(
      () => {
        if (!isOver) throw new Error("V1: after healing, calls do not end");
      },
      STOP_TIMEOUT_MS,
      POLL_MS,
    );
  }

  /** L2: what nobody renews comes to its end. */
  async leasesEnded(): Promise<void> {
    const { channel } = itemAt(this.#scene.cluster.members, 0);
    await eventually(
      async () => {
        const left = await countKeys(channel, PREFIX.leased);
        if (left > 0) throw new Error(`L2: ${left} leases did not end`);
      },
      LEASES_TIMEOUT_MS,
      POLL_MS * 5,
    );
  }

  /** W5: every watch has come to the last change that is for it. */
  async watchersHaveSeen(ledger: Ledger): Promise<void> {
    for (const { name, prefix } of this.#watchers) {
      const last = ledger.findLast(({ key }) => key.startsWith(prefix))?.revision ?? 0;
      await eventually(
        () => {
          const at = this.#watchedRevisions.get(name) ?? 0;
          if (at < last) throw new Error(`W5: the watch ${name} is at revision ${at} of ${last}`);
        },
        WATCH_TIMEOUT_MS,
        POLL_MS,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of [...this.#writers, ...this.#watchers]) worker.stop();
    await Promise.all([...this.#running.keys()].map((worker) => worker.close()));
  }

  #watcher(name: string, prefix: string, scene: Scene): WatchWorker {
    return new WatchWorker(name, scene, prefix, (revision) => {
      this.#watchedRevisions.set(name, revision);
      if (!this.#seenMs.has(revision)) this.#seenMs.set(revision, scene.nowMs());
    });
  }

  #acknowledged(): number {
    return this.#scene.operations.writes.filter(({ revision }) => revision > 0).length;
  }
}
