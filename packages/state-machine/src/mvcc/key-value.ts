import { type ByteString, byteStringOf } from "@conclave/base";
import { FieldReader, varint64Size, varintSize, writeVarint, writeVarint64 } from "../protobuf.ts";

/** Node's own writer of byte strings, without the dispatch over encodings that `write` begins with. */
const latin1Write: (this: Uint8Array, text: string, at: number, length: number) => number =
  Buffer.prototype.latin1Write;

/** Tags of mvccpb.KeyValue: field number and wire type. */
const TAG_KEY = 0x0a;
const TAG_CREATE_REVISION = 0x10;
const TAG_MOD_REVISION = 0x18;
const TAG_VERSION = 0x20;
const TAG_VALUE = 0x2a;
const TAG_LEASE = 0x30;

/**
 * Encodes an mvccpb.KeyValue, the form in which a pair is stored, answered and sent to watchers: it is encoded once in
 * its life. The value is `source[valueStart, valueEnd)`, so that a put copies it from the log entry only here.
 */
export function encodeKeyValue(
  key: ByteString,
  createRevision: number,
  modRevision: number,
  version: number,
  source: Uint8Array,
  valueStart: number,
  valueEnd: number,
  lease: bigint,
): Uint8Array {
  const keyLength = key.length;
  const valueLength = valueEnd - valueStart;
  let size = 4 + varintSize(keyLength) + keyLength;
  size += varintSize(createRevision) + varintSize(modRevision) + varintSize(version);
  if (valueLength > 0) size += 1 + varintSize(valueLength) + valueLength;
  if (lease !== 0n) size += 1 + varint64Size(lease);
  const target = Buffer.allocUnsafe(size);
  target[0] = TAG_KEY;
  let at = writeVarint(target, 1, keyLength);
  at += latin1Write.call(target, key, at, keyLength);
  target[at] = TAG_CREATE_REVISION;
  at = writeVarint(target, at + 1, createRevision);
  target[at] = TAG_MOD_REVISION;
  at = writeVarint(target, at + 1, modRevision);
  target[at] = TAG_VERSION;
  at = writeVarint(target, at + 1, version);
  if (valueLength > 0) {
    target[at] = TAG_VALUE;
    at = writeVarint(target, at + 1, valueLength);
    copyBytes(source, valueStart, valueEnd, target, at);
    at += valueLength;
  }
  if (lease !== 0n) {
    target[at] = TAG_LEASE;
    writeVarint64(target, at + 1, lease);
  }
  return target;
}

/** Encodes a delete as its event shows it: only key and mod revision. Having no create revision marks a tombstone. */
export function encodeTombstone(key: ByteString, modRevision: number): Uint8Array {
  const keyLength = key.length;
  const size = 2 + varintSize(keyLength) + keyLength + varintSize(modRevision);
  const target = Buffer.allocUnsafe(size);
  target[0] = TAG_KEY;
  let at = writeVarint(target, 1, keyLength);
  at += latin1Write.call(target, key, at, keyLength);
  target[at] = TAG_MOD_REVISION;
  writeVarint(target, at + 1, modRevision);
  return target;
}

const EMPTY = new Uint8Array(0);

/** The fields of a stored pair, read in place. Reused: valid until the next `read`. */
export class KeyValueView {
  createRevision = 0;
  modRevision = 0;
  version = 0;
  lease = 0n;
  valueStart = 0;
  valueEnd = 0;
  #bytes: Uint8Array = EMPTY;
  #keyStart = 0;
  #keyEnd = 0;
  readonly #reader = new FieldReader();

  /** Reads `bytes[start, end)`. */
  read(bytes: Uint8Array, start = 0, end = bytes.length): this {
    const reader = this.#reader;
    reader.reset(bytes, start, end);
    this.#bytes = bytes;
    this.createRevision = 0;
    this.modRevision = 0;
    this.version = 0;
    this.lease = 0n;
    this.valueStart = 0;
    this.valueEnd = 0;
    this.#keyStart = 0;
    this.#keyEnd = 0;
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          this.#keyStart = reader.start;
          this.#keyEnd = reader.end;
          break;
        case 2:
          this.createRevision = reader.count();
          break;
        case 3:
          this.modRevision = reader.count();
          break;
        case 4:
          this.version = reader.count();
          break;
        case 5:
          this.valueStart = reader.start;
          this.valueEnd = reader.end;
          break;
        case 6:
          this.lease = reader.signed64();
          break;
      }
    }
    return this;
  }

  get isTombstone(): boolean {
    return this.createRevision === 0;
  }

  key(): ByteString {
    return byteStringOf(this.#bytes, this.#keyStart, this.#keyEnd);
  }

  value(): Uint8Array {
    return this.#bytes.subarray(this.valueStart, this.valueEnd);
  }
}

/** Short runs are copied by hand: `set` on a subarray costs an allocation and a call into the runtime. */
function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  const length = end - start;
  if (length <= 32) {
    for (let i = 0; i < length; i += 1) target[at + i] = source[start + i]!;
    return;
  }
  target.set(source.subarray(start, end), at);
}
