import type { Clock, Timer } from "@conclave/base";
import { type MemberId, quorumOf } from "@conclave/raft";
import { type CallStatus, Status } from "@conclave/rpc";
import type { Claim } from "../peer/claim.ts";
import { decodeWelcome } from "../peer/welcome.ts";

/** A peer that could not be asked is asked again after this. Milliseconds. */
const RETRY_MS = 200;

/** A peer's answer: it remembers us now, and knows who was removed; it may not let us take part; or it could not be asked. */
export type Answer =
  | { readonly type: "welcome"; readonly removed: readonly MemberId[] }
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "unavailable" };

export function answerOf(
  { code, message }: Pick<CallStatus, "code" | "message">,
  body: Uint8Array | null,
): Answer {
  if (code === Status.OK && body !== null) return { type: "welcome", removed: decodeWelcome(body) };
  if (code === Status.FAILED_PRECONDITION) return { type: "refused", reason: message };
  return { type: "unavailable" };
}

export interface IntroductionOptions {
  readonly peers: readonly MemberId[];
  readonly clock: Clock;
  /** What this member says of itself; of its log only as long as it has not been admitted. */
  readonly claim: (isAdmitted: boolean) => Claim;
  readonly ask: (peer: MemberId, claim: Claim, onAnswer: (answer: Answer) => void) => void;
  /** It may take part: once. */
  readonly onAdmitted: () => void;
  readonly onRefused: (reason: string) => void;
}

/**
 * Before a member votes or acknowledges anything it is made known to so many of the others that they are a majority with it, or to
 * one who knows today's members better than it does. Of those others that it remembers such do not count as it is told were removed
 * since: nobody may be there any more to ask. Then a later start of it that has forgotten what this one promises is known
 * as such by them. The rest is told as it can be reached.
 */
export class Introduction {
  readonly #o: IntroductionOptions;
  readonly #timers = new Map<MemberId, Timer>();
  readonly #asked = new Set<MemberId>();
  readonly #welcomedBy = new Set<MemberId>();
  readonly #leaders = new Set<MemberId>();
  readonly #removed = new Set<MemberId>();
  #isAdmitted = false;
  #isStopped = false;

  constructor(options: IntroductionOptions) {
    this.#o = options;
  }

  get isAdmitted(): boolean {
    return this.#isAdmitted;
  }

  begin(): void {
    this.#maybeAdmit();
    for (const peer of this.#o.peers) this.#ask(peer);
  }

  /**
   * A peer spoke to this member, which is not known to enough of them yet. One that is not among those it counts has come since what it
   * remembers, and a leader knows who is a member today: the welcome of one such is enough, for those it counts may be gone.
   * @param isLeader it sent what only leaders send
   */
  onHeard(peer: MemberId, isLeader: boolean): void {
    if (isLeader) this.#leaders.add(peer);
    if (this.#asked.has(peer)) this.#maybeAdmit();
    else this.#ask(peer);
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #ask(peer: MemberId): void {
    if (this.#isStopped) return;
    this.#asked.add(peer);
    this.#o.ask(peer, this.#o.claim(this.#isAdmitted), (answer) => this.#onAnswer(peer, answer));
  }

  #onAnswer(peer: MemberId, answer: Answer): void {
    if (this.#isStopped) return;
    if (answer.type === "refused") {
      this.stop();
      this.#o.onRefused(answer.reason);
    } else if (answer.type === "welcome") {
      this.#welcomedBy.add(peer);
      for (const id of answer.removed) this.#removed.add(id);
      this.#maybeAdmit();
    } else if (!this.#removed.has(peer)) {
      const again = this.#o.clock.setTimer(RETRY_MS, () => this.#ask(peer));
      this.#timers.set(peer, again);
    }
  }

  #maybeAdmit(): void {
    if (this.#isAdmitted || !(this.#isKnownToMajority || this.#isKnownToOneOfToday)) return;
    this.#isAdmitted = true;
    this.#o.onAdmitted();
  }

  get #isKnownToMajority(): boolean {
    const peers = this.#o.peers.filter((peer) => !this.#removed.has(peer));
    const welcomes = peers.filter((peer) => this.#welcomedBy.has(peer)).length;
    return welcomes + 1 >= quorumOf(peers.length + 1);
  }

  get #isKnownToOneOfToday(): boolean {
    const { peers } = this.#o;
    return [...this.#welcomedBy].some((by) => !peers.includes(by) || this.#leaders.has(by));
  }
}
