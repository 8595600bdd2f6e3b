import { assert } from "@conclave/base";
import { WatchResponse } from "@conclave/wire";
import { HeaderEncoder, type HeaderFacts } from "../header-encoder.ts";
import { varint64Size, varintSize, writeVarint, writeVarint64 } from "../protobuf.ts";

/** Tags of mvccpb.Event. */
const TAG_TYPE = 0x08;
const TAG_KV = 0x12;
const TAG_PREV_KV = 0x1a;
const TYPE_DELETE = 1;

/** Tags of etcdserverpb.WatchResponse. */
const TAG_WATCH_ID = 0x10;
const TAG_FRAGMENT = 0x38;
const TAG_EVENTS = 0x5a;

/** The watch id of answers that are no watcher's: refused creates, progress of a whole stream. */
export const NO_WATCH_ID = -1;

/** An answer without events. */
export interface WatchNotice {
  readonly watchId: number;
  readonly revision: number;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compactRevision?: number;
  readonly cancelReason?: string;
}

/** Events that go into one response. Nothing is copied until they are written: pairs are never changed. */
export class EventBatch {
  readonly #pairs: Uint8Array[] = [];
  /** Of each event, without its tag and length. Negative: it is a delete. */
  readonly #sizes: number[] = [];
  /** Null while no event of the batch brings the pair before. */
  #prevPairs: (Uint8Array | null)[] | null = null;
  /** As the fields of a response. */
  sizeBytes = 0;

  get count(): number {
    return this.#pairs.length;
  }

  add(pair: Uint8Array, isDelete: boolean, prevPair: Uint8Array | null): void {
    let size = fieldSize(pair.length);
    if (isDelete) size += 2;
    if (prevPair !== null) {
      size += fieldSize(prevPair.length);
      this.#prevPairs ??= this.#pairs.map(() => null);
    }
    this.#pairs.push(pair);
    this.#sizes.push(isDelete ? -size : size);
    this.#prevPairs?.push(prevPair);
    this.sizeBytes += fieldSize(size);
  }

  /** Bytes of one event's field, tag and length included. */
  sizeAt(event: number): number {
    return fieldSize(Math.abs(this.#sizes[event]!));
  }

  /** Writes one event as the `events` field of a WatchResponse. @returns where it ends */
  write(target: Buffer, start: number, event: number): number {
    const size = this.#sizes[event]!;
    target[start] = TAG_EVENTS;
    let at = writeVarint(target, start + 1, Math.abs(size));
    if (size < 0) {
      target[at] = TAG_TYPE;
      target[at + 1] = TYPE_DELETE;
      at += 2;
    }
    at = writeBytes(target, at, TAG_KV, this.#pairs[event]!);
    const prevPair = this.#prevPairs?.[event] ?? null;
    return prevPair === null ? at : writeBytes(target, at, TAG_PREV_KV, prevPair);
  }
}

/** Bytes of a field with a tag of one byte. */
function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Encodes responses. The header of a revision is encoded once for all responses at that revision. */
export class WatchResponseEncoder {
  readonly #header: () => HeaderFacts;
  readonly #headers: HeaderEncoder;

  constructor(header: () => HeaderFacts) {
    this.#header = header;
    this.#headers = new HeaderEncoder(header);
  }

  notice(notice: WatchNotice): Uint8Array {
    const { revision, ...fields } = notice;
    return WatchResponse.encode({ header: { ...this.#header(), revision }, ...fields });
  }

  /** A response with events: all in one. */
  events(watchId: number, revision: number, batch: EventBatch): Uint8Array {
    return this.#encode(watchId, revision, batch, 0, batch.count, false);
  }

  /**
   * A response with events, cut so that no piece reaches `bytesMax` unless it is a single event. All but the last say
   * that more follows.
   */
  fragments(watchId: number, revision: number, batch: EventBatch, bytesMax: number): Uint8Array[] {
    const { count } = batch;
    const overhead = this.#headers.fieldAt(revision).length + 1 + varint64Size(BigInt(watchId));
    if (overhead + batch.sizeBytes < bytesMax || count < 2) {
      return [this.events(watchId, revision, batch)];
    }
    const pieces: Uint8Array[] = [];
    let from = 0;
    while (from < count) {
      let to = from + 1;
      let size = overhead + 2 + batch.sizeAt(from);
      while (to < count && size + batch.sizeAt(to) < bytesMax) {
        size += batch.sizeAt(to);
        to += 1;
      }
      pieces.push(this.#encode(watchId, revision, batch, from, to, to < count));
      from = to;
    }
    return pieces;
  }

  #encode(
    watchId: number,
    revision: number,
    batch: EventBatch,
    from: number,
    to: number,
    isFragment: boolean,
  ): Uint8Array {
    const header = this.#headers.fieldAt(revision);
    const id = BigInt(watchId);
    let size = header.length + (watchId === 0 ? 0 : 1 + varint64Size(id)) + (isFragment ? 2 : 0);
    if (!isFragment && to - from === batch.count) size += batch.sizeBytes;
    else for (let event = from; event < to; event += 1) size += batch.sizeAt(event);
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
    for (let event = from; event < to; event += 1) at = batch.write(target, at, event);
    assert(at === size, "a response is as long as it was said to be");
    return target;
  }
}

function writeBytes(target: Buffer, start: number, tag: number, bytes: Uint8Array): number {
  target[start] = tag;
  const at = writeVarint(target, start + 1, bytes.length);
  target.set(bytes, at);
  return at + bytes.length;
}
