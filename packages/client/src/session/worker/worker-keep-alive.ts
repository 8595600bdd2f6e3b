import type {
  KeepAlive,
  KeepAliveListener,
  LeaseToKeep,
  Renewal,
  StartKeepAlive,
} from "../keep-alive.ts";
import type { WorkerRequest } from "./messages.ts";
import { SharedLease } from "./shared-cells.ts";

/** What one lease needs of the worker that keeps it. */
export interface WorkerLink {
  readonly stallLimitMs: number;
  readonly renewWhile: () => boolean;
  /** Takes over when the thread ends. */
  readonly startHere: StartKeepAlive;
  /** The session's clock minus the shared one, ms. */
  readonly aheadMs: number;
  /** Since the main thread's last sign of life. */
  silentForMs(): number;
  post(request: WorkerRequest): void;
  onStopped(): void;
}

/** One lease that a worker keeps alive, seen from the main thread. */
export class WorkerKeepAlive implements KeepAlive {
  readonly #lease: LeaseToKeep;
  readonly #listener: KeepAliveListener;
  readonly #link: WorkerLink;
  readonly #shared = new SharedLease();
  #renewalsSeen = 0;
  /** As of the last renewal that was seen. */
  #proven: Pick<Renewal, "sentAtMs" | "ttlMs">;
  #substitute: KeepAlive | null = null;
  #isStopped = false;

  constructor(lease: LeaseToKeep, listener: KeepAliveListener, link: WorkerLink) {
    this.#lease = lease;
    this.#listener = listener;
    this.#link = link;
    this.#proven = lease;
  }

  start(): void {
    const { stallLimitMs, aheadMs, post } = this.#link;
    this.#shared.withhold(!this.#link.renewWhile());
    const lease = { ...this.#lease, sentAtMs: this.#lease.sentAtMs - aheadMs };
    post({ kind: "keep", lease, cells: this.#shared.buffer, stallLimitMs });
  }

  takeNews(): Renewal | "stalled" | null {
    if (this.#substitute !== null) return this.#substitute.takeNews();
    if (this.#isStalled()) return "stalled";
    const { renewals } = this.#shared;
    if (renewals === this.#renewalsSeen) return null;
    this.#renewalsSeen = renewals;
    const renewal = this.#shared.lastRenewal();
    const sentAtMs = renewal.sentAtMs + this.#link.aheadMs;
    this.#proven = { sentAtMs, ttlMs: renewal.ttlMs };
    return { ...renewal, sentAtMs };
  }

  renewNow(): void {
    this.#substitute?.renewNow();
    this.#link.post({ kind: "renew", leaseId: this.#lease.leaseId });
  }

  stop(): void {
    this.#isStopped = true;
    this.#substitute?.stop();
    this.#link.post({ kind: "drop", leaseId: this.#lease.leaseId });
    this.#link.onStopped();
  }

  /** The main thread is about to give a sign of life. */
  onBeat(): void {
    this.#shared.withhold(!this.#link.renewWhile());
    if (this.#isStalled()) this.#listener.onNews();
  }

  /** A report that a renewal is late may have waited until the renewal was there after all. */
  onLate(afterRenewals: number): void {
    if (this.#shared.renewals === afterRenewals) this.#listener.onLate();
  }

  onGone(): void {
    this.#listener.onGone();
  }

  onWorkerDown(): void {
    this.#listener.onNews();
    if (this.#isStopped) return;
    const { sentAtMs, ttlMs } = this.#proven;
    this.#substitute = this.#link.startHere({ ...this.#lease, sentAtMs, ttlMs }, this.#listener);
  }

  /** Both judge by the same limit, but the worker by its own time: what it found holds. */
  #isStalled(): boolean {
    return this.#shared.isStalled || this.#link.silentForMs() > this.#link.stallLimitMs;
  }
}
