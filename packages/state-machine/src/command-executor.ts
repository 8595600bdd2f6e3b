import { byteStringOf } from "@conclave/base";
import {
  AlarmRequest,
  AlarmType,
  CompactionRequest,
  DecodeError,
  DeleteRangeRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  type RequestOp,
  TxnRequest,
} from "@conclave/wire";
import { type Alarms, WHOLE_CLUSTER } from "./alarms.ts";
import { CommandKind, type CommandReader, decodeLeaseExpire } from "./command.ts";
import type { Lessor } from "./lease/lessor.ts";
import type { MemberDirectory, MembershipCommand } from "./member-directory.ts";
import { KeyValueView } from "./mvcc/key-value.ts";
import { PlainPutReader } from "./mvcc/plain-put.ts";
import { PlainTxn } from "./mvcc/plain-txn.ts";
import { PlainTxnRun } from "./mvcc/plain-txn-run.ts";
import type { Change, MvccStore } from "./mvcc/store.ts";
import { checkIgnored, checkLease, deleteRange, putPair, TxnEvaluation } from "./mvcc/txn.ts";
import { MalformedMessage } from "./protobuf.ts";
import { encodeCounts, META } from "./records.ts";
import type { Refusal } from "./refusal.ts";
import type { CommandResult } from "./result.ts";
import type { StateStore } from "./state-store.ts";

/** Everything the log computes. */
export interface ReplicatedState {
  readonly store: StateStore;
  readonly mvcc: MvccStore;
  readonly lessor: Lessor;
  readonly alarms: Alarms;
  readonly members: MemberDirectory;
}

/** Commands that a full disk somewhere in the cluster stops; deletes and compaction make room, so they pass. */
const STOPPED_BY_NOSPACE: ReadonlySet<number> = new Set([
  CommandKind.PUT,
  CommandKind.TXN,
  CommandKind.LEASE_GRANT,
]);

/** Commands that stop while members differ and nobody can tell which of them is right. */
const STOPPED_BY_CORRUPT: ReadonlySet<number> = new Set([
  CommandKind.PUT,
  CommandKind.DELETE_RANGE,
  CommandKind.TXN,
  CommandKind.COMPACT,
  CommandKind.LEASE_GRANT,
  CommandKind.LEASE_REVOKE,
]);

/**
 * Executes one command: state and command in, state and result out, and nothing else looked at (decision 7 of the
 * design). The guards that an alarm puts up are composed here and nowhere else (E28).
 */
export class CommandExecutor {
  readonly #state: ReplicatedState;
  /** Told of the changes of every write, at the revision it made. */
  readonly #onChanges: (changes: readonly Change[]) => void;
  readonly #plainPut = new PlainPutReader();
  readonly #plainTxn = new PlainTxn();
  readonly #plainTxnRun: PlainTxnRun;
  readonly #view = new KeyValueView();
  /** Reused: a put is answered before the next command begins. */
  readonly #putResult: { kind: "put"; revision: number; prevKv: Uint8Array | null } = {
    kind: "put",
    revision: 0,
    prevKv: null,
  };

  constructor(state: ReplicatedState, onChanges: (changes: readonly Change[]) => void) {
    this.#state = state;
    this.#plainTxnRun = new PlainTxnRun(state.mvcc, state.lessor);
    this.#onChanges = onChanges;
  }

  /**
   * @param term of the entry that carries the command
   * @param wantsAnswer false if nobody here waits: reads inside the command are left out
   * @returns valid until the next call
   */
  execute(command: CommandReader, term: number, wantsAnswer: boolean): CommandResult {
    try {
      const refusal = this.#guard(command);
      return refusal === null ? this.#dispatch(command, term, wantsAnswer) : this.#refuse(refusal);
    } catch (error) {
      // The API decodes a request before it is proposed, so these bytes are a bug of a member. Falling over them would
      // bring down every member, at every start, for ever; each comes to the same refusal instead.
      if (error instanceof DecodeError || error instanceof MalformedMessage) {
        return this.#refuse("unknownMethod");
      }
      throw error;
    }
  }

  /** With a member go its alarms: it can no longer take them back. */
  changeMembership(command: MembershipCommand): void {
    this.#state.members.execute(command);
    if (command.change === "remove") this.#state.alarms.removeMember(command.id);
  }

  #guard(command: CommandReader): Refusal | null {
    const { alarms } = this.#state;
    if (!alarms.isAny) return null;
    const { kind } = command;
    // A member that is known to differ from the others stands back by itself; the others go on.
    const isInDoubt = alarms.isRaisedFor(AlarmType.CORRUPT, WHOLE_CLUSTER);
    if (isInDoubt && STOPPED_BY_CORRUPT.has(kind)) return "corrupt";
    if (!alarms.isActive(AlarmType.NOSPACE) || !STOPPED_BY_NOSPACE.has(kind)) return null;
    const isHarmless = kind === CommandKind.TXN && !hasPut(TxnRequest.decode(command.body()));
    return isHarmless ? null : "noSpace";
  }

  #dispatch(command: CommandReader, term: number, wantsAnswer: boolean): CommandResult {
    switch (command.kind) {
      case CommandKind.PUT:
        return this.#put(command);
      case CommandKind.DELETE_RANGE:
        return this.#deleteRange(command.body());
      case CommandKind.TXN:
        return this.#txn(command, wantsAnswer);
      case CommandKind.COMPACT:
        return this.#compact(command.body());
      case CommandKind.LEASE_GRANT:
        return this.#grantLease(command.body());
      case CommandKind.LEASE_REVOKE:
        return this.#revokeLease(command.body());
      case CommandKind.LEASE_EXPIRE:
        return this.#expireLeases(command.body(), term);
      case CommandKind.ALARM:
        return this.#alarm(AlarmRequest.decode(command.body()));
      case CommandKind.MEMBER_ATTRIBUTES:
        if (!this.#state.members.publish(command.body())) return this.#refuse("memberNotFound");
        return { kind: "member-attributes", revision: this.#state.mvcc.revision };
      default:
        return this.#refuse("unknownMethod");
    }
  }

  #alarm(request: AlarmRequest): CommandResult {
    const { alarms, members, mvcc } = this.#state;
    const isOfNobody = members.removed().has(request.memberID);
    const answer = isOfNobody ? [] : alarms.execute(request);
    return { kind: "alarm", revision: mvcc.revision, alarms: answer };
  }

  #put(command: CommandReader): CommandResult {
    const { mvcc, lessor } = this.#state;
    const put = this.#plainPut;
    const { data, bodyStart, bodyEnd } = command;
    if (!put.read(data, bodyStart, bodyEnd)) return this.#fullPut(command.body());
    if (put.lease !== 0n && !lessor.has(put.lease)) return this.#refuse("leaseNotFound");
    mvcc.beginWrite();
    mvcc.put(put.key, data, put.valueStart, put.valueEnd, put.lease);
    return this.#endPut(null);
  }

  #fullPut(body: Uint8Array): CommandResult {
    const { mvcc, lessor } = this.#state;
    const request = PutRequest.decode(body);
    const refusal = checkLease(lessor, request) ?? checkIgnored(mvcc, request);
    if (refusal !== null) return this.#refuse(refusal);
    mvcc.beginWrite();
    return this.#endPut(putPair(mvcc, byteStringOf(request.key), request, this.#view));
  }

  #endPut(prevKv: Uint8Array | null): CommandResult {
    this.#endWrite();
    const result = this.#putResult;
    result.revision = this.#state.mvcc.revision;
    result.prevKv = prevKv;
    return result;
  }

  #deleteRange(body: Uint8Array): CommandResult {
    const { mvcc } = this.#state;
    const request = DeleteRangeRequest.decode(body);
    mvcc.beginWrite();
    const answer = deleteRange(mvcc, request);
    this.#endWrite();
    return { kind: "delete-range", revision: mvcc.revision, ...answer };
  }

  #txn(command: CommandReader, wantsAnswer: boolean): CommandResult {
    const { data, bodyStart, bodyEnd } = command;
    const isPlain = this.#plainTxn.read(data, bodyStart, bodyEnd);
    return isPlain
      ? this.#runPlainTxn(data, wantsAnswer)
      : this.#fullTxn(command.body(), wantsAnswer);
  }

  #runPlainTxn(data: Uint8Array, wantsAnswer: boolean): CommandResult {
    const { mvcc } = this.#state;
    const run = this.#plainTxnRun;
    const refusal = run.begin(this.#plainTxn, data);
    if (refusal !== null) return this.#refuse(refusal);
    mvcc.beginWrite();
    run.run(wantsAnswer);
    this.#endWrite();
    run.result.revision = mvcc.revision;
    return run.result;
  }

  #fullTxn(body: Uint8Array, wantsAnswer: boolean): CommandResult {
    const { mvcc, lessor } = this.#state;
    const evaluation = new TxnEvaluation(mvcc, lessor, TxnRequest.decode(body));
    const refusal = evaluation.check();
    if (refusal !== null) return this.#refuse(refusal);
    mvcc.beginWrite();
    const answer = evaluation.run(wantsAnswer);
    this.#endWrite();
    return { kind: "txn", revision: mvcc.revision, ...answer };
  }

  #compact(body: Uint8Array): CommandResult {
    const { mvcc, store } = this.#state;
    const { revision } = CompactionRequest.decode(body);
    if (revision <= mvcc.compactRevision) return this.#refuse("compacted");
    if (revision > mvcc.revision) return this.#refuse("futureRevision");
    mvcc.compactTo(revision);
    store.put(META.compact, encodeCounts(revision));
    return { kind: "compact", revision: mvcc.revision };
  }

  #grantLease(body: Uint8Array): CommandResult {
    const { mvcc, lessor } = this.#state;
    const { ID, TTL } = LeaseGrantRequest.decode(body);
    const granted = lessor.grant(ID, TTL);
    if (!granted.ok) return this.#refuse(granted.refusal);
    return { kind: "lease-grant", revision: mvcc.revision, id: ID, ttlSeconds: granted.value };
  }

  #revokeLease(body: Uint8Array): CommandResult {
    const { ID } = LeaseRevokeRequest.decode(body);
    if (!this.#state.lessor.has(ID)) return this.#refuse("leaseNotFound");
    this.#endLease(ID);
    return { kind: "lease-revoke", revision: this.#state.mvcc.revision };
  }

  /** A leader of an earlier term no longer knows who renewed since: its word is void (E18, L6). */
  #expireLeases(body: Uint8Array, term: number): CommandResult {
    const { mvcc, lessor } = this.#state;
    const expire = decodeLeaseExpire(body);
    const expired: bigint[] = [];
    for (const id of expire.term === term ? expire.leases : []) {
      if (!lessor.has(id)) continue;
      this.#endLease(id);
      expired.push(id);
    }
    return { kind: "lease-expire", revision: mvcc.revision, expired };
  }

  /** The lease and all its keys go in one step, at one revision; without keys there is none (L3). */
  #endLease(id: bigint): void {
    const { mvcc, lessor } = this.#state;
    mvcc.beginWrite();
    for (const key of lessor.keysOf(id)) mvcc.delete(key);
    this.#endWrite();
    lessor.remove(id);
  }

  #endWrite(): void {
    const changes = this.#state.mvcc.endWrite();
    if (changes.length > 0) this.#onChanges(changes);
  }

  #refuse(refusal: Refusal): CommandResult {
    return { kind: "refused", revision: this.#state.mvcc.revision, refusal };
  }
}

function hasPut(request: TxnRequest): boolean {
  const puts = (op: RequestOp): boolean =>
    op.requestPut !== null || (op.requestTxn !== null && hasPut(op.requestTxn));
  return request.success.some(puts) || request.failure.some(puts);
}
