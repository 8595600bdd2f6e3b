import { assert, VirtualClock } from "@conclave/base";
import { type CallStatus, Status } from "@conclave/rpc";
import { refreshAfterMs } from "../../packages/client/src/auth/token-life.ts";
import { decodeEndpoint, instanceIdOf } from "../../packages/client/src/discovery/endpoint.ts";
import { ConclaveError } from "../../packages/client/src/errors.ts";
import { KeyValue } from "../../packages/client/src/kv/key-value.ts";
import { Namespace } from "../../packages/client/src/kv/keys.ts";
import { decoderOf } from "../../packages/client/src/kv/value-codec.ts";
import { entryFacts, standingEntries } from "../../packages/client/src/locks/queue-snapshot.ts";
import { claimOf } from "../../packages/client/src/ownership/queue-order.ts";
import { errorOfStatus } from "../../packages/client/src/transport/status-errors.ts";
import { Flag, FrameType } from "../../packages/rpc/src/frame.ts";
import { frame, message, rawPeer, settings } from "../../packages/rpc/src/testing/raw-peer.ts";
import { HEAD, OK, RawServer } from "../../packages/rpc/src/testing/raw-server.ts";
import type { Door } from "./door.ts";
import { textInputs, textOf } from "./inputs.ts";

const root = new Namespace("");
const jsonOf = decoderOf((pair: KeyValue) => pair.json());

function pairOf(key: string, value: Uint8Array, leaseId = 0n): KeyValue {
  return new KeyValue(root, {
    key: Buffer.from(key),
    value,
    createRevision: 2,
    modRevision: 2,
    version: 1,
    lease: leaseId,
  });
}

/** An answer to a unary call and two messages of a stream, in one piece, as a server of any make may send them. */
function answers(): Uint8Array {
  const { peer } = rawPeer(new VirtualClock(), { isServer: true });
  return Buffer.concat([
    peer.headers(1, Flag.END_HEADERS, HEAD),
    frame(FrameType.DATA, 0, 1, message("answer")),
    peer.headers(1, Flag.END_HEADERS | Flag.END_STREAM, OK),
    peer.headers(3, Flag.END_HEADERS, HEAD),
    frame(FrameType.DATA, 0, 3, message("one")),
    frame(FrameType.PING, 0, 0, Buffer.alloc(8)),
    frame(FrameType.DATA, 0, 3, message("two")),
    peer.headers(3, Flag.END_HEADERS | Flag.END_STREAM, OK),
    settings(),
  ]);
}

/** What a server, or somebody who wrote into its store, gives to the SDK. */
export const sdkDoors: readonly Door[] = [
  {
    name: "octets of a connection to the client",
    corpus: [answers()],
    share: 0.5,
    knock: (input) => {
      const server = new RawServer();
      const call = server.call({ timeoutMs: 1_000 });
      const stream = server.open({ timeoutMs: 1_000 });
      server.say(input);
      server.clock.advance(3_000);
      server.channel.close();
      server.clock.advance(3_000);
      assert(call.status !== null, "the call never ended");
      assert(stream.ended.status !== null, "the stream never ended");
      return [call, stream.ended].map(({ status }) => `${status?.code} ${status?.message}`).join();
    },
    refusals: [],
  },
  {
    name: "status of a call",
    corpus: textInputs("etcdserver: mvcc: required revision has been compacted", "no leader"),
    knock: (input) => {
      const code = ((input[0] ?? 0) % 18) as CallStatus["code"];
      const trailers = new Map<string, string>() as unknown as CallStatus["trailers"];
      const status = { code, message: textOf(input), trailers, mayHaveReachedServer: true };
      const error = errorOfStatus({ ...status, endpoint: null }, "once", "/t.S/Put");
      assert(code === Status.OK || error.outcome !== undefined, "an error says what became of it");
    },
    refusals: [],
  },
  {
    name: "endpoint of a service",
    corpus: textInputs(
      '{"Op":0,"Addr":"10.0.0.1:80","Metadata":{"instance":"i","weight":2,"status":"up"}}',
      '{"Addr":"h:1","Metadata":null}',
    ),
    knock: (input) => {
      const pair = pairOf("s/1", input);
      instanceIdOf(pair);
      const { addr, weight } = decodeEndpoint(pair);
      assert(typeof addr === "string", "an endpoint has an address");
      assert(weight >= 0 && Number.isFinite(weight), "a weight can be counted with");
    },
    refusals: [TypeError, SyntaxError],
  },
  {
    name: "entry of a lock's queue",
    corpus: textInputs('{"permits":2,"of":3,"owner":"a"}', '{"mode":"shared"}', '{"delay":5}', "x"),
    knock: (input) => {
      const holder = pairOf("lock/7", Buffer.from('{"mode":"shared"}'), 7n);
      const pair = pairOf("lock/8", input, 8n);
      const claim = claimOf(pair.text);
      if (claim.kind === "permits") assert(claim.permits <= claim.of, "no more than there are");
      entryFacts(pair);
      for (const { waitingOn } of standingEntries([holder, pair])) {
        assert(waitingOn.length <= 1, "nobody waits for himself");
      }
    },
    refusals: [],
  },
  {
    name: "value of a typed key",
    corpus: textInputs('{"a":[1,2,{"b":null}]}', "true", '"text"'),
    knock: (input) => void jsonOf(pairOf("k", input)),
    refusals: [ConclaveError],
  },
  {
    name: "token of a server",
    corpus: textInputs(
      `a.${Buffer.from('{"exp":1790000000,"username":"u"}').toString("base64url")}.c`,
      "simple.7",
    ),
    knock: (input) => {
      const afterMs = refreshAfterMs(textOf(input), 1_790_000_000_000);
      assert(afterMs > 0, "a token is used for a while before it is replaced");
    },
    refusals: [],
  },
];
