import type { StateMachine } from "@conclave/state-machine";
import { AlarmType, type EtcdError, type RequestOp, type TxnRequest } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";

/** What etcd counts for a put beside its key and value, and for a lease. Bytes. */
const PUT_OVERHEAD_BYTES = 256;
const LEASE_COST_BYTES = 64;

/**
 * Refuses what would grow the store beyond its quota, before it is proposed. Deletes, reads and compactions always
 * pass: they are the way out. The NOSPACE alarm, once raised anywhere, refuses on all members until it is disarmed.
 */
export class Quota {
  readonly #machine: StateMachine;
  /** Infinity: none. */
  readonly #bytesMax: number;
  readonly #raiseAlarm: () => void;

  constructor(machine: StateMachine, bytesMax: number, raiseAlarm: () => void) {
    this.#machine = machine;
    this.#bytesMax = bytesMax;
    this.#raiseAlarm = raiseAlarm;
  }

  /** Why a put with a request of that size is refused, or null. */
  check(requestBytes: number): EtcdError | null {
    return this.#checkCost(PUT_OVERHEAD_BYTES + requestBytes);
  }

  checkLeaseGrant(): EtcdError | null {
    return this.#checkCost(LEASE_COST_BYTES);
  }

  /** A transaction is weighed only if it may put something. */
  checkTxn(request: TxnRequest, requestBytes: number): EtcdError | null {
    const puts = Math.max(countPuts(request.success), countPuts(request.failure));
    return puts === 0 ? null : this.#checkCost(PUT_OVERHEAD_BYTES * puts + requestBytes);
  }

  #checkCost(costBytes: number): EtcdError | null {
    if (this.#machine.isAlarmActive(AlarmType.NOSPACE)) return EtcdErrors.noSpace;
    if (this.#machine.sizeBytes + costBytes < this.#bytesMax) return null;
    this.#raiseAlarm();
    return EtcdErrors.noSpace;
  }
}

/** Puts of a branch, nested transactions included: the branch of theirs that has more. */
function countPuts(operations: readonly RequestOp[]): number {
  let count = 0;
  for (const { requestPut, requestTxn } of operations) {
    if (requestPut !== null) count += 1;
    if (requestTxn !== null) {
      count += Math.max(countPuts(requestTxn.success), countPuts(requestTxn.failure));
    }
  }
  return count;
}
