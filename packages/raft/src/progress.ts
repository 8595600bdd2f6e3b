import { assert } from "@conclave/base";
import type { LogIndex } from "./message.ts";

export interface InflightLimits {
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
}

/** Append messages sent and not acknowledged, oldest first, in a ring: the window of one follower. */
export class Inflight {
  readonly #limits: InflightLimits;
  readonly #lastIndexes: Float64Array;
  readonly #sizes: Float64Array;
  #head = 0;
  #count = 0;
  #bytes = 0;

  constructor(limits: InflightLimits) {
    this.#limits = limits;
    this.#lastIndexes = new Float64Array(limits.inflightMessagesMax);
    this.#sizes = new Float64Array(limits.inflightMessagesMax);
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return (
      this.#count >= this.#limits.inflightMessagesMax ||
      this.#bytes >= this.#limits.inflightBytesMax
    );
  }

  push(lastIndex: LogIndex, bytes: number): void {
    assert(!this.isFull, "sent past the window");
    const at = (this.#head + this.#count) % this.#limits.inflightMessagesMax;
    this.#lastIndexes[at] = lastIndex;
    this.#sizes[at] = bytes;
    this.#count += 1;
    this.#bytes += bytes;
  }

  /** Frees every message whose entries are all at or below `index`. */
  onMatch(index: LogIndex): void {
    while (this.#count > 0 && this.#lastIndexes[this.#head]! <= index) {
      this.#bytes -= this.#sizes[this.#head]!;
      this.#head = (this.#head + 1) % this.#limits.inflightMessagesMax;
      this.#count -= 1;
    }
  }

  clear(): void {
    this.#head = 0;
    this.#count = 0;
    this.#bytes = 0;
  }
}

/**
 * What a leader knows of one member's log.
 *
 * - `probe`: where the logs agree is not known; one append at a time until it is.
 * - `replicate`: it is known; appends are pipelined and `next` runs ahead of what was acknowledged.
 * - `snapshot`: the entries it needs are compacted away; nothing is sent until the snapshot is reported on.
 */
export type ProgressState = "probe" | "replicate" | "snapshot";

export class Progress {
  state: ProgressState = "probe";
  /** The highest index known to be durable there. Falls within a term only if that disk lost it (`takenBack`). */
  match: LogIndex = 0;
  /** The first index to send next. Always above `match`. */
  next: LogIndex;
  /** Valid in `probe`: one append is out, the next waits for an answer or a heartbeat's. */
  isProbeSent = false;
  /** Valid in `snapshot`: the index that the snapshot will bring. */
  snapshotIndex: LogIndex = 0;
  /** Heard from since the last check of the quorum. */
  isActive: boolean;
  /** The commit index that it was last told with an append. */
  sentCommit: LogIndex = 0;
  /** The newest read round that it answered. */
  readSequence = 0;
  /** The member's newest recovery that this leader heard of, 0 if none; and where the leader's log ended then. */
  recoveryId = 0;
  recoveryIndex: LogIndex = 0;
  /** How often `match` was taken back. */
  takenBack = 0;
  readonly inflight: Inflight;
  /** Appends with entries since the last tick. */
  sentInTick = 0;

  constructor(next: LogIndex, isActive: boolean, limits: InflightLimits) {
    this.next = next;
    this.isActive = isActive;
    this.inflight = new Inflight(limits);
  }

  /** Whether appends with entries must wait. */
  get isPaused(): boolean {
    if (this.state === "probe") return this.isProbeSent;
    return this.state === "snapshot" || this.inflight.isFull;
  }

  becomeProbe(): void {
    // After a snapshot the search goes on behind it: what it brought need not be sent again.
    const known = this.state === "snapshot" ? Math.max(this.match, this.snapshotIndex) : this.match;
    this.#enter("probe");
    this.next = known + 1;
  }

  becomeReplicate(): void {
    this.#enter("replicate");
    this.next = this.match + 1;
  }

  becomeSnapshot(snapshotIndex: LogIndex): void {
    this.#enter("snapshot");
    this.snapshotIndex = snapshotIndex;
  }

  /** The snapshot did not arrive: the search starts again from what is proven. */
  onSnapshotFailure(): void {
    this.snapshotIndex = 0;
    this.becomeProbe();
    this.isProbeSent = true;
  }

  onSent(lastIndex: LogIndex, bytes: number): void {
    if (this.state === "probe") {
      this.isProbeSent = true;
      return;
    }
    assert(this.state === "replicate", "nothing is appended while a snapshot travels");
    if (lastIndex < this.next) return;
    this.inflight.push(lastIndex, bytes);
    this.sentInTick += 1;
    this.next = lastIndex + 1;
  }

  /** @returns whether this told something new. */
  onAccepted(index: LogIndex): boolean {
    const isNews = index > this.match;
    if (isNews) this.match = index;
    this.next = Math.max(this.next, this.match + 1);
    this.inflight.onMatch(index);
    return isNews;
  }

  /**
   * Takes in that `refused` was no common index and `hint` may be.
   * @returns whether it counts; a late refusal of an old probe does not.
   */
  onRejected(refused: LogIndex, hint: LogIndex): boolean {
    if (this.state === "replicate") {
      if (refused <= this.match) return false;
      this.becomeProbe();
      return true;
    }
    if (this.state !== "probe" || this.next - 1 !== refused) return false;
    this.next = Math.max(Math.min(refused, hint + 1), this.match + 1);
    this.isProbeSent = false;
    return true;
  }

  /** The log there was found to hold no more than `verifiedIndex` of what it acknowledged, and may agree up to `hint`. */
  onLogLost(
    recoveryId: number,
    verifiedIndex: LogIndex,
    hint: LogIndex,
    ownLastIndex: LogIndex,
  ): void {
    if (recoveryId !== this.recoveryId) {
      this.recoveryId = recoveryId;
      this.recoveryIndex = ownLastIndex;
    }
    if (verifiedIndex >= this.match) return;
    this.match = verifiedIndex;
    this.takenBack += 1;
    // A snapshot on its way is reported on, and the search begins then.
    if (this.state === "snapshot") return;
    this.#enter("probe");
    this.next = Math.max(hint, this.match) + 1;
  }

  #enter(state: ProgressState): void {
    this.state = state;
    this.isProbeSent = false;
    this.inflight.clear();
  }
}
