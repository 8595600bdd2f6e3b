import { assert } from "@conclave/base";
import { decodeMessage, encodeMessage, type Message } from "@conclave/raft";
import { MalformedBytes } from "../../packages/raft/src/membership-codec.ts";
import { openFrame, sealFrame } from "../../packages/server/src/peer/peer-frame.ts";
import {
  decodeForward,
  encodeForward,
  parseId,
} from "../../packages/server/src/peer/peer-protocol.ts";
import { decodeCheckpoints, decodeNumbers } from "../../packages/server/src/peer/peer-service.ts";
import {
  decodeRecords as decodeState,
  encodeRecords as encodeState,
} from "../../packages/server/src/peer/snapshot-frame.ts";
import { decodeWelcome, encodeWelcome } from "../../packages/server/src/peer/welcome.ts";
import { entries, mark } from "../../packages/server/src/storage/testing/wal-fixture.ts";
import type { Door } from "./door.ts";
import { textInputs, textOf } from "./inputs.ts";

/** Frames between members. */
const messages: readonly Message[] = [
  { type: "heartbeat", from: 1n, to: 2n, term: 3, commit: 4, readSequence: 5 },
  { type: "vote", from: 1n, to: 2n, term: 3, lastIndex: 4, lastTerm: 2, isTransfer: false },
  { type: "install-snapshot", from: 1n, to: 2n, term: 3, snapshot: mark(7, 2) },
  {
    type: "append",
    from: 1n,
    to: 2n,
    term: 3,
    previousIndex: 4,
    previousTerm: 2,
    entries: entries(5, 7, 3),
    commit: 4,
  },
];

export const peerDoors: readonly Door[] = [
  {
    name: "Raft message of a peer",
    corpus: messages.map(encodeMessage),
    knock: (input) => {
      const written = encodeMessage(decodeMessage(Uint8Array.from(input)));
      const again = encodeMessage(decodeMessage(written));
      // Members may come in any order and leave sorted; nothing else has two forms.
      assert(Buffer.from(again).equals(written), "it reads the same when it is written again");
      assert(written.length === input.length, "nothing is passed over");
    },
    refusals: [MalformedBytes],
  },
  {
    name: "frame of a peer, with its checksum",
    corpus: messages.map((message) => sealFrame(encodeMessage(message))),
    knock: (input) => {
      const body = openFrame(input);
      if (body !== null) decodeMessage(Uint8Array.from(body));
    },
    refusals: [MalformedBytes],
  },
  {
    name: "digests that a peer answers",
    corpus: [new Uint8Array(32)],
    knock: (input) => void decodeCheckpoints(input),
    refusals: [],
  },
  {
    name: "batch that a peer forwards",
    corpus: [encodeForward(3, Buffer.from("commands"))],
    knock: (input) => void decodeForward(input),
    refusals: [],
  },
  {
    name: "numbers that a peer answers",
    corpus: [new Uint8Array(16)],
    knock: (input) => void decodeNumbers(input, 2),
    refusals: [],
  },
  {
    name: "removed members that a peer tells",
    corpus: [encodeWelcome(new Set()), encodeWelcome(new Set([1n, 0xffff_ffff_ffff_ffffn]))],
    knock: (input) => {
      const removed = decodeWelcome(Uint8Array.from(input));
      assert(removed.length === Math.floor(input.length / 8), "each whole id is one member");
    },
    refusals: [],
  },
  {
    name: "identity that a peer claims",
    corpus: textInputs("ffffffffffffffff", "0"),
    knock: (input) => void parseId(textOf(input)),
    refusals: [],
  },
  {
    name: "frame of a snapshot",
    corpus: [
      ...encodeState([
        ["key", Buffer.from("value")],
        ["k2", Buffer.from("")],
      ]),
    ],
    knock: (input) => {
      for (const [key, value] of decodeState(input)) {
        assert(key.length + value.length <= input.length, "no more than there was");
      }
    },
    refusals: [RangeError],
  },
];
