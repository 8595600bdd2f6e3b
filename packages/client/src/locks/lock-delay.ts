import type { Timer } from "@conclave/base";
import type { Coordination } from "../ownership/coordination.ts";
import { type Companion, entryKey } from "../ownership/queue-entry.ts";
import { drawLeaseId, drawNonce } from "../runtime.ts";
import type { Session } from "../session/session.ts";

/** Renewals of the companion's lease in the time of the session's. */
const RENEWALS_PER_TTL = 3;

/**
 * Keeps others out for a while after a holder that was lost: a second entry in each queue, at the same revision as the
 * holder's own, on a lease that lives longer by the delay and is renewed along with the session. A clean release deletes
 * both; after a loss the second stays until its lease ends, and whoever waits, waits for it as for any entry, so
 * Go's mutexes and `etcdctl lock` respect the delay as well. Sources: Chubby and Consul, "lock-delay".
 */
export class LockDelay {
  readonly companions: readonly Companion[];
  readonly #coordination: Coordination;
  readonly #leaseId: bigint;
  readonly #renewEveryMs: number;
  #timer: Timer | null = null;
  #isOver = false;

  private constructor(
    coordination: Coordination,
    leaseId: bigint,
    renewEveryMs: number,
    companions: readonly Companion[],
  ) {
    this.#coordination = coordination;
    this.#leaseId = leaseId;
    this.#renewEveryMs = renewEveryMs;
    this.companions = companions;
    this.#renewLater();
  }

  /** Grants the second lease: with the session's time, the delay, and what may pass since its last renewal. */
  static async open(
    coordination: Coordination,
    session: Session,
    names: readonly string[],
    delayMs: number,
    signal: AbortSignal,
  ): Promise<LockDelay> {
    const leaseId = drawLeaseId(coordination.runtime.prng);
    const renewEveryMs = session.ttlMs / RENEWALS_PER_TTL;
    await coordination.leases.grant(session.ttlMs + delayMs + renewEveryMs, { leaseId, signal });
    const value = JSON.stringify({ delay: delayMs });
    const nonce = drawNonce(coordination.runtime.prng);
    const companions = names.map((name) => {
      return { key: entryKey(name, leaseId, nonce), leaseId, value };
    });
    return new LockDelay(coordination, leaseId, renewEveryMs, companions);
  }

  /** After a clean release the lease is given back; after a loss it is left to run out. Never throws. */
  async close(isClean: boolean): Promise<void> {
    this.#isOver = true;
    this.#timer?.cancel();
    if (isClean) await this.#coordination.leases.revoke(this.#leaseId).catch(() => {});
  }

  #renewLater(): void {
    this.#timer = this.#coordination.runtime.clock.setTimer(this.#renewEveryMs, () => {
      // A failure makes the delay shorter at worst; the lock itself rests on its session.
      void this.#coordination.leases
        .keepAliveOnce(this.#leaseId, { timeout: this.#renewEveryMs })
        .catch(() => {})
        .then(() => {
          if (!this.#isOver) this.#renewLater();
        });
    });
  }
}
