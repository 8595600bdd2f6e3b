import type { RpcServer, UnaryCall, UnaryHandler } from "@conclave/rpc";
import {
  CommandKind,
  checkDeleteRangeRequest,
  checkPutRequest,
  checkRangeRequest,
  checkTxnRequest,
  errorOfRefusal,
  HeaderEncoder,
  isSimplePut,
  isTxnReadOnly,
  isTxnSerializable,
  PlainTxn,
  PlainTxnResult,
  RangeReading,
  type RangeResult,
  type Refusal,
  type RefusedResult,
} from "@conclave/state-machine";
import {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  KV,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import type { Member } from "../node/member.ts";
import type { CallGuard } from "./call-guard.ts";
import { failWith } from "./errors.ts";
import { LongRange } from "./long-range.ts";
import { checkCommandBytes, decoding, type RequestLimits, refused } from "./validate.ts";
import { CommandCall, ReadCall, type ResultOf } from "./waiters.ts";

/** A Range over so many keys, or an eighth as many pairs, is answered in one go: about a millisecond. Count. */
const RANGE_WORK_MAX = 10_000;

/** The KV service: decode, validate, hand to the member, encode. Semantics are the state machine's. */
export function registerKvService(
  server: RpcServer,
  member: Member,
  guard: CallGuard,
  limits: RequestLimits,
): void {
  const service = new KvService(member, limits);
  const guarded = (handler: UnaryHandler): UnaryHandler => guard.guardUnary(handler);
  const putDecoded = decoding(PutRequest, (call, request, body) =>
    service.put(call, request, body),
  );
  const range = decoding(RangeRequest, (call, request, body) => service.range(call, request, body));
  server.unary(KV.Range.path, guard.guardUnary(range, true));
  server.unary(
    KV.Put.path,
    guarded((call, body) => {
      if (isSimplePut(body)) service.proposePut(call, body);
      else putDecoded(call, body);
    }),
  );
  server.unary(
    KV.DeleteRange.path,
    guarded(
      decoding(DeleteRangeRequest, (call, request, body) =>
        service.deleteRange(call, request, body),
      ),
    ),
  );
  const plainTxn = new PlainTxn();
  const txnDecoded = decoding(TxnRequest, (call, request, body) =>
    service.txn(call, request, body),
  );
  server.unary(
    KV.Txn.path,
    guarded((call, body) => {
      if (plainTxn.read(body, 0, body.length) && plainTxn.width <= limits.txnOpsMax) {
        service.proposeTxn(call, body, plainTxn.mayPut);
      } else txnDecoded(call, body);
    }),
  );
  server.unary(
    KV.Compact.path,
    guarded(
      decoding(CompactionRequest, (call, request, body) => service.compact(call, request, body)),
    ),
  );
}

class KvService {
  readonly #member: Member;
  readonly #limits: RequestLimits;
  readonly #headers: HeaderEncoder;

  constructor(member: Member, limits: RequestLimits) {
    this.#member = member;
    this.#limits = limits;
    this.#headers = new HeaderEncoder(() => member.header(0));
  }

  range(call: UnaryCall, request: RangeRequest, body: Uint8Array): void {
    if (!request.serializable && this.#member.isLearner) {
      failWith(call, EtcdErrors.notSupportedForLearner);
      return;
    }
    if (failNamed(call, checkRangeRequest(request))) return;
    if (request.serializable && this.#member.machine.isLoaded) this.#answerRange(call, request);
    else {
      const owned = RangeRequest.decode(Uint8Array.from(body));
      if (request.serializable) this.#member.whenLoaded(() => this.#answerRange(call, owned));
      else this.#member.readLinearizable(new ReadCall(call, owned, this.#answerRange));
    }
  }

  put(call: UnaryCall, request: PutRequest, body: Uint8Array): void {
    if (!failNamed(call, checkPutRequest(request))) this.proposePut(call, body);
  }

  /** Requires: the request in `body` is sound. */
  proposePut(call: UnaryCall, body: Uint8Array): void {
    if (refused(call, checkCommandBytes(body, this.#limits))) return;
    if (refused(call, this.#member.quota.check(body.length))) return;
    this.#member.propose(CommandKind.PUT, body, new CommandCall(call, "put", this.#encodePut));
  }

  deleteRange(call: UnaryCall, request: DeleteRangeRequest, body: Uint8Array): void {
    if (failNamed(call, checkDeleteRangeRequest(request))) return;
    if (refused(call, checkCommandBytes(body, this.#limits))) return;
    const waiter = new CommandCall(call, "delete-range", this.#encodeDeleteRange);
    this.#member.propose(CommandKind.DELETE_RANGE, body, waiter);
  }

  txn(call: UnaryCall, request: TxnRequest, body: Uint8Array): void {
    if (failNamed(call, checkTxnRequest(request, this.#limits.txnOpsMax))) return;
    if (isTxnReadOnly(request)) {
      const owned = TxnRequest.decode(Uint8Array.from(body));
      if (isTxnSerializable(request)) {
        this.#member.whenLoaded(() => this.#answerTxn(call, owned));
      } else this.#member.readLinearizable(new ReadCall(call, owned, this.#answerTxn));
      return;
    }
    if (refused(call, checkCommandBytes(body, this.#limits))) return;
    if (refused(call, this.#member.quota.checkTxn(request, body.length))) return;
    this.#member.propose(CommandKind.TXN, body, new CommandCall(call, "txn", this.#encodeTxn));
  }

  /** Requires: the request in `body` is plain, hence sound. */
  proposeTxn(call: UnaryCall, body: Uint8Array, mayPut: boolean): void {
    if (refused(call, checkCommandBytes(body, this.#limits))) return;
    if (mayPut && refused(call, this.#member.quota.check(body.length))) return;
    this.#member.propose(CommandKind.TXN, body, new CommandCall(call, "txn", this.#encodeTxn));
  }

  compact(call: UnaryCall, request: CompactionRequest, body: Uint8Array): void {
    const waiter = new CommandCall(call, "compact", this.#encodeCompact);
    if (!request.physical) this.#member.propose(CommandKind.COMPACT, body, waiter);
    else {
      this.#member.propose(CommandKind.COMPACT, body, {
        onResult: (result) => {
          if (result.kind !== "compact") waiter.onResult(result);
          else this.#member.sweeper.whenSwept(() => waiter.onResult(result));
        },
        onRefused: (error) => waiter.onRefused(error),
      });
    }
  }

  readonly #answerRange = (call: UnaryCall, request: RangeRequest): void => {
    const member = this.#member;
    const result = member.machine.readRange(request, RANGE_WORK_MAX);
    if (!(result instanceof RangeReading)) this.#replyRange(call, result);
    else {
      const answer = this.#replyRange;
      // The request may be a view of bytes that are gone after this turn.
      const owned = RangeRequest.decode(RangeRequest.encode(request));
      member.longReads.submit(
        new LongRange({ call, request: owned, member, reading: result, answer }),
      );
    }
  };

  readonly #replyRange = (call: UnaryCall, result: RangeResult | RefusedResult): void => {
    if (result.kind === "refused") failWith(call, errorOfRefusal(result.refusal));
    else {
      const { kvs, more, count, revision } = result;
      const header = this.#member.header(revision);
      call.reply(RangeResponse.encode({ header, kvs, more, count }));
    }
  };

  readonly #answerTxn = (call: UnaryCall, request: TxnRequest): void => {
    const result = this.#member.machine.readOnlyTxn(request);
    if (result.kind === "refused") failWith(call, errorOfRefusal(result.refusal));
    else call.reply(this.#encodeTxn(result));
  };

  readonly #encodePut = ({ revision, prevKv }: ResultOf<"put">): Uint8Array => {
    if (prevKv === null) return this.#headers.fieldAt(revision);
    return PutResponse.encode({ header: this.#member.header(revision), prevKv });
  };

  readonly #encodeDeleteRange = (result: ResultOf<"delete-range">): Uint8Array =>
    DeleteRangeResponse.encode({
      header: this.#member.header(result.revision),
      deleted: result.deleted,
      prevKvs: result.prevKvs,
    });

  readonly #encodeTxn = (result: ResultOf<"txn">): Uint8Array => {
    const { revision } = result;
    if (result instanceof PlainTxnResult) {
      return result.encodeAfter(this.#headers.fieldAt(revision));
    }
    const { succeeded, responses } = result;
    return TxnResponse.encode({ header: this.#member.header(revision), succeeded, responses });
  };

  readonly #encodeCompact = (result: ResultOf<"compact">): Uint8Array =>
    CompactionResponse.encode({ header: this.#member.header(result.revision) });
}

function failNamed(call: UnaryCall, refusal: Refusal | null): boolean {
  return refused(call, refusal === null ? null : errorOfRefusal(refusal));
}
