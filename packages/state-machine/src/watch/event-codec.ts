import { ResponseHeader, WatchResponse } from "@conclave/wire";
import { varint64Size, varintSize, writeVarint, writeVarint64 } from "../protobuf.ts";

/** Tags of mvccpb.Event. */
const TAG_TYPE = 0x08;
const TAG_KV = 0x12;
const TAG_PREV_KV = 0x1a;
const TYPE_DELETE = 1;

/** Tags of etcdserverpb.WatchResponse. */
const TAG_HEADER = 0x0a;
const TAG_WATCH_ID = 0x10;
const TAG_FRAGMENT = 0x38;
const TAG_EVENTS = 0x5a;

/** Tags of etcdserverpb.ResponseHeader. */
const TAG_REVISION = 0x18;
const TAG_RAFT_TERM = 0x20;

/** The watch id of answers that are no watcher's: refused creates, progress of a whole stream. */
export const NO_WATCH_ID = -1;

/** The part of a response's header that the member knows. */
export interface WatchHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly raftTerm: number;
}

/** An answer without events. */
export interface WatchNotice {
  readonly watchId: number;
  readonly revision: number;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compactRevision?: number;
  readonly cancelReason?: string;
}

/**
 * Encodes one event as the `events` field of a WatchResponse, tag and length included: what every response that shows
 * this event contains, byte for byte.
 */
export function encodeEventField(
  pair: Uint8Array,
  isDelete: boolean,
  prevPair: Uint8Array | null,
): Uint8Array {
  let eventSize = 1 + varintSize(pair.length) + pair.length;
  if (isDelete) eventSize += 2;
  if (prevPair !== null) eventSize += 1 + varintSize(prevPair.length) + prevPair.length;
  const target = Buffer.allocUnsafe(1 + varintSize(eventSize) + eventSize);
  target[0] = TAG_EVENTS;
  let at = writeVarint(target, 1, eventSize);
  if (isDelete) {
    target[at] = TAG_TYPE;
    target[at + 1] = TYPE_DELETE;
    at += 2;
  }
  at = writeBytes(target, at, TAG_KV, pair);
  if (prevPair !== null) writeBytes(target, at, TAG_PREV_KV, prevPair);
  return target;
}

/** Event fields that go into one response, with their size. */
export class EventBatch {
  readonly fields: Uint8Array[] = [];
  sizeBytes = 0;

  add(field: Uint8Array): void {
    this.fields.push(field);
    this.sizeBytes += field.length;
  }
}

/** Encodes responses. The header of a revision is encoded once for all responses at that revision. */
export class WatchResponseEncoder {
  readonly #header: () => WatchHeader;
  #headerField: Uint8Array = new Uint8Array(0);
  #headerRevision = -1;
  #headerTerm = -1;
  #clusterId = 0n;
  #memberId = 0n;
  /** The fields of a header that never change, encoded. */
  #ids: Uint8Array = new Uint8Array(0);

  constructor(header: () => WatchHeader) {
    this.#header = header;
  }

  notice(notice: WatchNotice): Uint8Array {
    const { revision, ...fields } = notice;
    return WatchResponse.encode({ header: { ...this.#header(), revision }, ...fields });
  }

  /** A response with events: all in one. */
  events(watchId: number, revision: number, batch: EventBatch): Uint8Array {
    return this.#encode(watchId, revision, batch.fields, 0, batch.fields.length, false);
  }

  /**
   * A response with events, cut so that no piece reaches `bytesMax` unless it is a single event. All but the last say
   * that more follows.
   */
  fragments(watchId: number, revision: number, batch: EventBatch, bytesMax: number): Uint8Array[] {
    const { fields } = batch;
    const overhead = this.#headerAt(revision).length + 1 + varint64Size(BigInt(watchId));
    if (overhead + batch.sizeBytes < bytesMax || fields.length < 2) {
      return [this.events(watchId, revision, batch)];
    }
    const pieces: Uint8Array[] = [];
    let from = 0;
    while (from < fields.length) {
      let to = from + 1;
      let size = overhead + 2 + fields[from]!.length;
      while (to < fields.length && size + fields[to]!.length < bytesMax) {
        size += fields[to]!.length;
        to += 1;
      }
      pieces.push(this.#encode(watchId, revision, fields, from, to, to < fields.length));
      from = to;
    }
    return pieces;
  }

  #encode(
    watchId: number,
    revision: number,
    fields: readonly Uint8Array[],
    from: number,
    to: number,
    isFragment: boolean,
  ): Uint8Array {
    const header = this.#headerAt(revision);
    const id = BigInt(watchId);
    let size = header.length + (watchId === 0 ? 0 : 1 + varint64Size(id)) + (isFragment ? 2 : 0);
    for (let i = from; i < to; i += 1) size += fields[i]!.length;
    const target = Buffer.allocUnsafe(size);
    target.set(header);
    let at = header.length;
    if (watchId !== 0) {
      target[at] = TAG_WATCH_ID;
      at = writeVarint64(target, at + 1, id);
    }
    if (isFragment) {
      target[at] = TAG_FRAGMENT;
      target[at + 1] = 1;
      at += 2;
    }
    for (let i = from; i < to; i += 1) {
      target.set(fields[i]!, at);
      at += fields[i]!.length;
    }
    return target;
  }

  #headerAt(revision: number): Uint8Array {
    const { clusterId, memberId, raftTerm } = this.#header();
    if (revision === this.#headerRevision && raftTerm === this.#headerTerm)
      return this.#headerField;
    if (clusterId !== this.#clusterId || memberId !== this.#memberId) {
      this.#clusterId = clusterId;
      this.#memberId = memberId;
      this.#ids = ResponseHeader.encode({ clusterId, memberId });
    }
    this.#headerField = encodeHeaderField(this.#ids, revision, raftTerm);
    this.#headerRevision = revision;
    this.#headerTerm = raftTerm;
    return this.#headerField;
  }
}

/** By hand, since it is done for every revision that anybody watches. Requires: a revision above 0. */
function encodeHeaderField(ids: Uint8Array, revision: number, raftTerm: number): Uint8Array {
  let size = ids.length + 1 + varintSize(revision);
  if (raftTerm !== 0) size += 1 + varintSize(raftTerm);
  const target = Buffer.allocUnsafe(2 + size);
  target[0] = TAG_HEADER;
  // Ids and numbers take at most 42 bytes together: the length is one byte.
  target[1] = size;
  target.set(ids, 2);
  let at = 2 + ids.length;
  target[at] = TAG_REVISION;
  at = writeVarint(target, at + 1, revision);
  if (raftTerm !== 0) {
    target[at] = TAG_RAFT_TERM;
    writeVarint(target, at + 1, raftTerm);
  }
  return target;
}

function writeBytes(target: Buffer, start: number, tag: number, bytes: Uint8Array): number {
  target[start] = tag;
  const at = writeVarint(target, start + 1, bytes.length);
  target.set(bytes, at);
  return at + bytes.length;
}
