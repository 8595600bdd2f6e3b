import { assert } from "@conclave/base";
import { WatchResponse } from "@conclave/wire";
import { HeaderEncoder, type HeaderFacts } from "../header-encoder.ts";
import { varintSize, writeVarint, writeVarint64 } from "../protobuf.ts";

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

/** What a response takes beside its events at most: a header of 44 bytes, an id, a mark. Bytes. */
const HEAD_BYTES_MAX = 64;

/** Events that go into one response. They are encoded once, however many watchers are sent them: pairs are never changed. */
export class EventBatch {
  readonly #pairs: Uint8Array[] = [];
  /** Of each event, without its tag and length. Negative: it is a delete. */
  readonly #sizes: number[] = [];
  /** Null while no event of the batch brings the pair before. */
  #prevPairs: (Uint8Array | null)[] | null = null;
  #encoded: Uint8Array | null = null;
  /** As the fields of a response. */
  sizeBytes = 0;

  get count(): number {
    return this.#pairs.length;
  }

  /** Requires: {@link bytes} was not asked for yet. */
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

  /** All events as the `events` fields of a WatchResponse. Shared: nobody may change them. */
  get bytes(): Uint8Array {
    if (this.#encoded !== null) return this.#encoded;
    const target = Buffer.allocUnsafe(this.sizeBytes);
    let at = 0;
    for (let event = 0; event < this.count; event += 1) at = this.#write(target, at, event);
    assert(at === this.sizeBytes, "events are as long as they were said to be");
    this.#encoded = target;
    return target;
  }

  /** {@link bytes}, cut between events so that no piece reaches `bytesMax` unless it is a single event. */
  split(bytesMax: number): Uint8Array[] {
    const { bytes, count } = this;
    const pieces: Uint8Array[] = [];
    let from = 0;
    let to = 0;
    for (let event = 0; event < count; event += 1) {
      const size = fieldSize(Math.abs(this.#sizes[event]!));
      if (to > from && to + size - from >= bytesMax) {
        pieces.push(bytes.subarray(from, to));
        from = to;
      }
      to += size;
    }
    pieces.push(bytes.subarray(from, to));
    return pieces;
  }

  /** Writes one event. @returns where it ends */
  #write(target: Buffer, start: number, event: number): number {
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
  readonly #head = Buffer.alloc(HEAD_BYTES_MAX);

  constructor(header: () => HeaderFacts) {
    this.#header = header;
    this.#headers = new HeaderEncoder(header);
  }

  notice(notice: WatchNotice): Uint8Array {
    const { revision, ...fields } = notice;
    return WatchResponse.encode({ header: { ...this.#header(), revision }, ...fields });
  }

  /** A response up to its events. `isFragment`: more of the same revision follows. Valid until the next call. */
  head(watchId: number, revision: number, isFragment = false): Uint8Array {
    const head = this.#head;
    const header = this.#headers.fieldAt(revision);
    head.set(header);
    let at = header.length;
    if (watchId !== 0) {
      head[at] = TAG_WATCH_ID;
      at = writeVarint64(head, at + 1, BigInt(watchId));
    }
    if (isFragment) {
      head[at] = TAG_FRAGMENT;
      head[at + 1] = 1;
      at += 2;
    }
    return head.subarray(0, at);
  }
}

function writeBytes(target: Buffer, start: number, tag: number, bytes: Uint8Array): number {
  target[start] = tag;
  const at = writeVarint(target, start + 1, bytes.length);
  target.set(bytes, at);
  return at + bytes.length;
}
