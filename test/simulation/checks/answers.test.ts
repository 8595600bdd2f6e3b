import {
  DeleteRangeRequest,
  type KeyValue,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "@conclave/wire";
import { expect, test } from "vitest";
import {
  ModelRefusal,
  ReferenceModel,
} from "../../../packages/state-machine/src/reference-model.ts";
import type { Operation } from "../history.ts";
import { bytesOfText } from "../workload/client.ts";
import { answerBytes, modelAnswer } from "./answers.ts";

const key = bytesOfText("a");
const put = (value: string, more: { prevKv?: boolean; lease?: bigint } = {}): Uint8Array =>
  PutRequest.encode({ key, value: bytesOfText(value), ...more });

/** What a member answers, as the checks compare it. */
function answered(method: Operation["method"], body: Uint8Array, value: string): Uint8Array {
  const kv: Partial<KeyValue> = {
    ...{ key, value: bytesOfText(value), createRevision: 2, modRevision: 2, version: 1 },
  };
  const header = { clusterId: 1n, memberId: 2n, revision: 2, raftTerm: 3 };
  switch (method) {
    case "put":
      return answerBytes(method, { header, prevKv: kv });
    case "delete-range":
      return answerBytes(method, { header, deleted: 1, prevKvs: [kv] });
    case "range":
      return answerBytes(method, { header, kvs: [kv], count: 1, more: false });
    case "txn": {
      const { success } = TxnRequest.decode(body);
      const responses = success.map(() => ({
        responseRange: { header: { revision: 2 }, kvs: [kv], count: 1 },
      }));
      return answerBytes(method, { header, succeeded: true, responses });
    }
  }
}

const requests: [Operation["method"], Uint8Array][] = [
  ["put", put("2", { prevKv: true })],
  ["delete-range", DeleteRangeRequest.encode({ key, prevKv: true })],
  ["range", RangeRequest.encode({ key })],
  ["txn", TxnRequest.encode({ success: [{ requestRange: { key } }] })],
];

test.each(requests)(
  "what a member answers to %s is what the model answers, whoever it is",
  (...request) => {
    const [method, body] = request;
    const model = new ReferenceModel();
    modelAnswer(model, "put", put("1"));
    expect(Buffer.from(modelAnswer(model, method, body))).toEqual(
      Buffer.from(answered(method, body, "1")),
    );
  },
);

test.each(requests)("another value in the answer to %s is another answer", (method, body) => {
  const model = new ReferenceModel();
  modelAnswer(model, "put", put("1"));
  expect(Buffer.from(modelAnswer(model, method, body))).not.toEqual(
    Buffer.from(answered(method, body, "2")),
  );
});

test("a previous pair that was not asked for is another answer", () => {
  const model = new ReferenceModel();
  modelAnswer(model, "put", put("1"));
  const answer = PutResponse.decode(modelAnswer(model, "put", put("2")));
  expect(answer.prevKv).toBeNull();
});

test("a request that is to be refused has no answer", () => {
  expect(() => modelAnswer(new ReferenceModel(), "put", put("1", { lease: 7n }))).toThrow(
    ModelRefusal,
  );
});

test("what one request writes the next one reads", () => {
  const model = new ReferenceModel();
  const txn = TxnRequest.encode({ success: [{ requestPut: { key, value: bytesOfText("3") } }] });
  expect(TxnResponse.decode(modelAnswer(model, "txn", txn)).succeeded).toBe(true);
  const { kvs } = RangeResponse.decode(modelAnswer(model, "range", RangeRequest.encode({ key })));
  expect(kvs.map(({ value }) => Buffer.from(value).toString())).toEqual(["3"]);
});
