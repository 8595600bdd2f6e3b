// Generated from mvccpb/kv.proto by codegen/generate.mjs: change that and run `pnpm generate`.

import { type Encodable, isEncoded, type MessageCodec, messageCodec } from "../codec/message-codec.ts";
import { EMPTY_BYTES, type Reader } from "../codec/reader.ts";
import { sizeOfInt32, sizeOfInt64Bigint, sizeOfInt64Number, sizeOfLengthDelimited, type Writer } from "../codec/writer.ts";

export const EventType = {
  PUT: 0,
  DELETE: 1,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type EventType = (typeof EventType)[keyof typeof EventType] | (number & Record<never, never>);

export interface KeyValue {
  key: Uint8Array;
  /** Revision that created this generation of the key. */
  createRevision: number;
  /** Revision of the last write to the key. */
  modRevision: number;
  /** Writes since creation: 1 right after it, back to zero by a delete. */
  version: number;
  value: Uint8Array;
  /** The lease the key dies with; 0 for none. */
  lease: bigint;
}

/** What encoding {@link KeyValue} accepts. */
export interface KeyValueInit {
  readonly key?: Uint8Array | undefined;
  readonly createRevision?: number | undefined;
  readonly modRevision?: number | undefined;
  readonly version?: number | undefined;
  readonly value?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
}

export function newKeyValue(): KeyValue {
  return { key: EMPTY_BYTES, createRevision: 0, modRevision: 0, version: 0, value: EMPTY_BYTES, lease: 0n };
}

export function createKeyValue(init: KeyValueInit): KeyValue {
  return {
    key: init.key ?? EMPTY_BYTES,
    createRevision: init.createRevision ?? 0,
    modRevision: init.modRevision ?? 0,
    version: init.version ?? 0,
    value: init.value ?? EMPTY_BYTES,
    lease: init.lease ?? 0n,
  };
}

export function sizeKeyValue(_writer: Writer, message: KeyValueInit): number {
  let size = 0;
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  const createRevision = message.createRevision;
  if (createRevision !== undefined && createRevision !== 0) {
    size += 1 + sizeOfInt64Number(createRevision);
  }
  const modRevision = message.modRevision;
  if (modRevision !== undefined && modRevision !== 0) {
    size += 1 + sizeOfInt64Number(modRevision);
  }
  const version = message.version;
  if (version !== undefined && version !== 0) {
    size += 1 + sizeOfInt64Number(version);
  }
  const value = message.value;
  if (value !== undefined && value.length > 0) {
    size += 1 + sizeOfLengthDelimited(value.length);
  }
  const lease = message.lease;
  if (lease !== undefined && lease !== 0n) {
    size += 1 + sizeOfInt64Bigint(lease);
  }
  return size;
}

export function writeKeyValue(writer: Writer, message: KeyValueInit): void {
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(key);
  }
  const createRevision = message.createRevision;
  if (createRevision !== undefined && createRevision !== 0) {
    writer.byte(16);
    writer.int64Number(createRevision);
  }
  const modRevision = message.modRevision;
  if (modRevision !== undefined && modRevision !== 0) {
    writer.byte(24);
    writer.int64Number(modRevision);
  }
  const version = message.version;
  if (version !== undefined && version !== 0) {
    writer.byte(32);
    writer.int64Number(version);
  }
  const value = message.value;
  if (value !== undefined && value.length > 0) {
    writer.byte(42);
    writer.lengthDelimited(value);
  }
  const lease = message.lease;
  if (lease !== undefined && lease !== 0n) {
    writer.byte(48);
    writer.int64Bigint(lease);
  }
}

const FIELDS_OF_KEY_VALUE: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6]);

export function readKeyValue(reader: Reader, message: KeyValue = newKeyValue()): KeyValue {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.key = reader.bytes();
        break;
      }
      case 16: {
        message.createRevision = reader.int64Number();
        break;
      }
      case 24: {
        message.modRevision = reader.int64Number();
        break;
      }
      case 32: {
        message.version = reader.int64Number();
        break;
      }
      case 42: {
        message.value = reader.bytes();
        break;
      }
      case 48: {
        message.lease = reader.int64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_KEY_VALUE);
    }
  }
  return message;
}

export const KeyValue: MessageCodec<KeyValue, KeyValueInit> = messageCodec({
  typeName: "mvccpb.KeyValue",
  create: createKeyValue,
  size: sizeKeyValue,
  write: writeKeyValue,
  read: readKeyValue,
});

export interface Event {
  type: EventType;
  /** Of a deleted key: only key and mod_revision, the revision of the delete. */
  kv: KeyValue | null;
  /** The pair before the event, if asked for and not compacted. */
  prevKv: KeyValue | null;
}

/** What encoding {@link Event} accepts. */
export interface EventInit {
  readonly type?: EventType | undefined;
  readonly kv?: Encodable<KeyValueInit> | null | undefined;
  readonly prevKv?: Encodable<KeyValueInit> | null | undefined;
}

export function newEvent(): Event {
  return { type: 0, kv: null, prevKv: null };
}

export function createEvent(init: EventInit): Event {
  return {
    type: init.type ?? 0,
    kv: init.kv == null ? null : isEncoded(init.kv) ? KeyValue.decode(init.kv) : createKeyValue(init.kv),
    prevKv: init.prevKv == null ? null : isEncoded(init.prevKv) ? KeyValue.decode(init.prevKv) : createKeyValue(init.prevKv),
  };
}

export function sizeEvent(writer: Writer, message: EventInit): number {
  let size = 0;
  const type = message.type;
  if (type !== undefined && type !== 0) {
    size += 1 + sizeOfInt32(type);
  }
  const kv = message.kv;
  if (kv != null) {
    if (isEncoded(kv)) {
      size += 1 + sizeOfLengthDelimited(kv.length);
    } else {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeKeyValue(writer, kv));
    }
  }
  const prevKv = message.prevKv;
  if (prevKv != null) {
    if (isEncoded(prevKv)) {
      size += 1 + sizeOfLengthDelimited(prevKv.length);
    } else {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeKeyValue(writer, prevKv));
    }
  }
  return size;
}

export function writeEvent(writer: Writer, message: EventInit): void {
  const type = message.type;
  if (type !== undefined && type !== 0) {
    writer.byte(8);
    writer.int32(type);
  }
  const kv = message.kv;
  if (kv != null) {
    writer.byte(18);
    if (isEncoded(kv)) {
      writer.lengthDelimited(kv);
    } else {
      writer.nextSize();
      writeKeyValue(writer, kv);
    }
  }
  const prevKv = message.prevKv;
  if (prevKv != null) {
    writer.byte(26);
    if (isEncoded(prevKv)) {
      writer.lengthDelimited(prevKv);
    } else {
      writer.nextSize();
      writeKeyValue(writer, prevKv);
    }
  }
}

const FIELDS_OF_EVENT: ReadonlySet<number> = new Set([1, 2, 3]);

export function readEvent(reader: Reader, message: Event = newEvent()): Event {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.type = reader.int32();
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.kv = readKeyValue(reader, message.kv ?? newKeyValue());
        reader.leave(outerEnd);
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.prevKv = readKeyValue(reader, message.prevKv ?? newKeyValue());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_EVENT);
    }
  }
  return message;
}

export const Event: MessageCodec<Event, EventInit> = messageCodec({
  typeName: "mvccpb.Event",
  create: createEvent,
  size: sizeEvent,
  write: writeEvent,
  read: readEvent,
});
