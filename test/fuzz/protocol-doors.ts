import { VirtualClock } from "@conclave/base";
import * as wire from "@conclave/wire";
import { DecodeError, type MessageCodec } from "@conclave/wire";
import { ConnectionFault } from "../../packages/rpc/src/error-code.ts";
import { Flag, PREFACE } from "../../packages/rpc/src/frame.ts";
import { decodeGrpcMessage, parseTimeoutMs } from "../../packages/rpc/src/grpc-text.ts";
import { HpackDecoder } from "../../packages/rpc/src/hpack-decoder.ts";
import { HpackEncoder } from "../../packages/rpc/src/hpack-encoder.ts";
import { huffmanDecode, huffmanEncode } from "../../packages/rpc/src/huffman.ts";
import { MessageReader } from "../../packages/rpc/src/message-reader.ts";
import { readRequestHead } from "../../packages/rpc/src/request-head.ts";
import { readResponseHead } from "../../packages/rpc/src/response-head.ts";
import { parseTarget } from "../../packages/rpc/src/target.ts";
import { rawClient } from "../../packages/rpc/src/testing/raw-client.ts";
import {
  frame,
  message,
  rawPeer,
  requestFields,
  settings,
} from "../../packages/rpc/src/testing/raw-peer.ts";
import type { Door } from "./door.ts";
import { randomProtobuf, textInputs, textOf } from "./inputs.ts";

type AnyCodec = MessageCodec<object, object>;

function isCodec(value: unknown): value is AnyCodec {
  return typeof value === "object" && value !== null && "decode" in value && "encode" in value;
}

/** Every message of etcd's protocol. What is taken means the same when it is written again. */
export const messageDoors: readonly Door[] = Object.entries(wire)
  .filter((entry): entry is [string, AnyCodec] => isCodec(entry[1]))
  .map(([name, codec]) => ({
    name: `message ${name}`,
    corpus: [codec.encode({})],
    generate: randomProtobuf,
    knock: (input) => {
      const written = codec.encode(codec.decode(input));
      if (!Buffer.from(codec.encode(codec.decode(written))).equals(written)) {
        throw new Error("it reads differently when it is written again");
      }
    },
    refusals: [DecodeError],
  }));

const HEADER_LIMITS = { headerListBytesMax: 4_096, headerListPairsMax: 32 };

function headerBlock(fields: readonly (readonly [string, string])[]): Uint8Array {
  const encoder = new HpackEncoder();
  encoder.begin();
  for (const [name, value] of fields) encoder.field(name, value);
  return Uint8Array.from(encoder.end());
}

const requestBlock = headerBlock(requestFields("/etcdserverpb.KV/Put", [["grpc-timeout", "5S"]]));
const responseBlock = headerBlock([
  [":status", "200"],
  ["content-type", "application/grpc+proto"],
  ["grpc-status", "14"],
  ["grpc-message", "etcdserver: leader changed%0A"],
]);

function readFields(block: Uint8Array): HpackDecoder {
  const decoder = new HpackDecoder(HEADER_LIMITS);
  decoder.decode(block, 0, block.length);
  if (decoder.fields.length > HEADER_LIMITS.headerListPairsMax) throw new Error("too many fields");
  return decoder;
}

function huffmanOf(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 4);
  return out.subarray(0, huffmanEncode(text, out, 0));
}

/** A conversation that a server has an answer to, in one piece. */
function conversation(): Uint8Array {
  const { peer } = rawPeer(new VirtualClock(), { isServer: false });
  return Buffer.concat([
    PREFACE,
    settings(),
    peer.headers(1, Flag.END_HEADERS, requestFields("/t.S/Echo")),
    frame(0, Flag.END_STREAM, 1, message("hello")),
    peer.headers(3, Flag.END_HEADERS, requestFields("/t.S/Chat")),
    frame(0, 0, 3, message("one")),
    frame(0, Flag.END_STREAM, 3, message("two")),
  ]);
}

/** Everything between a socket and a message. */
export const transportDoors: readonly Door[] = [
  {
    name: "octets of a connection to the server",
    corpus: [conversation()],
    share: 0.5,
    knock: (input) => {
      const client = rawClient();
      client.say(input);
      client.peer.disconnect();
      client.clock.advance(2_000);
      if (client.server.callCount !== 0) throw new Error("a call is left over");
      return `${client.peer.goAway?.text} ${[1, 3].map((id) => client.peer.resets(id))}`;
    },
    refusals: [],
  },
  {
    name: "header block of a request",
    corpus: [requestBlock],
    knock: (input) => void readRequestHead(readFields(input).fields),
    refusals: [ConnectionFault],
  },
  {
    name: "header block of a response",
    corpus: [responseBlock],
    knock: (input) => void readResponseHead(readFields(input).fields),
    refusals: [ConnectionFault],
  },
  {
    name: "Huffman code",
    corpus: [huffmanOf("application/grpc"), huffmanOf("\0\xff~{}")],
    knock: (input) => void huffmanDecode(input, 0, input.length),
    refusals: [],
  },
  {
    name: "messages inside DATA",
    corpus: [message("hello"), Buffer.concat([message(""), message("x".repeat(100))])],
    knock: (input) => {
      const reader = new MessageReader();
      reader.reset(64);
      const bytes = Buffer.from(input);
      const sink = { onMessage: () => {}, onBadMessage: () => {} };
      reader.read(bytes, 0, bytes.length >> 1, sink);
      reader.read(bytes, bytes.length >> 1, bytes.length, sink);
    },
    refusals: [],
  },
  {
    name: "grpc-timeout",
    corpus: textInputs("1S", "99999999n", "20m"),
    knock: (input) => {
      const timeoutMs = parseTimeoutMs(textOf(input));
      if (timeoutMs !== null && !(timeoutMs >= 0)) throw new Error(`${timeoutMs} ms`);
    },
    refusals: [],
  },
  {
    name: "grpc-message",
    corpus: textInputs("etcdserver: no leader", "%E2%82%AC%", "a%0Ab"),
    knock: (input) => void decodeGrpcMessage(Buffer.from(input).toString("latin1")),
    refusals: [],
  },
  {
    name: "endpoint of a channel",
    corpus: textInputs("http://127.0.0.1:2379", "[::1]:2379", "unix:/tmp/s", "dns:///host:1"),
    knock: (input) => void parseTarget(textOf(input)),
    refusals: [TypeError],
  },
];
