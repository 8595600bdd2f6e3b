import type { MemberId } from "@conclave/raft";
import { type StateCheckpoint, type StateMachine, WHOLE_CLUSTER } from "@conclave/state-machine";
import { AlarmType } from "@conclave/wire";
import type { Logger } from "../observe/logger.ts";
import { formatId } from "../peer/peer-protocol.ts";
import type { ClusterAlarms } from "./cluster-alarms.ts";
import { judgeStates, type StateJudgement, type StateReport } from "./state-judgement.ts";

/** How often the leader compares states. Asking costs a kilobyte a member. Milliseconds. */
export const STATE_COMPARISON_INTERVAL_MS = 5_000;

export interface StateComparisonOptions {
  readonly self: MemberId;
  readonly machine: StateMachine;
  readonly alarms: ClusterAlarms;
  readonly logger: Logger;
  readonly isLeading: () => boolean;
  readonly voters: () => readonly MemberId[];
  /** Asks a member for its checkpoints; null: it could not be asked, or does not know the question. */
  readonly ask: (
    member: MemberId,
    answer: (checkpoints: readonly StateCheckpoint[] | null) => void,
  ) => void;
}

/**
 * The leader's look at whether all members hold the same state. One that differs from a majority is named in a CORRUPT alarm,
 * and the alarm is taken back once it agrees again; if none has a majority, the alarm is for the whole cluster.
 */
export class StateComparison {
  readonly #o: StateComparisonOptions;
  #isUnderWay = false;
  /** Rounds in which at least two states were compared, and differences found in them. Counts. */
  rounds = 0;
  differences = 0;

  constructor(options: StateComparisonOptions) {
    this.#o = options;
  }

  /** Begins a round, if this member leads and none is under way. */
  compare(): void {
    const { machine, self } = this.#o;
    const voters = this.#o.voters();
    if (!this.#o.isLeading() || this.#isUnderWay || voters.length < 2) return;
    this.#isUnderWay = true;
    // Taken now as well as when the answers are in: an idle cluster is compared at its last index.
    const before = machine.checkpoints();
    const reports: StateReport[] = [];
    const others = voters.filter((id) => id !== self);
    let awaited = others.length;
    for (const member of others) {
      this.#o.ask(member, (checkpoints) => {
        if (checkpoints !== null) reports.push({ member, checkpoints });
        awaited -= 1;
        if (awaited > 0) return;
        this.#isUnderWay = false;
        if (!this.#o.isLeading()) return;
        reports.push({ member: self, checkpoints: [...before, ...machine.checkpoints()] });
        this.#act(judgeStates(reports, voters.length));
      });
    }
  }

  #act({ agreeing, differing, undecidedIndex }: StateJudgement): void {
    const { alarms, logger } = this.#o;
    if (agreeing.length > 0 || undecidedIndex !== null) this.rounds += 1;
    for (const { member, index } of differing) {
      this.differences += 1;
      if (!alarms.raise(AlarmType.CORRUPT, member)) continue;
      logger.error("a member's state differs from the majority's; raising the CORRUPT alarm", {
        member: formatId(member),
        index,
      });
    }
    if (undecidedIndex !== null) {
      this.differences += 1;
      if (!alarms.raise(AlarmType.CORRUPT, WHOLE_CLUSTER)) return;
      const text =
        "members' states differ and none has a majority; raising the CORRUPT alarm for the whole cluster";
      logger.error(text, { index: undecidedIndex });
      return;
    }
    for (const member of agreeing) this.#clear(member, "a member's state is the majority's again");
    if (agreeing.length > 0) this.#clear(WHOLE_CLUSTER, "a majority agrees on its state again");
  }

  #clear(member: MemberId, text: string): void {
    if (!this.#o.alarms.clear(AlarmType.CORRUPT, member)) return;
    this.#o.logger.info(`${text}; taking the CORRUPT alarm back`, { member: formatId(member) });
  }
}
