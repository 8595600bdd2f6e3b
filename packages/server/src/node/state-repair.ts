import type { Clock } from "@conclave/base";
import type { LogIndex, MemberId, SnapshotMark } from "@conclave/raft";
import type { StateInstall } from "../storage/state-install.ts";

/** How long a state may take to arrive, and its log entries after it, before the attempt is given up. Milliseconds. */
const ATTEMPT_TIMEOUT_MS = 60_000;
/** A member that is still in quarantine after a repair, or could not be repaired, tries again after this. Milliseconds. */
const RETRY_MS = 10_000;
/** How often a received state looks whether the log has come as far. Milliseconds. */
const LOOK_MS = 10;

export interface StateRepairOptions {
  readonly clock: Clock;
  /** Who leads; 0n: nobody, or this member. */
  readonly leader: () => MemberId;
  readonly appliedIndex: () => LogIndex;
  /** Entries wait from now on. */
  readonly holdApplying: () => void;
  readonly releaseApplying: () => void;
  /** Whether the log here is committed so far. */
  readonly hasCommitted: (index: LogIndex) => boolean;
  /** Asks the leader to send its state, at `indexMin` or later. */
  readonly askForState: (
    leader: MemberId,
    indexMin: LogIndex,
    onAnswer: (isSending: boolean) => void,
  ) => void;
  /** Takes the next state that arrives, or why it did not; null ends the wait. */
  readonly awaitState: (onState: ((state: StateInstall | Error) => void) | null) => void;
  /** Puts it in place of the state and loads it. Rejects, and changes nothing, if something newer took its place. */
  readonly replaceState: (state: StateInstall) => Promise<void>;
  readonly onRepaired: (mark: SnapshotMark) => void;
  readonly onFailed: (reason: string) => void;
}

/**
 * Replaces a damaged state by the leader's. The log is good, so Raft has no part in it: to it this member is one that applies
 * slowly. Entries wait; the leader sends a state that is not older than ours; once our own log is committed up to there, that
 * state takes the place of ours, and entries after it are applied.
 */
export class StateRepair {
  readonly #o: StateRepairOptions;
  #isUnderWay = false;
  #nextAttemptMs = 0;

  constructor(options: StateRepairOptions) {
    this.#o = options;
  }

  /** Called every now and then as long as a repair is wanted. */
  maybeBegin(): void {
    const { clock } = this.#o;
    const leader = this.#o.leader();
    if (this.#isUnderWay || leader === 0n || clock.nowMs() < this.#nextAttemptMs) return;
    this.#isUnderWay = true;
    this.#o.holdApplying();
    const done = (): void => {
      this.#o.awaitState(null);
      this.#o.releaseApplying();
      this.#nextAttemptMs = clock.nowMs() + RETRY_MS;
      this.#isUnderWay = false;
    };
    this.#attempt(leader).then(
      (mark) => {
        done();
        this.#o.onRepaired(mark);
      },
      (error: unknown) => {
        done();
        this.#o.onFailed(error instanceof Error ? error.message : String(error));
      },
    );
  }

  async #attempt(leader: MemberId): Promise<SnapshotMark> {
    const deadlineMs = this.#o.clock.nowMs() + ATTEMPT_TIMEOUT_MS;
    const state = await this.#receive(leader);
    try {
      await this.#untilCommitted(state.mark.index, deadlineMs);
    } catch (error) {
      await state.abort();
      throw error;
    }
    await this.#o.replaceState(state);
    return state.mark;
  }

  #receive(leader: MemberId): Promise<StateInstall> {
    return new Promise((resolve, reject) => {
      const timer = this.#o.clock.setTimer(ATTEMPT_TIMEOUT_MS, () => {
        reject(new Error("the leader's state did not arrive in time"));
      });
      this.#o.awaitState((state) => {
        timer.cancel();
        if (state instanceof Error) reject(state);
        else resolve(state);
      });
      this.#o.askForState(leader, this.#o.appliedIndex(), (isSending) => {
        if (isSending) return;
        timer.cancel();
        reject(new Error("the leader does not send its state now"));
      });
    });
  }

  async #untilCommitted(index: LogIndex, deadlineMs: number): Promise<void> {
    const { clock } = this.#o;
    while (!this.#o.hasCommitted(index)) {
      if (clock.nowMs() >= deadlineMs) throw new Error("the log did not come as far as the state");
      await new Promise<void>((resolve) => {
        clock.setTimer(LOOK_MS, resolve);
      });
    }
  }
}
