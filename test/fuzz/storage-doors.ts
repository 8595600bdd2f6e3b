import { assert } from "@conclave/base";
import { decodeMessage, type Entry, encodeMessage, type Message } from "@conclave/raft";
import { MalformedBytes } from "../../packages/raft/src/membership-codec.ts";
import {
  decodeForward,
  encodeForward,
  parseId,
} from "../../packages/server/src/peer/peer-protocol.ts";
import { decodeNumbers } from "../../packages/server/src/peer/peer-service.ts";
import {
  decodeRecords as decodeState,
  encodeRecords as encodeState,
} from "../../packages/server/src/peer/snapshot-frame.ts";
import { DataDirectoryError } from "../../packages/server/src/storage/data-directory-error.ts";
import type { Disk } from "../../packages/server/src/storage/disk.ts";
import {
  IDENTITY_NAME,
  readIdentity,
  writeIdentity,
} from "../../packages/server/src/storage/identity.ts";
import type { MemoryDisk } from "../../packages/server/src/storage/memory-disk.ts";
import { WalCorruption, WalMismatch } from "../../packages/server/src/storage/storage-error.ts";
import {
  appendDurably,
  diskForWal,
  entries,
  FOUNDING,
  mark,
  openWal,
  WAL_DIRECTORY,
  walOptions,
} from "../../packages/server/src/storage/testing/wal-fixture.ts";
import { parseSegmentName, segmentName } from "../../packages/server/src/storage/wal-header.ts";
import {
  decodeRecords,
  entriesRecordBytes,
  markRecordBytes,
  UnknownRecord,
  writeEntries,
  writeMark,
} from "../../packages/server/src/storage/wal-record.ts";
import { replayLog } from "../../packages/server/src/storage/wal-replay.ts";
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

function recordBody(): Buffer {
  const logged = entries(1, 3);
  const body = Buffer.alloc(entriesRecordBytes(logged) + markRecordBytes(mark(0)));
  writeMark(body, writeEntries(body, 0, logged), "floor", mark(0));
  return body;
}

export const diskDoors: readonly Door[] = [
  {
    name: "records of a group whose checksum is good",
    corpus: [recordBody()],
    knock: (input) => void decodeRecords(Buffer.from(input)),
    refusals: [UnknownRecord],
  },
  {
    name: "name of a segment",
    corpus: textInputs(segmentName(1, 1), segmentName(99, 12_345)),
    knock: (input) => void parseSegmentName(textOf(input)),
    refusals: [],
  },
  await logDoor(),
  await identityDoor(),
];

/** A log that comes back as anything but the beginning of what was written would be corruption unnoticed. */
async function logDoor(): Promise<Door> {
  const written = entries(1, 12);
  const disk = await diskForWal();
  const { wal } = await openWal(disk);
  await appendDurably(wal, { reset: FOUNDING });
  for (const entry of written) await appendDurably(wal, { entries: [entry] });
  await wal.close();
  const [name = ""] = await disk.list(WAL_DIRECTORY);
  const segment = await contentOf(disk, `${WAL_DIRECTORY}/${name}`);
  const { clusterId, memberId } = walOptions();
  return {
    name: "segment of the log",
    corpus: [segment],
    inputBytesMax: segment.length + 64,
    knock: async (input) => {
      const damaged = await diskForWal();
      await putFile(damaged, `${WAL_DIRECTORY}/${name}`, input);
      const options = { clusterId, memberId, newestSegment: 0, durableIndex: 0 };
      const { entries: read } = await replayLog(damaged, WAL_DIRECTORY, options);
      assert(
        read.every((entry, at) => isSame(entry, written[at])),
        "an entry was forged",
      );
    },
    refusals: [WalCorruption, WalMismatch],
  };
}

function isSame(entry: Entry, original: Entry | undefined): boolean {
  if (entry.index !== original?.index || entry.term !== original.term) return false;
  return Buffer.from(entry.data).equals(original.data);
}

async function identityDoor(): Promise<Door> {
  const disk = await diskForWal();
  const members = [{ id: 2n, name: "m1", peerUrls: ["http://127.0.0.1:2380"] }];
  await writeIdentity(disk, WAL_DIRECTORY, { clusterId: 1n, memberId: 2n, name: "m1", members });
  return {
    name: "identity of a data directory",
    corpus: [await contentOf(disk, `${WAL_DIRECTORY}/${IDENTITY_NAME}`)],
    knock: async (input) => {
      const damaged = await diskForWal();
      await putFile(damaged, `${WAL_DIRECTORY}/${IDENTITY_NAME}`, input);
      await readIdentity(damaged, WAL_DIRECTORY);
    },
    refusals: [DataDirectoryError],
  };
}

async function contentOf(disk: MemoryDisk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, { create: false });
  return file.read(0, await file.size());
}

async function putFile(disk: Disk, path: string, content: Uint8Array): Promise<void> {
  const file = await disk.open(path, { create: true });
  await file.write(0, [content]);
  await file.close();
}
