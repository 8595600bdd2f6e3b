import type { MemberId } from "@conclave/raft";
import { CommandKind, type StateMachine } from "@conclave/state-machine";
import { AlarmAction, AlarmRequest, type AlarmType } from "@conclave/wire";
import type { ProposalWaiter } from "./waiting-proposals.ts";

export interface ClusterAlarmsOptions {
  readonly machine: StateMachine;
  readonly propose: (kind: CommandKind, body: Uint8Array, waiter: ProposalWaiter) => void;
}

/** Raises alarms and takes them back, by way of the log: one request for each at a time. */
export class ClusterAlarms {
  readonly #o: ClusterAlarmsOptions;
  /** "type/member" of what is on its way. Bounded by the members there are. */
  readonly #underWay = new Set<string>();

  constructor(options: ClusterAlarmsOptions) {
    this.#o = options;
  }

  /**
   * Raised again if it is raised here already: the member that it is for may have lost it with its state.
   * @returns whether it is new
   */
  raise(alarm: AlarmType, member: MemberId): boolean {
    const isRaised = this.#o.machine.isAlarmRaisedFor(alarm, member);
    return this.#request(AlarmAction.ACTIVATE, alarm, member) && !isRaised;
  }

  /** @returns false if it is not raised, or about to be taken back. */
  clear(alarm: AlarmType, member: MemberId): boolean {
    if (!this.#o.machine.isAlarmRaisedFor(alarm, member)) return false;
    return this.#request(AlarmAction.DEACTIVATE, alarm, member);
  }

  #request(action: AlarmAction, alarm: AlarmType, memberID: MemberId): boolean {
    const key = `${alarm}/${memberID}`;
    if (this.#underWay.has(key)) return false;
    this.#underWay.add(key);
    const done = (): void => {
      this.#underWay.delete(key);
    };
    const body = AlarmRequest.encode({ action, alarm, memberID });
    this.#o.propose(CommandKind.ALARM, body, { onResult: done, onRefused: done });
    return true;
  }
}
