import { type ResponseOp, TxnResponse } from "@conclave/wire";
import { varintSize, writeVarint } from "../protobuf.ts";
import type { TxnResult } from "../result.ts";

/** Tags of etcdserverpb.TxnResponse, of its responses, and of what they hold. */
const TAG_SUCCEEDED = 0x10;
const TAG_RESPONSE = 0x1a;
const TAG_HEADER = 0x0a;
const TAG_REVISION = 0x18;
const RESPONSE = { range: 0x0a, put: 0x12, deleteRange: 0x1a } as const;
const RANGE = { pair: 0x12, more: 0x18, count: 0x20 } as const;
const TAG_DELETED = 0x10;

const NO_BYTES = new Uint8Array(0);

/** What one operation of a plain transaction answers. */
class PlainResponse {
  tag: number = RESPONSE.put;
  /** What the header inside it says. */
  revision = 0;
  /** Of a range: its only pair, and the keys there are; of a deletion: the keys deleted. */
  pair: Uint8Array | null = null;
  count = 0;
  /** Bytes, without the tags and lengths around it. */
  sizeBytes = 0;
}

/** The result of a plain transaction: kept flat, and encoded by hand. Reused. */
export class PlainTxnResult implements TxnResult {
  readonly kind = "txn";
  revision = 0;
  succeeded = false;
  readonly #responses: PlainResponse[] = [];
  #count = 0;

  clear(): void {
    // Pairs are dropped with the next result: they are few.
    this.#count = 0;
  }

  addRange(revision: number, pair: Uint8Array | null, count: number): void {
    this.#add(RESPONSE.range, revision, pair, count);
  }

  addPut(revision: number): void {
    this.#add(RESPONSE.put, revision, null, 0);
  }

  addDelete(revision: number, deleted: number): void {
    this.#add(RESPONSE.deleteRange, revision, null, deleted);
  }

  /** As any transaction has them. */
  get responses(): readonly ResponseOp[] {
    return TxnResponse.decode(this.encodeAfter(NO_BYTES)).responses;
  }

  /** @returns the etcdserverpb.TxnResponse that begins with `header`, a field with its tag */
  encodeAfter(header: Uint8Array): Uint8Array {
    const target = Buffer.allocUnsafe(header.length + this.#measure());
    target.set(header);
    let at = header.length;
    if (this.succeeded) {
      target[at] = TAG_SUCCEEDED;
      target[at + 1] = 1;
      at += 2;
    }
    for (let i = 0; i < this.#count; i += 1) at = writeResponse(target, at, this.#responses[i]!);
    return target;
  }

  #add(tag: number, revision: number, pair: Uint8Array | null, count: number): void {
    if (this.#count === this.#responses.length) this.#responses.push(new PlainResponse());
    const response = this.#responses[this.#count]!;
    this.#count += 1;
    response.tag = tag;
    response.revision = revision;
    response.pair = pair;
    response.count = count;
  }

  /** Bytes of everything but the header. */
  #measure(): number {
    let size = this.succeeded ? 2 : 0;
    for (let i = 0; i < this.#count; i += 1) {
      const response = this.#responses[i]!;
      response.sizeBytes = sizeOf(response);
      size += sizeOfField(sizeOfField(response.sizeBytes));
    }
    return size;
  }
}

/** A range has at most one pair, so there is more if it counts more keys. */
function hasMore({ tag, count }: PlainResponse): boolean {
  return tag === RESPONSE.range && count > 1;
}

function sizeOf(response: PlainResponse): number {
  const { revision, pair, count } = response;
  let size = sizeOfField(1 + varintSize(revision));
  if (pair !== null) size += sizeOfField(pair.length);
  if (hasMore(response)) size += 2;
  if (count > 0) size += 1 + varintSize(count);
  return size;
}

/** Of tag, length and content. */
function sizeOfField(length: number): number {
  return 1 + varintSize(length) + length;
}

function writeResponse(target: Buffer, from: number, response: PlainResponse): number {
  const { tag, revision, pair, count, sizeBytes } = response;
  let at = writeTag(target, from, TAG_RESPONSE, sizeOfField(sizeBytes));
  at = writeTag(target, at, tag, sizeBytes);
  at = writeTag(target, at, TAG_HEADER, 1 + varintSize(revision));
  at = writeTag(target, at, TAG_REVISION, revision);
  if (pair !== null) {
    at = writeTag(target, at, RANGE.pair, pair.length);
    target.set(pair, at);
    at += pair.length;
  }
  if (hasMore(response)) at = writeTag(target, at, RANGE.more, 1);
  if (count > 0)
    at = writeTag(target, at, tag === RESPONSE.range ? RANGE.count : TAG_DELETED, count);
  return at;
}

/** A tag, and the number or the length behind it. */
function writeTag(target: Buffer, at: number, tag: number, value: number): number {
  target[at] = tag;
  return writeVarint(target, at + 1, value);
}
