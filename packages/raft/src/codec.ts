import { assert, unreachable } from "@conclave/base";
import { MEMBERS_MAX, membershipOf } from "./membership.ts";
import { decodeMembershipEntry, MalformedBytes } from "./membership-codec.ts";
import type {
  Entry,
  LogIndex,
  MemberId,
  Membership,
  Message,
  MessageType,
  SnapshotMark,
  Term,
} from "./message.ts";

/**
 * Messages between members, one to a frame. Integers are big-endian; indexes, terms and sequences are u64 on the
 * wire and safe integers in memory.
 *
 *     type u8 | from u64 | to u64 | term u64 | body by type
 *
 *     append              previousIndex u64 | previousTerm u64 | commit u64 | count u32 | entries
 *       entry             term u64 | kind u8 | length u32 | data        (its index is implied: entries follow each other)
 *     append-response     index u64 | rejected u8 | hintIndex u64 | hintTerm u64
 *     heartbeat           commit u64 | readSequence u64
 *     heartbeat-response  readSequence u64
 *     pre-vote, vote      lastIndex u64 | lastTerm u64 | isTransfer u8
 *     their responses     granted u8
 *     install-snapshot    index u64 | term u64 | voters u8 | learners u8 | ids u64...
 *     timeout-now         nothing
 *     read-index          readId u64
 *     read-index-response readId u64 | served u8 | index u64
 *     log-lost            recoveryId u64 | verifiedIndex u64 | lastIndex u64
 *     log-lost-response   recoveryId u64 | lastIndex u64
 */
const TYPES: readonly MessageType[] = [
  "append",
  "append-response",
  "heartbeat",
  "heartbeat-response",
  "pre-vote",
  "pre-vote-response",
  "vote",
  "vote-response",
  "install-snapshot",
  "timeout-now",
  "read-index",
  "read-index-response",
  "log-lost",
  "log-lost-response",
];
const TYPE_CODES = new Map(TYPES.map((type, code) => [type, code]));
const KINDS: readonly Entry["kind"][] = ["command", "membership"];

const ENVELOPE_BYTES = 1 + 8 + 8 + 8;
const ENTRY_HEADER_BYTES = 8 + 1 + 4;

/**
 * A new buffer of exactly the message's length, and of `spareBytes` zeros behind it for whoever carries it; entry data is
 * copied once.
 */
export function encodeMessage(message: Message, spareBytes = 0): Uint8Array {
  const writer = new Writer(encodedBytes(message), spareBytes);
  writer.u8(TYPE_CODES.get(message.type)!);
  writer.id(message.from);
  writer.id(message.to);
  writer.number(message.term);
  encodeBody(writer, message);
  return writer.finish();
}

/** What a message is, by its first byte alone; null if it is none. */
export function messageTypeOf(bytes: Uint8Array): MessageType | null {
  return TYPES[bytes[0] ?? TYPES.length] ?? null;
}

function encodedBytes(message: Message): number {
  return ENVELOPE_BYTES + bodyBytes(message);
}

function bodyBytes(message: Message): number {
  switch (message.type) {
    case "append": {
      let bytes = 8 + 8 + 8 + 4;
      for (const entry of message.entries) bytes += ENTRY_HEADER_BYTES + entry.data.length;
      return bytes;
    }
    case "append-response":
      return 8 + 1 + 8 + 8;
    case "heartbeat":
      return 8 + 8;
    case "heartbeat-response":
    case "read-index":
      return 8;
    case "pre-vote":
    case "vote":
      return 8 + 8 + 1;
    case "pre-vote-response":
    case "vote-response":
      return 1;
    case "install-snapshot": {
      const { voters, learners } = message.snapshot.membership;
      return 8 + 8 + 1 + 1 + 8 * (voters.length + learners.length);
    }
    case "timeout-now":
      return 0;
    case "read-index-response":
      return 8 + 1 + 8;
    case "log-lost":
      return 8 + 8 + 8;
    case "log-lost-response":
      return 8 + 8;
    default:
      return unreachable(message);
  }
}

function encodeBody(writer: Writer, message: Message): void {
  switch (message.type) {
    case "append":
      writer.number(message.previousIndex);
      writer.number(message.previousTerm);
      writer.number(message.commit);
      writer.u32(message.entries.length);
      for (const entry of message.entries) encodeEntry(writer, entry);
      return;
    case "append-response":
      writer.number(message.index);
      writer.flag(message.rejected);
      writer.number(message.hintIndex);
      writer.number(message.hintTerm);
      return;
    case "heartbeat":
      writer.number(message.commit);
      writer.number(message.readSequence);
      return;
    case "heartbeat-response":
      writer.number(message.readSequence);
      return;
    case "pre-vote":
    case "vote":
      writer.number(message.lastIndex);
      writer.number(message.lastTerm);
      writer.flag(message.isTransfer);
      return;
    case "pre-vote-response":
    case "vote-response":
      writer.flag(message.granted);
      return;
    case "install-snapshot":
      encodeSnapshotMark(writer, message.snapshot);
      return;
    case "timeout-now":
      return;
    case "read-index":
      writer.number(message.readId);
      return;
    case "read-index-response":
      writer.number(message.readId);
      writer.flag(message.index >= 0);
      writer.number(Math.max(0, message.index));
      return;
    case "log-lost":
      writer.number(message.recoveryId);
      writer.number(message.verifiedIndex);
      writer.number(message.lastIndex);
      return;
    case "log-lost-response":
      writer.number(message.recoveryId);
      writer.number(message.lastIndex);
      return;
    default:
      unreachable(message);
  }
}

function encodeEntry(writer: Writer, entry: Entry): void {
  writer.number(entry.term);
  writer.u8(KINDS.indexOf(entry.kind));
  writer.u32(entry.data.length);
  writer.bytes(entry.data);
}

function encodeSnapshotMark(writer: Writer, { index, term, membership }: SnapshotMark): void {
  const { voters, learners } = membership;
  assert(voters.length + learners.length <= MEMBERS_MAX, "too many members");
  writer.number(index);
  writer.number(term);
  writer.u8(voters.length);
  writer.u8(learners.length);
  for (const id of voters) writer.id(id);
  for (const id of learners) writer.id(id);
}

/**
 * Entry data are views into `bytes`, which belong to the message from now on. Nothing is allocated by a count that
 * the bytes behind it do not bear out.
 * @throws MalformedBytes for anything that {@link encodeMessage} would not have written for a well-formed message.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new Reader(bytes);
  const code = reader.u8();
  const type = TYPES[code];
  if (type === undefined) throw new MalformedBytes(`message: unknown type ${code}`);
  const from = reader.member();
  const to = reader.member();
  const term = reader.number();
  const message = decodeBody(reader, type, { from, to, term });
  reader.end();
  return message;
}

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  readonly term: Term;
}

function decodeBody(reader: Reader, type: MessageType, envelope: Envelope): Message {
  const { from, to, term } = envelope;
  switch (type) {
    case "append":
      return decodeAppend(reader, envelope);
    case "append-response": {
      const index = reader.number();
      const rejected = reader.flag();
      const hintIndex = reader.number();
      const hintTerm = reader.number();
      return { type, from, to, term, index, rejected, hintIndex, hintTerm };
    }
    case "heartbeat": {
      const commit = reader.number();
      return { type, from, to, term, commit, readSequence: reader.number() };
    }
    case "heartbeat-response":
      return { type, from, to, term, readSequence: reader.number() };
    case "pre-vote":
    case "vote": {
      const lastIndex = reader.number();
      const lastTerm = reader.number();
      return { type, from, to, term, lastIndex, lastTerm, isTransfer: reader.flag() };
    }
    case "pre-vote-response":
    case "vote-response":
      return { type, from, to, term, granted: reader.flag() };
    case "install-snapshot":
      return { type, from, to, term, snapshot: decodeSnapshotMark(reader, term) };
    case "timeout-now":
      return { type, from, to, term };
    case "read-index":
      return { type, from, to, term, readId: reader.number() };
    case "read-index-response": {
      const readId = reader.number();
      const served = reader.flag();
      const index = reader.number();
      if (!served && index !== 0) throw new MalformedBytes("message: a refused read has no index");
      return { type, from, to, term, readId, index: served ? index : -1 };
    }
    case "log-lost": {
      const recoveryId = reader.number();
      const verifiedIndex = reader.number();
      return { type, from, to, term, recoveryId, verifiedIndex, lastIndex: reader.number() };
    }
    case "log-lost-response": {
      const recoveryId = reader.number();
      return { type, from, to, term, recoveryId, lastIndex: reader.number() };
    }
    default:
      return unreachable(type);
  }
}

function decodeAppend(reader: Reader, { from, to, term }: Envelope): Message {
  const previousIndex = reader.number();
  const previousTerm = reader.number();
  const commit = reader.number();
  const count = reader.u32();
  if (count > reader.remaining / ENTRY_HEADER_BYTES) {
    throw new MalformedBytes("message: more entries than bytes for them");
  }
  if (previousIndex + count > Number.MAX_SAFE_INTEGER) {
    throw new MalformedBytes("message: an index is too large");
  }
  const entries: Entry[] = [];
  let lastTerm = previousTerm;
  for (let position = 1; position <= count; position += 1) {
    const entry = decodeEntry(reader, previousIndex + position);
    if (entry.term < lastTerm) throw new MalformedBytes("message: terms fall along the entries");
    lastTerm = entry.term;
    entries.push(entry);
  }
  if (lastTerm > term) throw new MalformedBytes("message: an entry is newer than its leader");
  return { type: "append", from, to, term, previousIndex, previousTerm, entries, commit };
}

function decodeEntry(reader: Reader, index: LogIndex): Entry {
  const term = reader.number();
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw new MalformedBytes("message: unknown kind of entry");
  const data = reader.bytes(reader.u32());
  if (kind === "membership") decodeMembershipEntry(data);
  return { term, index, kind, data };
}

function decodeSnapshotMark(reader: Reader, leaderTerm: Term): SnapshotMark {
  const index = reader.number();
  const term = reader.number();
  if (term > leaderTerm) throw new MalformedBytes("message: a snapshot is newer than its leader");
  return { index, term, membership: decodeMembership(reader) };
}

function decodeMembership(reader: Reader): Membership {
  const voterCount = reader.u8();
  const learnerCount = reader.u8();
  const ids: MemberId[] = [];
  for (let count = voterCount + learnerCount; count > 0; count -= 1) ids.push(reader.member());
  if (ids.length > MEMBERS_MAX) throw new MalformedBytes("message: too many members");
  if (new Set(ids).size !== ids.length) throw new MalformedBytes("message: a member named twice");
  return membershipOf(ids.slice(0, voterCount), ids.slice(voterCount));
}

class Writer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  readonly #end: number;

  constructor(size: number, spareBytes: number) {
    this.#end = size;
    this.#bytes = new Uint8Array(size + spareBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): void {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  flag(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  number(value: number): void {
    assert(Number.isSafeInteger(value), "a number on the wire is a safe integer");
    assert(value >= 0, "a number on the wire is not negative");
    this.u32(Math.floor(value / 2 ** 32));
    this.u32(value >>> 0);
  }

  id(value: MemberId): void {
    this.#view.setBigUint64(this.#at, value);
    this.#at += 8;
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  finish(): Uint8Array {
    assert(this.#at === this.#end, "a message is as long as foreseen");
    return this.#bytes;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  flag(): boolean {
    const value = this.u8();
    if (value > 1) throw new MalformedBytes("message: a flag is 0 or 1");
    return value === 1;
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  number(): number {
    const at = this.#advance(8);
    const high = this.#view.getUint32(at);
    if (high >= 2 ** 21) throw new MalformedBytes("message: a number is not a safe integer");
    return high * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  member(): MemberId {
    const id = this.#view.getBigUint64(this.#advance(8));
    if (id === 0n) throw new MalformedBytes("message: member id 0 names nobody");
    return id;
  }

  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  end(): void {
    if (this.remaining !== 0) throw new MalformedBytes("message: bytes left over");
  }

  /** @returns where the next `length` bytes begin. */
  #advance(length: number): number {
    if (this.remaining < length) throw new MalformedBytes("message: cut off");
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
