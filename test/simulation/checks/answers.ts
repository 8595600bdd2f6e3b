import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "@conclave/wire";
import {
  type ReferenceModel,
  wireOf,
} from "../../../packages/state-machine/src/reference-model.ts";
import type { Operation } from "../history.ts";

const RESPONSES = {
  put: PutResponse,
  "delete-range": DeleteRangeResponse,
  txn: TxnResponse,
  range: RangeResponse,
} as const;

/** An answer in a form to be compared: without its header, which names the member. */
export function answerBytes(method: Operation["method"], response: object): Uint8Array {
  return RESPONSES[method].encode({ ...response, header: null });
}

/** What the model answers to a request in its present state; a write changes it. @throws ModelRefusal */
export function modelAnswer(
  model: ReferenceModel,
  method: Operation["method"],
  body: Uint8Array,
): Uint8Array {
  switch (method) {
    case "put": {
      const request = PutRequest.decode(body);
      const before = model.put(request);
      return PutResponse.encode({ prevKv: request.prevKv && before ? wireOf(before) : null });
    }
    case "delete-range": {
      const request = DeleteRangeRequest.decode(body);
      const deleted = model.delete(request);
      const prevKvs = request.prevKv ? deleted.map(wireOf) : [];
      return DeleteRangeResponse.encode({ deleted: deleted.length, prevKvs });
    }
    case "txn":
      return TxnResponse.encode(model.txn(TxnRequest.decode(body)));
    case "range": {
      const { pairs, count, more } = model.range(RangeRequest.decode(body));
      return RangeResponse.encode({ kvs: pairs.map(wireOf), count, more });
    }
  }
}
