/// <reference path="./script.d.ts" />
import { Worker } from "node:worker_threads";
import type { Clock, Timer } from "@conclave/base";
import type { KeepAlive, KeepAliveListener, LeaseToKeep, StartKeepAlive } from "../keep-alive.ts";
import type { SessionTerms } from "../session-options.ts";
import type { WorkerConnection, WorkerReport, WorkerRequest, WorkerStart } from "./messages.ts";
import { Heartbeat } from "./shared-cells.ts";
import { sharedNowMs } from "./shared-clock.ts";
import { WorkerKeepAlive } from "./worker-keep-alive.ts";
import script from "./worker-main.ts?script";

/** How often the main thread gives a sign of life. */
const BEAT_EVERY_MS = 100;

/**
 * The main thread's end of the worker that renews the leases of one client.
 *
 * The worker renews only while the main thread gives signs of life, so that a process that hangs does not hold its locks
 * for ever (failure mode 18), and a main thread that computes does not lose them at once (failure mode 19).
 */
export class KeepAliveWorker {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #heartbeat: Heartbeat;
  readonly #kept = new Map<bigint, WorkerKeepAlive>();
  #lastBeatMs = 0;
  #nextBeat: Timer | null = null;
  #isDown = false;

  private constructor(worker: Worker, clock: Clock, heartbeat: Heartbeat) {
    this.#worker = worker;
    this.#clock = clock;
    this.#heartbeat = heartbeat;
    worker.on("message", (report: WorkerReport) => this.#onReport(report));
    worker.on("exit", () => this.#onExit());
  }

  /** @throws what keeps the thread from starting */
  static start(clock: Clock, connection: WorkerConnection): Promise<KeepAliveWorker> {
    const heartbeat = new Heartbeat();
    const workerData: WorkerStart = { ...connection, heartbeat: heartbeat.buffer };
    // The process's own flags may preload what has no business in this thread, or cannot be loaded there.
    const options = { eval: true, name: "conclave-keep-alive", workerData, execArgv: [] };
    return new Promise((resolve, reject) => {
      const worker = new Worker(script, options);
      worker.unref();
      // Without a listener the error of the thread would end the process. After the start, "exit" tells enough.
      worker.on("error", reject);
      worker.once("exit", () => reject(new Error("the thread ended")));
      worker.once("message", () => resolve(new KeepAliveWorker(worker, clock, heartbeat)));
    });
  }

  /** Whether the thread ended, so that another has to be started for what comes. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** `startHere` takes over if the thread ends. */
  keep(
    lease: LeaseToKeep,
    listener: KeepAliveListener,
    { stallLimitMs, renewWhile }: SessionTerms,
    startHere: StartKeepAlive,
  ): KeepAlive {
    const aheadMs = this.#clock.nowMs() - sharedNowMs();
    const kept = new WorkerKeepAlive(lease, listener, {
      stallLimitMs,
      renewWhile,
      startHere,
      aheadMs,
      silentForMs: () => this.#clock.nowMs() - this.#lastBeatMs,
      post: (request) => this.#post(request),
      onStopped: () => this.#forget(lease.leaseId),
    });
    this.#beat();
    this.#kept.set(lease.leaseId, kept);
    kept.start();
    if (this.#isDown) kept.onWorkerDown();
    return kept;
  }

  close(): void {
    this.#isDown = true;
    this.#nextBeat?.cancel();
    void this.#worker.terminate();
  }

  #post(request: WorkerRequest): void {
    if (!this.#isDown) this.#worker.postMessage(request);
  }

  /** Looks first: after a silence that was too long, a sign of life comes too late. */
  #beat(): void {
    this.#nextBeat?.cancel();
    for (const kept of this.#kept.values()) kept.onBeat();
    this.#lastBeatMs = this.#clock.nowMs();
    this.#heartbeat.beat(sharedNowMs());
    this.#nextBeat = this.#clock.setTimer(BEAT_EVERY_MS, () => this.#beat());
  }

  #forget(leaseId: bigint): void {
    this.#kept.delete(leaseId);
    if (this.#kept.size === 0) this.#nextBeat?.cancel();
  }

  #onReport(report: WorkerReport): void {
    if (report.kind === "late") this.#kept.get(report.leaseId)?.onLate(report.afterRenewals);
    if (report.kind === "gone") this.#kept.get(report.leaseId)?.onGone();
  }

  #onExit(): void {
    if (this.#isDown) return;
    this.#isDown = true;
    process.emitWarning("the keep-alive worker ended; the main thread renews instead", {
      code: "CONCLAVE_KEEPALIVE_WORKER",
    });
    for (const kept of this.#kept.values()) kept.onWorkerDown();
  }
}
