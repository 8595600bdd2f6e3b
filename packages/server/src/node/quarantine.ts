import type { MemberId } from "@conclave/raft";
import { type StateMachine, WHOLE_CLUSTER } from "@conclave/state-machine";
import { AlarmType, type EtcdError, quarantined } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";

export interface QuarantineOptions {
  readonly self: MemberId;
  readonly machine: StateMachine;
  /** Clients are refused from now on, with this. */
  readonly onRefusing: (error: EtcdError) => void;
  /** This member is in quarantine, or out of it again. */
  readonly onChange: (isQuarantined: boolean) => void;
}

/**
 * What the CORRUPT alarm means here. Raised for this member: its state differs from the majority's, so it answers nobody and
 * does not lead. Raised for the whole cluster: nobody knows which state is right, so nobody answers, as in etcd.
 */
export class Quarantine {
  readonly #o: QuarantineOptions;
  #isQuarantined = false;
  #refusal: EtcdError | null = null;

  constructor(options: QuarantineOptions) {
    this.#o = options;
  }

  get isQuarantined(): boolean {
    return this.#isQuarantined;
  }

  /** Why clients are refused, or null. */
  get refusal(): EtcdError | null {
    return this.#refusal;
  }

  /** Looks at the alarms: entries were applied, or a state was loaded. */
  look(): void {
    const { machine, self } = this.#o;
    const isQuarantined = machine.isAlarmRaisedFor(AlarmType.CORRUPT, self);
    const isClusterInDoubt = machine.isAlarmRaisedFor(AlarmType.CORRUPT, WHOLE_CLUSTER);
    const refusal = refusalOf(isQuarantined, isClusterInDoubt);
    const isNew = refusal !== null && refusal !== this.#refusal;
    this.#refusal = refusal;
    if (isNew) this.#o.onRefusing(refusal);
    if (isQuarantined === this.#isQuarantined) return;
    this.#isQuarantined = isQuarantined;
    this.#o.onChange(isQuarantined);
  }
}

function refusalOf(isQuarantined: boolean, isClusterInDoubt: boolean): EtcdError | null {
  if (isQuarantined) return quarantined;
  return isClusterInDoubt ? EtcdErrors.corrupt : null;
}
