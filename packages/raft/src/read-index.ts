import { assert, nextBelow, type Prng } from "@conclave/base";
import type { LogIndex, MemberId } from "./message.ts";

/**
 * Linearizable reads without a log entry (thesis 6.4): the leader notes its commit index, proves with one heartbeat
 * round that it still leads, and the read is served once that index is applied.
 *
 * A round is named by a sequence that only grows, and an answer counts only for reads that were there when its
 * round was sent. etcd named rounds by the caller's request and let a retry reuse the name, so that late
 * answers to the first round confirmed the second on a leader already deposed (etcd #20418).
 */
export interface LeaderRead {
  readonly readId: number;
  /** Who asked. */
  readonly from: MemberId;
  /** The leader's commit index when the read arrived: each has its own (TiKV #7971). */
  readonly index: LogIndex;
  /** The first round that proves this read. */
  readonly sequence: number;
}

interface HeldRead {
  readonly readId: number;
  readonly from: MemberId;
}

/** The reads that a leader is proving. */
export class LeaderReads {
  /** Came before an entry of this term was committed: the commit index may still be behind (etcd #7331). */
  #held: HeldRead[] = [];
  /** Rising by sequence. */
  #waiting: LeaderRead[] = [];
  /** The last round sent. */
  #sequence = 0;

  get count(): number {
    return this.#held.length + this.#waiting.length;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Whether a read waits for a round that has not been sent. */
  get isRoundDue(): boolean {
    const last = this.#waiting.at(-1);
    return last !== undefined && last.sequence > this.#sequence;
  }

  hold(readId: number, from: MemberId): void {
    this.#held.push({ readId, from });
  }

  wait(readId: number, from: MemberId, index: LogIndex): void {
    assert(index >= (this.#waiting.at(-1)?.index ?? 0), "the commit index does not fall");
    this.#waiting.push({ readId, from, index, sequence: this.#sequence + 1 });
  }

  /** The term's first own entry is committed: what was held may now take its index. */
  releaseHeld(index: LogIndex): void {
    const held = this.#held;
    this.#held = [];
    for (const { readId, from } of held) this.wait(readId, from, index);
  }

  /** Starts a round for all reads that wait. @returns its sequence. */
  startRound(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Takes out the reads that a quorum has confirmed, having answered round `sequence`. */
  takeConfirmed(sequence: number): LeaderRead[] {
    assert(sequence <= this.#sequence, "a round was answered that was never sent");
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.sequence <= sequence) count += 1;
    return this.#waiting.splice(0, count);
  }

  /** Takes out every read, to be refused. */
  takeAll(): HeldRead[] {
    const all: HeldRead[] = [...this.#held, ...this.#waiting];
    this.#held = [];
    this.#waiting = [];
    return all;
  }
}

interface ForwardedGroup {
  readonly readIds: readonly number[];
  ageTicks: number;
}

/**
 * The reads that a follower asked its leader about. Those that arrive in one turn travel under one request: it
 * leaves after all of them arrived, so its index serves them all.
 *
 * Requests are named by a number of our own, started at random: the caller's ids begin again after a restart,
 * and an answer to the life before must not serve a read of this one.
 */
export class ForwardedReads {
  #waiting: number[] = [];
  /** By request id, oldest first. */
  readonly #groups = new Map<number, ForwardedGroup>();
  #groupedCount = 0;
  #nextRequestId: number;

  constructor(prng: Prng) {
    this.#nextRequestId = nextBelow(prng, 2 ** 31) * 2 ** 21 + nextBelow(prng, 2 ** 21);
  }

  get count(): number {
    return this.#waiting.length + this.#groupedCount;
  }

  get isRequestDue(): boolean {
    return this.#waiting.length > 0;
  }

  add(readId: number): void {
    this.#waiting.push(readId);
  }

  /** @returns the id of the request that now stands for all reads that waited. */
  startRequest(): number {
    const requestId = this.#nextRequestId;
    this.#nextRequestId += 1;
    this.#groups.set(requestId, { readIds: this.#waiting, ageTicks: 0 });
    this.#groupedCount += this.#waiting.length;
    this.#waiting = [];
    return requestId;
  }

  /** The reads behind a request; none if it was answered or given up before. */
  takeGroup(requestId: number): readonly number[] {
    const group = this.#groups.get(requestId);
    if (group === undefined) return [];
    this.#groups.delete(requestId);
    this.#groupedCount -= group.readIds.length;
    return group.readIds;
  }

  /** One tick. @returns the reads whose request is `ageTicksMax` old: it or its answer was lost. */
  tick(ageTicksMax: number): number[] {
    const expired: number[] = [];
    for (const [requestId, group] of this.#groups) {
      group.ageTicks += 1;
      if (group.ageTicks >= ageTicksMax) expired.push(...this.takeGroup(requestId));
    }
    return expired;
  }

  takeAll(): number[] {
    const all: number[] = [];
    for (const requestId of [...this.#groups.keys()]) all.push(...this.takeGroup(requestId));
    all.push(...this.#waiting);
    this.#waiting = [];
    return all;
  }
}
