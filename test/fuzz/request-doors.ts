import { assert } from "@conclave/base";
import {
  CompactionRequest,
  DecodeError,
  DeleteRangeRequest,
  LeaseGrantRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
  WatchRequest,
} from "@conclave/wire";
import { CommandKind } from "../../packages/state-machine/src/command.ts";
import {
  checkDeleteRangeRequest,
  checkPutRequest,
  checkRangeRequest,
  checkTxnRequest,
} from "../../packages/state-machine/src/mvcc/txn-check.ts";
import { bytes, Member, TestStream } from "../../packages/state-machine/src/testing.ts";
import type { Door } from "./door.ts";
import { randomProtobuf } from "./inputs.ts";

const TXN_OPS_MAX = 128;
/** A member is replaced after so many requests, before its history slows the test down. */
const REQUESTS_PER_MEMBER = 2_000;

let member = new Member();
let requests = 0;

/** Whatever passes the checks of the service is applied by every member: it may be refused there, and nothing else. */
function apply(kind: CommandKind, body: Uint8Array): void {
  requests += 1;
  if (requests % REQUESTS_PER_MEMBER === 0) member = new Member();
  const before = member.machine.revision;
  const { kind: outcome } = member.execute(kind, body);
  assert(outcome !== "refused" || member.machine.revision === before, "a refusal changes nothing");
}

const [key, value] = [bytes("k"), bytes("v")];

/** Requests that decode, checked as their service checks them, then applied. */
export const requestDoors: readonly Door[] = [
  {
    name: "put, applied",
    corpus: [PutRequest.encode({ key, value, lease: 7n, prevKv: true })],
    generate: randomProtobuf,
    knock: (input) => {
      const request = PutRequest.decode(input);
      if (checkPutRequest(request) === null) apply(CommandKind.PUT, PutRequest.encode(request));
    },
    refusals: [DecodeError],
  },
  {
    name: "delete, applied",
    corpus: [DeleteRangeRequest.encode({ key, rangeEnd: bytes("\0"), prevKv: true })],
    generate: randomProtobuf,
    knock: (input) => {
      if (checkDeleteRangeRequest(DeleteRangeRequest.decode(input)) !== null) return;
      apply(CommandKind.DELETE_RANGE, Uint8Array.from(input));
    },
    refusals: [DecodeError],
  },
  {
    name: "transaction, applied",
    corpus: [
      TxnRequest.encode({
        compare: [{ key, target: 0, version: 1 }],
        success: [{ requestPut: { key, value } }, { requestRange: { key } }],
        failure: [{ requestTxn: { success: [{ requestDeleteRange: { key } }] } }],
      }),
    ],
    generate: randomProtobuf,
    knock: (input) => {
      if (checkTxnRequest(TxnRequest.decode(input), TXN_OPS_MAX) !== null) return;
      apply(CommandKind.TXN, Uint8Array.from(input));
    },
    refusals: [DecodeError],
  },
  {
    name: "compaction, applied",
    corpus: [CompactionRequest.encode({ revision: 2, physical: true })],
    generate: randomProtobuf,
    knock: (input) => {
      CompactionRequest.decode(input);
      apply(CommandKind.COMPACT, Uint8Array.from(input));
    },
    refusals: [DecodeError],
  },
  {
    name: "lease, granted",
    corpus: [LeaseGrantRequest.encode({ ID: 7n, TTL: 60 })],
    generate: randomProtobuf,
    knock: (input) => {
      LeaseGrantRequest.decode(input);
      apply(CommandKind.LEASE_GRANT, Uint8Array.from(input));
    },
    refusals: [DecodeError],
  },
  {
    name: "watch, created",
    corpus: [
      WatchRequest.encode({ createRequest: { key, rangeEnd: bytes("l"), startRevision: 1 } }),
      WatchRequest.encode({ createRequest: { key, prevKv: true, filters: [0, 1], watchId: 7 } }),
      WatchRequest.encode({ cancelRequest: { watchId: 7 } }),
    ],
    generate: randomProtobuf,
    knock: (input) => {
      const { createRequest, cancelRequest } = WatchRequest.decode(input);
      const stream = new TestStream(member, 1_000);
      if (createRequest !== null) stream.stream.create(createRequest);
      if (cancelRequest !== null) stream.stream.cancel(cancelRequest.watchId);
      stream.take();
      stream.stream.close();
      assert(member.machine.watchHub.watcherCount === 0, "a watcher is left over");
    },
    refusals: [DecodeError],
  },
  {
    name: "range, read",
    corpus: [RangeRequest.encode({ key, rangeEnd: bytes("\0"), limit: 3, revision: 1 })],
    generate: randomProtobuf,
    knock: (input) => {
      const request = RangeRequest.decode(input);
      if (checkRangeRequest(request) === null) member.machine.range(request);
    },
    refusals: [DecodeError],
  },
];
