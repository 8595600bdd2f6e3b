import { onAbort } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import { compare } from "../kv/compare.ts";
import { bytesFrom } from "../kv/keys.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { op } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import type { ReleaseResult } from "../ownership/entry-removal.ts";
import { Hold } from "../ownership/hold.ts";
import type { QueueEntry } from "../ownership/queue-entry.ts";
import { type ElectionValue, electionBytes } from "./election-value.ts";
import type { Leader } from "./leader.ts";

/**
 * One time of leading, from being elected to resigning or losing it.
 *
 * @example
 * ```ts
 * await using term = await client.election("billing", { value: "starting" }).campaign();
 * await term.proclaim("ready");
 * await term.kv.put("billing/state", "open"); // commits only while leading
 * await term.resign();
 * ```
 */
export class Term extends Hold {
  readonly #leaseId: bigint;
  #value: Uint8Array;
  /** Proclamations go one after the other: each is guarded by the one before it. */
  #proclaiming: Promise<unknown> = Promise.resolve();
  #modRevision: number;

  /** @internal */
  constructor(
    coordination: Coordination,
    entry: QueueEntry,
    revision: number,
    value: ElectionValue,
    onOver: () => Promise<void>,
    modRevision = entry.createRevision,
  ) {
    super(coordination, entry, { code: "LEADERSHIP_LOST", revision, onOver });
    this.#leaseId = entry.leaseId;
    this.#value = electionBytes(value);
    this.#modRevision = modRevision;
  }

  /** What observers see: as campaigned with, or as last proclaimed. */
  get value(): Uint8Array {
    return this.#value;
  }

  /**
   * Names the term, for {@link Election.resume} in the process that takes the place of this one after a crash. Keep it
   * where only that process finds it.
   */
  get token(): string {
    return Buffer.from(JSON.stringify([this.key, this.fence.revision])).toString("base64url");
  }

  /**
   * Tells the observers something new, without giving up the lead. Calls take effect in the order they were made.
   * @throws LockLostError (code LEADERSHIP_LOST, outcome `"not-applied"`) if the lead is lost; ConclaveError
   */
  proclaim(value: ElectionValue, options: CallOptions = {}): Promise<void> {
    const bytes = bytesFrom(electionBytes(value));
    const done = this.#proclaiming.then(() => this.#proclaim(bytes, options));
    this.#proclaiming = done.catch(() => {});
    return done;
  }

  /** Gives up the lead. Never throws; calling it again gives the same answer. */
  resign(): Promise<ReleaseResult> {
    return this.release();
  }

  /**
   * Hands the lead to one of the {@link Election.candidates}, at one revision: nobody leads in between. Those who waited
   * before it stand again behind the others. Stop the work first, as before `resign`.
   * @throws ConclaveError FAILED_PRECONDITION, after which the term goes on: there is no such candidate, or one of another
   *   client (Go, `etcdctl`) waits before it, which cannot step back; LockLostError (code LEADERSHIP_LOST)
   * @example
   * ```ts
   * import type { Leader } from "@conclave/client";
   *
   * const election = client.election("billing");
   * const term = await election.campaign({ value: "old" });
   * const next = election.campaign({ value: "new" });
   * let successor: Leader | undefined;
   * while (successor === undefined) {
   *   successor = (await election.candidates()).find(({ text }) => text === "new");
   * }
   * await term.transfer(successor);
   * await (await next).resign();
   * ```
   */
  async transfer(to: Leader | string, options: CallOptions = {}): Promise<void> {
    const { transferLead } = await import("./transfer.ts");
    const key = typeof to === "string" ? to : to.key;
    if (key === this.key) throw new TypeError("to: it leads already");
    await this.giveUpBy(() => transferLead(this.coordination, this, key, options));
  }

  /** Resolves when the term is over, for whatever reason. Never rejects. */
  until(): Promise<void> {
    return new Promise((resolve) => {
      onAbort(this.signal, () => resolve());
    });
  }

  async #proclaim(bytes: Uint8Array, options: CallOptions): Promise<void> {
    this.assert();
    try {
      await this.#write(bytes, options);
    } catch (error) {
      if (!(error instanceof ConclaveError) || error.outcome !== "unknown") throw error;
      if (!(await this.#wasWritten(options))) await this.#write(bytes, options);
    }
    this.#value = bytes;
  }

  /** Guarded by the write before it: if it is sent twice, or an old one turns up late, only one takes effect. */
  async #write(bytes: Uint8Array, options: CallOptions): Promise<void> {
    const { succeeded, revision } = await this.coordination
      .txn()
      .if(this.guard, compare({ key: this.key }).modRevision.eq(this.#modRevision))
      .then(op.put(this.key, bytes, { leaseId: this.#leaseId }))
      .commitAs("once", limitsOf(options));
    if (succeeded) this.#modRevision = revision;
    else throw this.onGuardFailed();
  }

  /** Settles a proclamation that was answered by silence: nobody else writes this key while it is on our lease. */
  async #wasWritten(options: CallOptions): Promise<boolean> {
    const own = await this.coordination.kv.get(this.key, options);
    const isOurs = own?.createRevision === this.fence.revision && own.leaseId === this.#leaseId;
    if (!isOurs) throw this.onGuardFailed();
    const wasWritten = own.modRevision > this.#modRevision;
    this.#modRevision = own.modRevision;
    return wasWritten;
  }
}
