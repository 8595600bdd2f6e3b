import { assert, InvariantViolation } from "@conclave/base";
import type { Entry } from "@conclave/raft";
import { MemoryStateStore, StateMachine } from "@conclave/state-machine";
import { DecodeError } from "@conclave/wire";
import { DataDirectoryError } from "../../packages/server/src/storage/data-directory-error.ts";
import type { Disk } from "../../packages/server/src/storage/disk.ts";
import {
  IDENTITY_NAME,
  readIdentity,
  writeIdentity,
} from "../../packages/server/src/storage/identity.ts";
import type { MemoryDisk } from "../../packages/server/src/storage/memory-disk.ts";
import { withChecksum } from "../../packages/server/src/storage/small-file.ts";
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
import {
  VOTE_NAME,
  VoteFile,
  type VoteRecord,
} from "../../packages/server/src/storage/vote-file.ts";
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
import { MalformedMessage } from "../../packages/state-machine/src/protobuf.ts";
import { Member } from "../../packages/state-machine/src/testing.ts";
import type { Door } from "./door.ts";
import { textInputs, textOf } from "./inputs.ts";

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
  ...(await identityDoors()),
  await voteDoor(),
  stateRecordDoor(),
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

async function identityDoors(): Promise<Door[]> {
  const disk = await diskForWal();
  const members = [{ id: 2n, name: "m1", peerUrls: ["http://127.0.0.1:2380"] }];
  await writeIdentity(disk, WAL_DIRECTORY, { clusterId: 1n, memberId: 2n, name: "m1", members });
  const file = Buffer.from(await contentOf(disk, `${WAL_DIRECTORY}/${IDENTITY_NAME}`));
  const reading = async (content: Uint8Array): Promise<void> => {
    const damaged = await diskForWal();
    await putFile(damaged, `${WAL_DIRECTORY}/${IDENTITY_NAME}`, content);
    await readIdentity(damaged, WAL_DIRECTORY);
  };
  return [
    {
      name: "identity of a data directory",
      corpus: [file],
      share: 0.5,
      knock: reading,
      refusals: [DataDirectoryError],
    },
    {
      name: "identity whose checksum is good",
      corpus: [file.subarray(0, file.lastIndexOf("crc32"))],
      share: 0.5,
      knock: (input) => reading(Buffer.from(withChecksum(textOf(input)))),
      refusals: [DataDirectoryError],
    },
  ];
}

/** A vote that was not written must never be read: the member would keep a word that it did not give. */
async function voteDoor(): Promise<Door> {
  const disk = await diskForWal();
  const ids = { clusterId: 1n, memberId: 2n };
  const file = await VoteFile.open(disk, WAL_DIRECTORY, ids);
  const votes: readonly VoteRecord[] = [3, 4].map((term) => {
    return { term, vote: 2n, commit: 7, segment: 1 };
  });
  for (const vote of votes) await file.settle(vote);
  await file.close();
  return {
    name: "vote of a member",
    corpus: [await contentOf(disk, `${WAL_DIRECTORY}/${VOTE_NAME}`)],
    inputBytesMax: 16_384,
    share: 0.5,
    knock: async (input) => {
      const damaged = await diskForWal();
      await putFile(damaged, `${WAL_DIRECTORY}/${VOTE_NAME}`, input);
      const { record } = (await VoteFile.open(damaged, WAL_DIRECTORY, ids)).reading;
      if (record === null) return;
      assert(
        votes.some(({ term, vote }) => record.term === term && record.vote === vote),
        "a vote was forged",
      );
      return `term ${record.term}`;
    },
    refusals: [WalMismatch],
  };
}

/** LevelDB's own checksums stand before it: what a program wrote there wrongly ends in an assertion, not in a state. */
function stateRecordDoor(): Door {
  const member = new Member();
  member.grant(7n);
  member.put("key", "value", { lease: 7n });
  member.delete("key");
  member.compact(2);
  const records: Uint8Array[] = [];
  for (const [key, value] of member.store.entries()) {
    const keyBytes = Buffer.from(key, "latin1");
    records.push(Buffer.concat([Buffer.from([keyBytes.length]), keyBytes, value]));
  }
  return {
    name: "record of the state",
    corpus: records,
    knock: (input) => {
      const machine = new StateMachine({ store: new MemoryStateStore() });
      const end = 1 + (input[0] ?? 0);
      machine.load(Buffer.from(input.subarray(1, end)).toString("latin1"), input.subarray(end));
      machine.finishLoad();
    },
    refusals: [InvariantViolation, MalformedMessage, DecodeError, RangeError],
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
