// Generated from etcdserverpb/rpc.proto by codegen/generate.mjs: change that and run `pnpm generate`.

import { type Encodable, isEncoded, type MessageCodec, messageCodec, requireOneMember } from "../codec/message-codec.ts";
import { type ServiceDescriptor } from "../codec/method.ts";
import { EMPTY_BYTES, type Reader } from "../codec/reader.ts";
import { sizeOfInt32, sizeOfInt64Bigint, sizeOfInt64Number, sizeOfLengthDelimited, sizeOfString, sizeOfUint32, sizeOfUint64Bigint, sizeOfUint64Number, type Writer } from "../codec/writer.ts";
import { KeyValue, type KeyValueInit, newKeyValue, createKeyValue, sizeKeyValue, writeKeyValue, readKeyValue, Event, type EventInit, createEvent, sizeEvent, writeEvent, readEvent } from "./kv.ts";
import { type UserAddOptions, type UserAddOptionsInit, newUserAddOptions, createUserAddOptions, sizeUserAddOptions, writeUserAddOptions, readUserAddOptions, type Permission, type PermissionInit, newPermission, createPermission, sizePermission, writePermission, readPermission } from "./auth.ts";

export const SortOrder = {
  NONE: 0,
  ASCEND: 1,
  DESCEND: 2,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type SortOrder = (typeof SortOrder)[keyof typeof SortOrder] | (number & Record<never, never>);

export const SortTarget = {
  KEY: 0,
  VERSION: 1,
  CREATE: 2,
  MOD: 3,
  VALUE: 4,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type SortTarget = (typeof SortTarget)[keyof typeof SortTarget] | (number & Record<never, never>);

export const CompareResult = {
  EQUAL: 0,
  GREATER: 1,
  LESS: 2,
  NOT_EQUAL: 3,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type CompareResult = (typeof CompareResult)[keyof typeof CompareResult] | (number & Record<never, never>);

export const CompareTarget = {
  VERSION: 0,
  CREATE: 1,
  MOD: 2,
  VALUE: 3,
  LEASE: 4,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type CompareTarget = (typeof CompareTarget)[keyof typeof CompareTarget] | (number & Record<never, never>);

/** Events of these kinds are left out. */
export const FilterType = {
  NOPUT: 0,
  NODELETE: 1,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type FilterType = (typeof FilterType)[keyof typeof FilterType] | (number & Record<never, never>);

export const AlarmType = {
  NONE: 0,
  NOSPACE: 1,
  CORRUPT: 2,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type AlarmType = (typeof AlarmType)[keyof typeof AlarmType] | (number & Record<never, never>);

export const AlarmAction = {
  GET: 0,
  ACTIVATE: 1,
  DEACTIVATE: 2,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type AlarmAction = (typeof AlarmAction)[keyof typeof AlarmAction] | (number & Record<never, never>);

export const DowngradeAction = {
  VALIDATE: 0,
  ENABLE: 1,
  CANCEL: 2,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type DowngradeAction = (typeof DowngradeAction)[keyof typeof DowngradeAction] | (number & Record<never, never>);

export interface ResponseHeader {
  clusterId: bigint;
  memberId: bigint;
  /** Store revision when the request was served; 0 from calls that never touch the store. */
  revision: number;
  raftTerm: number;
}

/** What encoding {@link ResponseHeader} accepts. */
export interface ResponseHeaderInit {
  readonly clusterId?: bigint | undefined;
  readonly memberId?: bigint | undefined;
  readonly revision?: number | undefined;
  readonly raftTerm?: number | undefined;
}

export function newResponseHeader(): ResponseHeader {
  return { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 };
}

export function createResponseHeader(init: ResponseHeaderInit): ResponseHeader {
  return {
    clusterId: init.clusterId ?? 0n,
    memberId: init.memberId ?? 0n,
    revision: init.revision ?? 0,
    raftTerm: init.raftTerm ?? 0,
  };
}

export function sizeResponseHeader(_writer: Writer, message: ResponseHeaderInit): number {
  let size = 0;
  const clusterId = message.clusterId;
  if (clusterId !== undefined && clusterId !== 0n) {
    size += 1 + sizeOfUint64Bigint(clusterId);
  }
  const memberId = message.memberId;
  if (memberId !== undefined && memberId !== 0n) {
    size += 1 + sizeOfUint64Bigint(memberId);
  }
  const revision = message.revision;
  if (revision !== undefined && revision !== 0) {
    size += 1 + sizeOfInt64Number(revision);
  }
  const raftTerm = message.raftTerm;
  if (raftTerm !== undefined && raftTerm !== 0) {
    size += 1 + sizeOfUint64Number(raftTerm);
  }
  return size;
}

export function writeResponseHeader(writer: Writer, message: ResponseHeaderInit): void {
  const clusterId = message.clusterId;
  if (clusterId !== undefined && clusterId !== 0n) {
    writer.byte(8);
    writer.uint64Bigint(clusterId);
  }
  const memberId = message.memberId;
  if (memberId !== undefined && memberId !== 0n) {
    writer.byte(16);
    writer.uint64Bigint(memberId);
  }
  const revision = message.revision;
  if (revision !== undefined && revision !== 0) {
    writer.byte(24);
    writer.int64Number(revision);
  }
  const raftTerm = message.raftTerm;
  if (raftTerm !== undefined && raftTerm !== 0) {
    writer.byte(32);
    writer.int64Number(raftTerm);
  }
}

const FIELDS_OF_RESPONSE_HEADER: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readResponseHeader(reader: Reader, message: ResponseHeader = newResponseHeader()): ResponseHeader {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.clusterId = reader.uint64Bigint();
        break;
      }
      case 16: {
        message.memberId = reader.uint64Bigint();
        break;
      }
      case 24: {
        message.revision = reader.int64Number();
        break;
      }
      case 32: {
        message.raftTerm = reader.uint64Number();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_RESPONSE_HEADER);
    }
  }
  return message;
}

export const ResponseHeader: MessageCodec<ResponseHeader, ResponseHeaderInit> = messageCodec({
  typeName: "etcdserverpb.ResponseHeader",
  create: createResponseHeader,
  size: sizeResponseHeader,
  write: writeResponseHeader,
  read: readResponseHeader,
});

/** Keys in [key, range_end). No range_end: that key alone. range_end "\0": from key on. */
export interface RangeRequest {
  key: Uint8Array;
  rangeEnd: Uint8Array;
  /** Most pairs to return; 0 for all. */
  limit: number;
  /** Read as of this revision; 0 or less for the latest. */
  revision: number;
  sortOrder: SortOrder;
  sortTarget: SortTarget;
  /** Answered by this member from what it has, without asking a quorum. */
  serializable: boolean;
  keysOnly: boolean;
  countOnly: boolean;
  minModRevision: number;
  maxModRevision: number;
  minCreateRevision: number;
  maxCreateRevision: number;
}

/** What encoding {@link RangeRequest} accepts. */
export interface RangeRequestInit {
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
  readonly limit?: number | undefined;
  readonly revision?: number | undefined;
  readonly sortOrder?: SortOrder | undefined;
  readonly sortTarget?: SortTarget | undefined;
  readonly serializable?: boolean | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
  readonly minModRevision?: number | undefined;
  readonly maxModRevision?: number | undefined;
  readonly minCreateRevision?: number | undefined;
  readonly maxCreateRevision?: number | undefined;
}

export function newRangeRequest(): RangeRequest {
  return { key: EMPTY_BYTES, rangeEnd: EMPTY_BYTES, limit: 0, revision: 0, sortOrder: 0, sortTarget: 0, serializable: false, keysOnly: false, countOnly: false, minModRevision: 0, maxModRevision: 0, minCreateRevision: 0, maxCreateRevision: 0 };
}

export function createRangeRequest(init: RangeRequestInit): RangeRequest {
  return {
    key: init.key ?? EMPTY_BYTES,
    rangeEnd: init.rangeEnd ?? EMPTY_BYTES,
    limit: init.limit ?? 0,
    revision: init.revision ?? 0,
    sortOrder: init.sortOrder ?? 0,
    sortTarget: init.sortTarget ?? 0,
    serializable: init.serializable ?? false,
    keysOnly: init.keysOnly ?? false,
    countOnly: init.countOnly ?? false,
    minModRevision: init.minModRevision ?? 0,
    maxModRevision: init.maxModRevision ?? 0,
    minCreateRevision: init.minCreateRevision ?? 0,
    maxCreateRevision: init.maxCreateRevision ?? 0,
  };
}

export function sizeRangeRequest(_writer: Writer, message: RangeRequestInit): number {
  let size = 0;
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    size += 1 + sizeOfLengthDelimited(rangeEnd.length);
  }
  const limit = message.limit;
  if (limit !== undefined && limit !== 0) {
    size += 1 + sizeOfInt64Number(limit);
  }
  const revision = message.revision;
  if (revision !== undefined && revision !== 0) {
    size += 1 + sizeOfInt64Number(revision);
  }
  const sortOrder = message.sortOrder;
  if (sortOrder !== undefined && sortOrder !== 0) {
    size += 1 + sizeOfInt32(sortOrder);
  }
  const sortTarget = message.sortTarget;
  if (sortTarget !== undefined && sortTarget !== 0) {
    size += 1 + sizeOfInt32(sortTarget);
  }
  const serializable = message.serializable;
  if (serializable === true) {
    size += 1 + 1;
  }
  const keysOnly = message.keysOnly;
  if (keysOnly === true) {
    size += 1 + 1;
  }
  const countOnly = message.countOnly;
  if (countOnly === true) {
    size += 1 + 1;
  }
  const minModRevision = message.minModRevision;
  if (minModRevision !== undefined && minModRevision !== 0) {
    size += 1 + sizeOfInt64Number(minModRevision);
  }
  const maxModRevision = message.maxModRevision;
  if (maxModRevision !== undefined && maxModRevision !== 0) {
    size += 1 + sizeOfInt64Number(maxModRevision);
  }
  const minCreateRevision = message.minCreateRevision;
  if (minCreateRevision !== undefined && minCreateRevision !== 0) {
    size += 1 + sizeOfInt64Number(minCreateRevision);
  }
  const maxCreateRevision = message.maxCreateRevision;
  if (maxCreateRevision !== undefined && maxCreateRevision !== 0) {
    size += 1 + sizeOfInt64Number(maxCreateRevision);
  }
  return size;
}

export function writeRangeRequest(writer: Writer, message: RangeRequestInit): void {
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(key);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(rangeEnd);
  }
  const limit = message.limit;
  if (limit !== undefined && limit !== 0) {
    writer.byte(24);
    writer.int64Number(limit);
  }
  const revision = message.revision;
  if (revision !== undefined && revision !== 0) {
    writer.byte(32);
    writer.int64Number(revision);
  }
  const sortOrder = message.sortOrder;
  if (sortOrder !== undefined && sortOrder !== 0) {
    writer.byte(40);
    writer.int32(sortOrder);
  }
  const sortTarget = message.sortTarget;
  if (sortTarget !== undefined && sortTarget !== 0) {
    writer.byte(48);
    writer.int32(sortTarget);
  }
  const serializable = message.serializable;
  if (serializable === true) {
    writer.byte(56);
    writer.bool(serializable);
  }
  const keysOnly = message.keysOnly;
  if (keysOnly === true) {
    writer.byte(64);
    writer.bool(keysOnly);
  }
  const countOnly = message.countOnly;
  if (countOnly === true) {
    writer.byte(72);
    writer.bool(countOnly);
  }
  const minModRevision = message.minModRevision;
  if (minModRevision !== undefined && minModRevision !== 0) {
    writer.byte(80);
    writer.int64Number(minModRevision);
  }
  const maxModRevision = message.maxModRevision;
  if (maxModRevision !== undefined && maxModRevision !== 0) {
    writer.byte(88);
    writer.int64Number(maxModRevision);
  }
  const minCreateRevision = message.minCreateRevision;
  if (minCreateRevision !== undefined && minCreateRevision !== 0) {
    writer.byte(96);
    writer.int64Number(minCreateRevision);
  }
  const maxCreateRevision = message.maxCreateRevision;
  if (maxCreateRevision !== undefined && maxCreateRevision !== 0) {
    writer.byte(104);
    writer.int64Number(maxCreateRevision);
  }
}

const FIELDS_OF_RANGE_REQUEST: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);

export function readRangeRequest(reader: Reader, message: RangeRequest = newRangeRequest()): RangeRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.key = reader.bytes();
        break;
      }
      case 18: {
        message.rangeEnd = reader.bytes();
        break;
      }
      case 24: {
        message.limit = reader.int64Bound();
        break;
      }
      case 32: {
        message.revision = reader.int64Bound();
        break;
      }
      case 40: {
        message.sortOrder = reader.int32();
        break;
      }
      case 48: {
        message.sortTarget = reader.int32();
        break;
      }
      case 56: {
        message.serializable = reader.bool();
        break;
      }
      case 64: {
        message.keysOnly = reader.bool();
        break;
      }
      case 72: {
        message.countOnly = reader.bool();
        break;
      }
      case 80: {
        message.minModRevision = reader.int64Bound();
        break;
      }
      case 88: {
        message.maxModRevision = reader.int64Bound();
        break;
      }
      case 96: {
        message.minCreateRevision = reader.int64Bound();
        break;
      }
      case 104: {
        message.maxCreateRevision = reader.int64Bound();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_RANGE_REQUEST);
    }
  }
  return message;
}

export const RangeRequest: MessageCodec<RangeRequest, RangeRequestInit> = messageCodec({
  typeName: "etcdserverpb.RangeRequest",
  create: createRangeRequest,
  size: sizeRangeRequest,
  write: writeRangeRequest,
  read: readRangeRequest,
});

export interface RangeResponse {
  header: ResponseHeader | null;
  kvs: KeyValue[];
  /** The limit cut the answer short. */
  more: boolean;
  /** Keys in the range, whatever limit and revision filters say. */
  count: number;
}

/** What encoding {@link RangeResponse} accepts. */
export interface RangeResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly kvs?: readonly (Encodable<KeyValueInit>)[] | undefined;
  readonly more?: boolean | undefined;
  readonly count?: number | undefined;
}

export function newRangeResponse(): RangeResponse {
  return { header: null, kvs: [], more: false, count: 0 };
}

export function createRangeResponse(init: RangeResponseInit): RangeResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    kvs: init.kvs?.map((each) => (isEncoded(each) ? KeyValue.decode(each) : createKeyValue(each))) ?? [],
    more: init.more ?? false,
    count: init.count ?? 0,
  };
}

export function sizeRangeResponse(writer: Writer, message: RangeResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const kvs = message.kvs;
  if (kvs !== undefined) {
    for (const each of kvs) {
      if (isEncoded(each)) {
        size += 1 + sizeOfLengthDelimited(each.length);
      } else {
        const slot = writer.openSize();
        size += 1 + writer.closeSize(slot, sizeKeyValue(writer, each));
      }
    }
  }
  const more = message.more;
  if (more === true) {
    size += 1 + 1;
  }
  const count = message.count;
  if (count !== undefined && count !== 0) {
    size += 1 + sizeOfInt64Number(count);
  }
  return size;
}

export function writeRangeResponse(writer: Writer, message: RangeResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const kvs = message.kvs;
  if (kvs !== undefined) {
    for (const each of kvs) {
      writer.byte(18);
      if (isEncoded(each)) {
        writer.lengthDelimited(each);
      } else {
        writer.nextSize();
        writeKeyValue(writer, each);
      }
    }
  }
  const more = message.more;
  if (more === true) {
    writer.byte(24);
    writer.bool(more);
  }
  const count = message.count;
  if (count !== undefined && count !== 0) {
    writer.byte(32);
    writer.int64Number(count);
  }
}

const FIELDS_OF_RANGE_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readRangeResponse(reader: Reader, message: RangeResponse = newRangeResponse()): RangeResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.kvs.push(readKeyValue(reader));
        reader.leave(outerEnd);
        break;
      }
      case 24: {
        message.more = reader.bool();
        break;
      }
      case 32: {
        message.count = reader.int64Number();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_RANGE_RESPONSE);
    }
  }
  return message;
}

export const RangeResponse: MessageCodec<RangeResponse, RangeResponseInit> = messageCodec({
  typeName: "etcdserverpb.RangeResponse",
  create: createRangeResponse,
  size: sizeRangeResponse,
  write: writeRangeResponse,
  read: readRangeResponse,
});

export interface PutRequest {
  key: Uint8Array;
  value: Uint8Array;
  /** Lease to attach; 0 detaches the key from the one it had. */
  lease: bigint;
  /** Return the pair that was replaced. */
  prevKv: boolean;
  /** Keep the value the key has. */
  ignoreValue: boolean;
  /** Keep the lease the key has. */
  ignoreLease: boolean;
}

/** What encoding {@link PutRequest} accepts. */
export interface PutRequestInit {
  readonly key?: Uint8Array | undefined;
  readonly value?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
  readonly prevKv?: boolean | undefined;
  readonly ignoreValue?: boolean | undefined;
  readonly ignoreLease?: boolean | undefined;
}

export function newPutRequest(): PutRequest {
  return { key: EMPTY_BYTES, value: EMPTY_BYTES, lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
}

export function createPutRequest(init: PutRequestInit): PutRequest {
  return {
    key: init.key ?? EMPTY_BYTES,
    value: init.value ?? EMPTY_BYTES,
    lease: init.lease ?? 0n,
    prevKv: init.prevKv ?? false,
    ignoreValue: init.ignoreValue ?? false,
    ignoreLease: init.ignoreLease ?? false,
  };
}

export function sizePutRequest(_writer: Writer, message: PutRequestInit): number {
  let size = 0;
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  const value = message.value;
  if (value !== undefined && value.length > 0) {
    size += 1 + sizeOfLengthDelimited(value.length);
  }
  const lease = message.lease;
  if (lease !== undefined && lease !== 0n) {
    size += 1 + sizeOfInt64Bigint(lease);
  }
  const prevKv = message.prevKv;
  if (prevKv === true) {
    size += 1 + 1;
  }
  const ignoreValue = message.ignoreValue;
  if (ignoreValue === true) {
    size += 1 + 1;
  }
  const ignoreLease = message.ignoreLease;
  if (ignoreLease === true) {
    size += 1 + 1;
  }
  return size;
}

export function writePutRequest(writer: Writer, message: PutRequestInit): void {
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(key);
  }
  const value = message.value;
  if (value !== undefined && value.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(value);
  }
  const lease = message.lease;
  if (lease !== undefined && lease !== 0n) {
    writer.byte(24);
    writer.int64Bigint(lease);
  }
  const prevKv = message.prevKv;
  if (prevKv === true) {
    writer.byte(32);
    writer.bool(prevKv);
  }
  const ignoreValue = message.ignoreValue;
  if (ignoreValue === true) {
    writer.byte(40);
    writer.bool(ignoreValue);
  }
  const ignoreLease = message.ignoreLease;
  if (ignoreLease === true) {
    writer.byte(48);
    writer.bool(ignoreLease);
  }
}

const FIELDS_OF_PUT_REQUEST: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6]);

export function readPutRequest(reader: Reader, message: PutRequest = newPutRequest()): PutRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.key = reader.bytes();
        break;
      }
      case 18: {
        message.value = reader.bytes();
        break;
      }
      case 24: {
        message.lease = reader.int64Bigint();
        break;
      }
      case 32: {
        message.prevKv = reader.bool();
        break;
      }
      case 40: {
        message.ignoreValue = reader.bool();
        break;
      }
      case 48: {
        message.ignoreLease = reader.bool();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_PUT_REQUEST);
    }
  }
  return message;
}

export const PutRequest: MessageCodec<PutRequest, PutRequestInit> = messageCodec({
  typeName: "etcdserverpb.PutRequest",
  create: createPutRequest,
  size: sizePutRequest,
  write: writePutRequest,
  read: readPutRequest,
});

export interface PutResponse {
  header: ResponseHeader | null;
  prevKv: KeyValue | null;
}

/** What encoding {@link PutResponse} accepts. */
export interface PutResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly prevKv?: Encodable<KeyValueInit> | null | undefined;
}

export function newPutResponse(): PutResponse {
  return { header: null, prevKv: null };
}

export function createPutResponse(init: PutResponseInit): PutResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    prevKv: init.prevKv == null ? null : isEncoded(init.prevKv) ? KeyValue.decode(init.prevKv) : createKeyValue(init.prevKv),
  };
}

export function sizePutResponse(writer: Writer, message: PutResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
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

export function writePutResponse(writer: Writer, message: PutResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const prevKv = message.prevKv;
  if (prevKv != null) {
    writer.byte(18);
    if (isEncoded(prevKv)) {
      writer.lengthDelimited(prevKv);
    } else {
      writer.nextSize();
      writeKeyValue(writer, prevKv);
    }
  }
}

const FIELDS_OF_PUT_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readPutResponse(reader: Reader, message: PutResponse = newPutResponse()): PutResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.prevKv = readKeyValue(reader, message.prevKv ?? newKeyValue());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_PUT_RESPONSE);
    }
  }
  return message;
}

export const PutResponse: MessageCodec<PutResponse, PutResponseInit> = messageCodec({
  typeName: "etcdserverpb.PutResponse",
  create: createPutResponse,
  size: sizePutResponse,
  write: writePutResponse,
  read: readPutResponse,
});

export interface DeleteRangeRequest {
  key: Uint8Array;
  rangeEnd: Uint8Array;
  prevKv: boolean;
}

/** What encoding {@link DeleteRangeRequest} accepts. */
export interface DeleteRangeRequestInit {
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
  readonly prevKv?: boolean | undefined;
}

export function newDeleteRangeRequest(): DeleteRangeRequest {
  return { key: EMPTY_BYTES, rangeEnd: EMPTY_BYTES, prevKv: false };
}

export function createDeleteRangeRequest(init: DeleteRangeRequestInit): DeleteRangeRequest {
  return {
    key: init.key ?? EMPTY_BYTES,
    rangeEnd: init.rangeEnd ?? EMPTY_BYTES,
    prevKv: init.prevKv ?? false,
  };
}

export function sizeDeleteRangeRequest(_writer: Writer, message: DeleteRangeRequestInit): number {
  let size = 0;
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    size += 1 + sizeOfLengthDelimited(rangeEnd.length);
  }
  const prevKv = message.prevKv;
  if (prevKv === true) {
    size += 1 + 1;
  }
  return size;
}

export function writeDeleteRangeRequest(writer: Writer, message: DeleteRangeRequestInit): void {
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(key);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(rangeEnd);
  }
  const prevKv = message.prevKv;
  if (prevKv === true) {
    writer.byte(24);
    writer.bool(prevKv);
  }
}

const FIELDS_OF_DELETE_RANGE_REQUEST: ReadonlySet<number> = new Set([1, 2, 3]);

export function readDeleteRangeRequest(reader: Reader, message: DeleteRangeRequest = newDeleteRangeRequest()): DeleteRangeRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.key = reader.bytes();
        break;
      }
      case 18: {
        message.rangeEnd = reader.bytes();
        break;
      }
      case 24: {
        message.prevKv = reader.bool();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_DELETE_RANGE_REQUEST);
    }
  }
  return message;
}

export const DeleteRangeRequest: MessageCodec<DeleteRangeRequest, DeleteRangeRequestInit> = messageCodec({
  typeName: "etcdserverpb.DeleteRangeRequest",
  create: createDeleteRangeRequest,
  size: sizeDeleteRangeRequest,
  write: writeDeleteRangeRequest,
  read: readDeleteRangeRequest,
});

export interface DeleteRangeResponse {
  header: ResponseHeader | null;
  deleted: number;
  prevKvs: KeyValue[];
}

/** What encoding {@link DeleteRangeResponse} accepts. */
export interface DeleteRangeResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly deleted?: number | undefined;
  readonly prevKvs?: readonly (Encodable<KeyValueInit>)[] | undefined;
}

export function newDeleteRangeResponse(): DeleteRangeResponse {
  return { header: null, deleted: 0, prevKvs: [] };
}

export function createDeleteRangeResponse(init: DeleteRangeResponseInit): DeleteRangeResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    deleted: init.deleted ?? 0,
    prevKvs: init.prevKvs?.map((each) => (isEncoded(each) ? KeyValue.decode(each) : createKeyValue(each))) ?? [],
  };
}

export function sizeDeleteRangeResponse(writer: Writer, message: DeleteRangeResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const deleted = message.deleted;
  if (deleted !== undefined && deleted !== 0) {
    size += 1 + sizeOfInt64Number(deleted);
  }
  const prevKvs = message.prevKvs;
  if (prevKvs !== undefined) {
    for (const each of prevKvs) {
      if (isEncoded(each)) {
        size += 1 + sizeOfLengthDelimited(each.length);
      } else {
        const slot = writer.openSize();
        size += 1 + writer.closeSize(slot, sizeKeyValue(writer, each));
      }
    }
  }
  return size;
}

export function writeDeleteRangeResponse(writer: Writer, message: DeleteRangeResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const deleted = message.deleted;
  if (deleted !== undefined && deleted !== 0) {
    writer.byte(16);
    writer.int64Number(deleted);
  }
  const prevKvs = message.prevKvs;
  if (prevKvs !== undefined) {
    for (const each of prevKvs) {
      writer.byte(26);
      if (isEncoded(each)) {
        writer.lengthDelimited(each);
      } else {
        writer.nextSize();
        writeKeyValue(writer, each);
      }
    }
  }
}

const FIELDS_OF_DELETE_RANGE_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3]);

export function readDeleteRangeResponse(reader: Reader, message: DeleteRangeResponse = newDeleteRangeResponse()): DeleteRangeResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.deleted = reader.int64Number();
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.prevKvs.push(readKeyValue(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_DELETE_RANGE_RESPONSE);
    }
  }
  return message;
}

export const DeleteRangeResponse: MessageCodec<DeleteRangeResponse, DeleteRangeResponseInit> = messageCodec({
  typeName: "etcdserverpb.DeleteRangeResponse",
  create: createDeleteRangeResponse,
  size: sizeDeleteRangeResponse,
  write: writeDeleteRangeResponse,
  read: readDeleteRangeResponse,
});

export interface RequestOp {
  /** One of `request`. */
  requestRange: RangeRequest | null;
  /** One of `request`. */
  requestPut: PutRequest | null;
  /** One of `request`. */
  requestDeleteRange: DeleteRangeRequest | null;
  /** One of `request`. */
  requestTxn: TxnRequest | null;
}

/** What encoding {@link RequestOp} accepts. */
export interface RequestOpInit {
  readonly requestRange?: RangeRequestInit | null | undefined;
  readonly requestPut?: PutRequestInit | null | undefined;
  readonly requestDeleteRange?: DeleteRangeRequestInit | null | undefined;
  readonly requestTxn?: TxnRequestInit | null | undefined;
}

export function newRequestOp(): RequestOp {
  return { requestRange: null, requestPut: null, requestDeleteRange: null, requestTxn: null };
}

export function createRequestOp(init: RequestOpInit): RequestOp {
  return {
    requestRange: init.requestRange == null ? null : createRangeRequest(init.requestRange),
    requestPut: init.requestPut == null ? null : createPutRequest(init.requestPut),
    requestDeleteRange: init.requestDeleteRange == null ? null : createDeleteRangeRequest(init.requestDeleteRange),
    requestTxn: init.requestTxn == null ? null : createTxnRequest(init.requestTxn),
  };
}

export function sizeRequestOp(writer: Writer, message: RequestOpInit): number {
  requireOneMember("etcdserverpb.RequestOp.request", [message.requestRange != null, message.requestPut != null, message.requestDeleteRange != null, message.requestTxn != null]);
  let size = 0;
  const requestRange = message.requestRange;
  if (requestRange != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeRangeRequest(writer, requestRange));
  }
  const requestPut = message.requestPut;
  if (requestPut != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizePutRequest(writer, requestPut));
  }
  const requestDeleteRange = message.requestDeleteRange;
  if (requestDeleteRange != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeDeleteRangeRequest(writer, requestDeleteRange));
  }
  const requestTxn = message.requestTxn;
  if (requestTxn != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeTxnRequest(writer, requestTxn));
  }
  return size;
}

export function writeRequestOp(writer: Writer, message: RequestOpInit): void {
  const requestRange = message.requestRange;
  if (requestRange != null) {
    writer.byte(10);
    writer.nextSize();
    writeRangeRequest(writer, requestRange);
  }
  const requestPut = message.requestPut;
  if (requestPut != null) {
    writer.byte(18);
    writer.nextSize();
    writePutRequest(writer, requestPut);
  }
  const requestDeleteRange = message.requestDeleteRange;
  if (requestDeleteRange != null) {
    writer.byte(26);
    writer.nextSize();
    writeDeleteRangeRequest(writer, requestDeleteRange);
  }
  const requestTxn = message.requestTxn;
  if (requestTxn != null) {
    writer.byte(34);
    writer.nextSize();
    writeTxnRequest(writer, requestTxn);
  }
}

const FIELDS_OF_REQUEST_OP: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readRequestOp(reader: Reader, message: RequestOp = newRequestOp()): RequestOp {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.requestRange = readRangeRequest(reader, message.requestRange ?? newRangeRequest());
        reader.leave(outerEnd);
        message.requestPut = null;
        message.requestDeleteRange = null;
        message.requestTxn = null;
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.requestPut = readPutRequest(reader, message.requestPut ?? newPutRequest());
        reader.leave(outerEnd);
        message.requestRange = null;
        message.requestDeleteRange = null;
        message.requestTxn = null;
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.requestDeleteRange = readDeleteRangeRequest(reader, message.requestDeleteRange ?? newDeleteRangeRequest());
        reader.leave(outerEnd);
        message.requestRange = null;
        message.requestPut = null;
        message.requestTxn = null;
        break;
      }
      case 34: {
        const outerEnd = reader.enter();
        message.requestTxn = readTxnRequest(reader, message.requestTxn ?? newTxnRequest());
        reader.leave(outerEnd);
        message.requestRange = null;
        message.requestPut = null;
        message.requestDeleteRange = null;
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_REQUEST_OP);
    }
  }
  return message;
}

export const RequestOp: MessageCodec<RequestOp, RequestOpInit> = messageCodec({
  typeName: "etcdserverpb.RequestOp",
  create: createRequestOp,
  size: sizeRequestOp,
  write: writeRequestOp,
  read: readRequestOp,
});

export interface ResponseOp {
  /** One of `response`. */
  responseRange: RangeResponse | null;
  /** One of `response`. */
  responsePut: PutResponse | null;
  /** One of `response`. */
  responseDeleteRange: DeleteRangeResponse | null;
  /** One of `response`. */
  responseTxn: TxnResponse | null;
}

/** What encoding {@link ResponseOp} accepts. */
export interface ResponseOpInit {
  readonly responseRange?: RangeResponseInit | null | undefined;
  readonly responsePut?: PutResponseInit | null | undefined;
  readonly responseDeleteRange?: DeleteRangeResponseInit | null | undefined;
  readonly responseTxn?: TxnResponseInit | null | undefined;
}

export function newResponseOp(): ResponseOp {
  return { responseRange: null, responsePut: null, responseDeleteRange: null, responseTxn: null };
}

export function createResponseOp(init: ResponseOpInit): ResponseOp {
  return {
    responseRange: init.responseRange == null ? null : createRangeResponse(init.responseRange),
    responsePut: init.responsePut == null ? null : createPutResponse(init.responsePut),
    responseDeleteRange: init.responseDeleteRange == null ? null : createDeleteRangeResponse(init.responseDeleteRange),
    responseTxn: init.responseTxn == null ? null : createTxnResponse(init.responseTxn),
  };
}

export function sizeResponseOp(writer: Writer, message: ResponseOpInit): number {
  requireOneMember("etcdserverpb.ResponseOp.response", [message.responseRange != null, message.responsePut != null, message.responseDeleteRange != null, message.responseTxn != null]);
  let size = 0;
  const responseRange = message.responseRange;
  if (responseRange != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeRangeResponse(writer, responseRange));
  }
  const responsePut = message.responsePut;
  if (responsePut != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizePutResponse(writer, responsePut));
  }
  const responseDeleteRange = message.responseDeleteRange;
  if (responseDeleteRange != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeDeleteRangeResponse(writer, responseDeleteRange));
  }
  const responseTxn = message.responseTxn;
  if (responseTxn != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeTxnResponse(writer, responseTxn));
  }
  return size;
}

export function writeResponseOp(writer: Writer, message: ResponseOpInit): void {
  const responseRange = message.responseRange;
  if (responseRange != null) {
    writer.byte(10);
    writer.nextSize();
    writeRangeResponse(writer, responseRange);
  }
  const responsePut = message.responsePut;
  if (responsePut != null) {
    writer.byte(18);
    writer.nextSize();
    writePutResponse(writer, responsePut);
  }
  const responseDeleteRange = message.responseDeleteRange;
  if (responseDeleteRange != null) {
    writer.byte(26);
    writer.nextSize();
    writeDeleteRangeResponse(writer, responseDeleteRange);
  }
  const responseTxn = message.responseTxn;
  if (responseTxn != null) {
    writer.byte(34);
    writer.nextSize();
    writeTxnResponse(writer, responseTxn);
  }
}

const FIELDS_OF_RESPONSE_OP: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readResponseOp(reader: Reader, message: ResponseOp = newResponseOp()): ResponseOp {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.responseRange = readRangeResponse(reader, message.responseRange ?? newRangeResponse());
        reader.leave(outerEnd);
        message.responsePut = null;
        message.responseDeleteRange = null;
        message.responseTxn = null;
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.responsePut = readPutResponse(reader, message.responsePut ?? newPutResponse());
        reader.leave(outerEnd);
        message.responseRange = null;
        message.responseDeleteRange = null;
        message.responseTxn = null;
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.responseDeleteRange = readDeleteRangeResponse(reader, message.responseDeleteRange ?? newDeleteRangeResponse());
        reader.leave(outerEnd);
        message.responseRange = null;
        message.responsePut = null;
        message.responseTxn = null;
        break;
      }
      case 34: {
        const outerEnd = reader.enter();
        message.responseTxn = readTxnResponse(reader, message.responseTxn ?? newTxnResponse());
        reader.leave(outerEnd);
        message.responseRange = null;
        message.responsePut = null;
        message.responseDeleteRange = null;
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_RESPONSE_OP);
    }
  }
  return message;
}

export const ResponseOp: MessageCodec<ResponseOp, ResponseOpInit> = messageCodec({
  typeName: "etcdserverpb.ResponseOp",
  create: createResponseOp,
  size: sizeResponseOp,
  write: writeResponseOp,
  read: readResponseOp,
});

/** True if every key of [key, range_end) stands in `result` relation to the given target. */
export interface Compare {
  result: CompareResult;
  target: CompareTarget;
  key: Uint8Array;
  /** One of `target_union`. */
  version: number | null;
  /** One of `target_union`. */
  createRevision: number | null;
  /** One of `target_union`. */
  modRevision: number | null;
  /** One of `target_union`. */
  value: Uint8Array | null;
  /** One of `target_union`. */
  lease: bigint | null;
  rangeEnd: Uint8Array;
}

/** What encoding {@link Compare} accepts. */
export interface CompareInit {
  readonly result?: CompareResult | undefined;
  readonly target?: CompareTarget | undefined;
  readonly key?: Uint8Array | undefined;
  readonly version?: number | null | undefined;
  readonly createRevision?: number | null | undefined;
  readonly modRevision?: number | null | undefined;
  readonly value?: Uint8Array | null | undefined;
  readonly lease?: bigint | null | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
}

export function newCompare(): Compare {
  return { result: 0, target: 0, key: EMPTY_BYTES, version: null, createRevision: null, modRevision: null, value: null, lease: null, rangeEnd: EMPTY_BYTES };
}

export function createCompare(init: CompareInit): Compare {
  return {
    result: init.result ?? 0,
    target: init.target ?? 0,
    key: init.key ?? EMPTY_BYTES,
    version: init.version ?? null,
    createRevision: init.createRevision ?? null,
    modRevision: init.modRevision ?? null,
    value: init.value ?? null,
    lease: init.lease ?? null,
    rangeEnd: init.rangeEnd ?? EMPTY_BYTES,
  };
}

export function sizeCompare(_writer: Writer, message: CompareInit): number {
  requireOneMember("etcdserverpb.Compare.target_union", [message.version != null, message.createRevision != null, message.modRevision != null, message.value != null, message.lease != null]);
  let size = 0;
  const result = message.result;
  if (result !== undefined && result !== 0) {
    size += 1 + sizeOfInt32(result);
  }
  const target = message.target;
  if (target !== undefined && target !== 0) {
    size += 1 + sizeOfInt32(target);
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  const version = message.version;
  if (version != null) {
    size += 1 + sizeOfInt64Number(version);
  }
  const createRevision = message.createRevision;
  if (createRevision != null) {
    size += 1 + sizeOfInt64Number(createRevision);
  }
  const modRevision = message.modRevision;
  if (modRevision != null) {
    size += 1 + sizeOfInt64Number(modRevision);
  }
  const value = message.value;
  if (value != null) {
    size += 1 + sizeOfLengthDelimited(value.length);
  }
  const lease = message.lease;
  if (lease != null) {
    size += 1 + sizeOfInt64Bigint(lease);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    size += 2 + sizeOfLengthDelimited(rangeEnd.length);
  }
  return size;
}

export function writeCompare(writer: Writer, message: CompareInit): void {
  const result = message.result;
  if (result !== undefined && result !== 0) {
    writer.byte(8);
    writer.int32(result);
  }
  const target = message.target;
  if (target !== undefined && target !== 0) {
    writer.byte(16);
    writer.int32(target);
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(26);
    writer.lengthDelimited(key);
  }
  const version = message.version;
  if (version != null) {
    writer.byte(32);
    writer.int64Number(version);
  }
  const createRevision = message.createRevision;
  if (createRevision != null) {
    writer.byte(40);
    writer.int64Number(createRevision);
  }
  const modRevision = message.modRevision;
  if (modRevision != null) {
    writer.byte(48);
    writer.int64Number(modRevision);
  }
  const value = message.value;
  if (value != null) {
    writer.byte(58);
    writer.lengthDelimited(value);
  }
  const lease = message.lease;
  if (lease != null) {
    writer.byte(64);
    writer.int64Bigint(lease);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    writer.varint32(514);
    writer.lengthDelimited(rangeEnd);
  }
}

const FIELDS_OF_COMPARE: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 64]);

export function readCompare(reader: Reader, message: Compare = newCompare()): Compare {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.result = reader.int32();
        break;
      }
      case 16: {
        message.target = reader.int32();
        break;
      }
      case 26: {
        message.key = reader.bytes();
        break;
      }
      case 32: {
        message.version = reader.int64Bound();
        message.createRevision = null;
        message.modRevision = null;
        message.value = null;
        message.lease = null;
        break;
      }
      case 40: {
        message.createRevision = reader.int64Bound();
        message.version = null;
        message.modRevision = null;
        message.value = null;
        message.lease = null;
        break;
      }
      case 48: {
        message.modRevision = reader.int64Bound();
        message.version = null;
        message.createRevision = null;
        message.value = null;
        message.lease = null;
        break;
      }
      case 58: {
        message.value = reader.bytes();
        message.version = null;
        message.createRevision = null;
        message.modRevision = null;
        message.lease = null;
        break;
      }
      case 64: {
        message.lease = reader.int64Bigint();
        message.version = null;
        message.createRevision = null;
        message.modRevision = null;
        message.value = null;
        break;
      }
      case 514: {
        message.rangeEnd = reader.bytes();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_COMPARE);
    }
  }
  return message;
}

export const Compare: MessageCodec<Compare, CompareInit> = messageCodec({
  typeName: "etcdserverpb.Compare",
  create: createCompare,
  size: sizeCompare,
  write: writeCompare,
  read: readCompare,
});

/** All of `success` if every comparison holds, else all of `failure`: one revision, or none. */
export interface TxnRequest {
  compare: Compare[];
  success: RequestOp[];
  failure: RequestOp[];
}

/** What encoding {@link TxnRequest} accepts. */
export interface TxnRequestInit {
  readonly compare?: readonly CompareInit[] | undefined;
  readonly success?: readonly RequestOpInit[] | undefined;
  readonly failure?: readonly RequestOpInit[] | undefined;
}

export function newTxnRequest(): TxnRequest {
  return { compare: [], success: [], failure: [] };
}

export function createTxnRequest(init: TxnRequestInit): TxnRequest {
  return {
    compare: init.compare?.map((each) => (createCompare(each))) ?? [],
    success: init.success?.map((each) => (createRequestOp(each))) ?? [],
    failure: init.failure?.map((each) => (createRequestOp(each))) ?? [],
  };
}

export function sizeTxnRequest(writer: Writer, message: TxnRequestInit): number {
  let size = 0;
  const compare = message.compare;
  if (compare !== undefined) {
    for (const each of compare) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeCompare(writer, each));
    }
  }
  const success = message.success;
  if (success !== undefined) {
    for (const each of success) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeRequestOp(writer, each));
    }
  }
  const failure = message.failure;
  if (failure !== undefined) {
    for (const each of failure) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeRequestOp(writer, each));
    }
  }
  return size;
}

export function writeTxnRequest(writer: Writer, message: TxnRequestInit): void {
  const compare = message.compare;
  if (compare !== undefined) {
    for (const each of compare) {
      writer.byte(10);
      writer.nextSize();
      writeCompare(writer, each);
    }
  }
  const success = message.success;
  if (success !== undefined) {
    for (const each of success) {
      writer.byte(18);
      writer.nextSize();
      writeRequestOp(writer, each);
    }
  }
  const failure = message.failure;
  if (failure !== undefined) {
    for (const each of failure) {
      writer.byte(26);
      writer.nextSize();
      writeRequestOp(writer, each);
    }
  }
}

const FIELDS_OF_TXN_REQUEST: ReadonlySet<number> = new Set([1, 2, 3]);

export function readTxnRequest(reader: Reader, message: TxnRequest = newTxnRequest()): TxnRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.compare.push(readCompare(reader));
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.success.push(readRequestOp(reader));
        reader.leave(outerEnd);
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.failure.push(readRequestOp(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_TXN_REQUEST);
    }
  }
  return message;
}

export const TxnRequest: MessageCodec<TxnRequest, TxnRequestInit> = messageCodec({
  typeName: "etcdserverpb.TxnRequest",
  create: createTxnRequest,
  size: sizeTxnRequest,
  write: writeTxnRequest,
  read: readTxnRequest,
});

export interface TxnResponse {
  header: ResponseHeader | null;
  succeeded: boolean;
  /** One for each operation of the branch taken, in order. */
  responses: ResponseOp[];
}

/** What encoding {@link TxnResponse} accepts. */
export interface TxnResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly succeeded?: boolean | undefined;
  readonly responses?: readonly (Encodable<ResponseOpInit>)[] | undefined;
}

export function newTxnResponse(): TxnResponse {
  return { header: null, succeeded: false, responses: [] };
}

export function createTxnResponse(init: TxnResponseInit): TxnResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    succeeded: init.succeeded ?? false,
    responses: init.responses?.map((each) => (isEncoded(each) ? ResponseOp.decode(each) : createResponseOp(each))) ?? [],
  };
}

export function sizeTxnResponse(writer: Writer, message: TxnResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const succeeded = message.succeeded;
  if (succeeded === true) {
    size += 1 + 1;
  }
  const responses = message.responses;
  if (responses !== undefined) {
    for (const each of responses) {
      if (isEncoded(each)) {
        size += 1 + sizeOfLengthDelimited(each.length);
      } else {
        const slot = writer.openSize();
        size += 1 + writer.closeSize(slot, sizeResponseOp(writer, each));
      }
    }
  }
  return size;
}

export function writeTxnResponse(writer: Writer, message: TxnResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const succeeded = message.succeeded;
  if (succeeded === true) {
    writer.byte(16);
    writer.bool(succeeded);
  }
  const responses = message.responses;
  if (responses !== undefined) {
    for (const each of responses) {
      writer.byte(26);
      if (isEncoded(each)) {
        writer.lengthDelimited(each);
      } else {
        writer.nextSize();
        writeResponseOp(writer, each);
      }
    }
  }
}

const FIELDS_OF_TXN_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3]);

export function readTxnResponse(reader: Reader, message: TxnResponse = newTxnResponse()): TxnResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.succeeded = reader.bool();
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.responses.push(readResponseOp(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_TXN_RESPONSE);
    }
  }
  return message;
}

export const TxnResponse: MessageCodec<TxnResponse, TxnResponseInit> = messageCodec({
  typeName: "etcdserverpb.TxnResponse",
  create: createTxnResponse,
  size: sizeTxnResponse,
  write: writeTxnResponse,
  read: readTxnResponse,
});

/** Forget what was superseded before this revision. */
export interface CompactionRequest {
  revision: number;
  /** Answer only once the old revisions are gone from the store. */
  physical: boolean;
}

/** What encoding {@link CompactionRequest} accepts. */
export interface CompactionRequestInit {
  readonly revision?: number | undefined;
  readonly physical?: boolean | undefined;
}

export function newCompactionRequest(): CompactionRequest {
  return { revision: 0, physical: false };
}

export function createCompactionRequest(init: CompactionRequestInit): CompactionRequest {
  return {
    revision: init.revision ?? 0,
    physical: init.physical ?? false,
  };
}

export function sizeCompactionRequest(_writer: Writer, message: CompactionRequestInit): number {
  let size = 0;
  const revision = message.revision;
  if (revision !== undefined && revision !== 0) {
    size += 1 + sizeOfInt64Number(revision);
  }
  const physical = message.physical;
  if (physical === true) {
    size += 1 + 1;
  }
  return size;
}

export function writeCompactionRequest(writer: Writer, message: CompactionRequestInit): void {
  const revision = message.revision;
  if (revision !== undefined && revision !== 0) {
    writer.byte(8);
    writer.int64Number(revision);
  }
  const physical = message.physical;
  if (physical === true) {
    writer.byte(16);
    writer.bool(physical);
  }
}

const FIELDS_OF_COMPACTION_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readCompactionRequest(reader: Reader, message: CompactionRequest = newCompactionRequest()): CompactionRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.revision = reader.int64Bound();
        break;
      }
      case 16: {
        message.physical = reader.bool();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_COMPACTION_REQUEST);
    }
  }
  return message;
}

export const CompactionRequest: MessageCodec<CompactionRequest, CompactionRequestInit> = messageCodec({
  typeName: "etcdserverpb.CompactionRequest",
  create: createCompactionRequest,
  size: sizeCompactionRequest,
  write: writeCompactionRequest,
  read: readCompactionRequest,
});

export interface CompactionResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link CompactionResponse} accepts. */
export interface CompactionResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newCompactionResponse(): CompactionResponse {
  return { header: null };
}

export function createCompactionResponse(init: CompactionResponseInit): CompactionResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeCompactionResponse(writer: Writer, message: CompactionResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeCompactionResponse(writer: Writer, message: CompactionResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_COMPACTION_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readCompactionResponse(reader: Reader, message: CompactionResponse = newCompactionResponse()): CompactionResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_COMPACTION_RESPONSE);
    }
  }
  return message;
}

export const CompactionResponse: MessageCodec<CompactionResponse, CompactionResponseInit> = messageCodec({
  typeName: "etcdserverpb.CompactionResponse",
  create: createCompactionResponse,
  size: sizeCompactionResponse,
  write: writeCompactionResponse,
  read: readCompactionResponse,
});

export interface HashRequest {}

/** What encoding {@link HashRequest} accepts. */
export interface HashRequestInit {}

export function newHashRequest(): HashRequest {
  return {};
}

export function createHashRequest(_init: HashRequestInit): HashRequest {
  return {};
}

export function sizeHashRequest(_writer: Writer, _message: HashRequestInit): number {
  return 0;
}

export function writeHashRequest(_writer: Writer, _message: HashRequestInit): void {}

const FIELDS_OF_HASH_REQUEST: ReadonlySet<number> = new Set([]);

export function readHashRequest(reader: Reader, message: HashRequest = newHashRequest()): HashRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_HASH_REQUEST);
  }
  return message;
}

export const HashRequest: MessageCodec<HashRequest, HashRequestInit> = messageCodec({
  typeName: "etcdserverpb.HashRequest",
  create: createHashRequest,
  size: sizeHashRequest,
  write: writeHashRequest,
  read: readHashRequest,
});

export interface HashResponse {
  header: ResponseHeader | null;
  /** Over the member's whole store. */
  hash: number;
}

/** What encoding {@link HashResponse} accepts. */
export interface HashResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly hash?: number | undefined;
}

export function newHashResponse(): HashResponse {
  return { header: null, hash: 0 };
}

export function createHashResponse(init: HashResponseInit): HashResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    hash: init.hash ?? 0,
  };
}

export function sizeHashResponse(writer: Writer, message: HashResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const hash = message.hash;
  if (hash !== undefined && hash !== 0) {
    size += 1 + sizeOfUint32(hash);
  }
  return size;
}

export function writeHashResponse(writer: Writer, message: HashResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const hash = message.hash;
  if (hash !== undefined && hash !== 0) {
    writer.byte(16);
    writer.varint32(hash);
  }
}

const FIELDS_OF_HASH_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readHashResponse(reader: Reader, message: HashResponse = newHashResponse()): HashResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.hash = reader.uint32();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_HASH_RESPONSE);
    }
  }
  return message;
}

export const HashResponse: MessageCodec<HashResponse, HashResponseInit> = messageCodec({
  typeName: "etcdserverpb.HashResponse",
  create: createHashResponse,
  size: sizeHashResponse,
  write: writeHashResponse,
  read: readHashResponse,
});

export interface HashKVRequest {
  /** Hash the keys up to this revision; 0 for the latest. */
  revision: number;
}

/** What encoding {@link HashKVRequest} accepts. */
export interface HashKVRequestInit {
  readonly revision?: number | undefined;
}

export function newHashKVRequest(): HashKVRequest {
  return { revision: 0 };
}

export function createHashKVRequest(init: HashKVRequestInit): HashKVRequest {
  return {
    revision: init.revision ?? 0,
  };
}

export function sizeHashKVRequest(_writer: Writer, message: HashKVRequestInit): number {
  let size = 0;
  const revision = message.revision;
  if (revision !== undefined && revision !== 0) {
    size += 1 + sizeOfInt64Number(revision);
  }
  return size;
}

export function writeHashKVRequest(writer: Writer, message: HashKVRequestInit): void {
  const revision = message.revision;
  if (revision !== undefined && revision !== 0) {
    writer.byte(8);
    writer.int64Number(revision);
  }
}

const FIELDS_OF_HASH_KVREQUEST: ReadonlySet<number> = new Set([1]);

export function readHashKVRequest(reader: Reader, message: HashKVRequest = newHashKVRequest()): HashKVRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.revision = reader.int64Bound();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_HASH_KVREQUEST);
    }
  }
  return message;
}

export const HashKVRequest: MessageCodec<HashKVRequest, HashKVRequestInit> = messageCodec({
  typeName: "etcdserverpb.HashKVRequest",
  create: createHashKVRequest,
  size: sizeHashKVRequest,
  write: writeHashKVRequest,
  read: readHashKVRequest,
});

export interface HashKVResponse {
  header: ResponseHeader | null;
  hash: number;
  /** Compacted revision when the hash began. */
  compactRevision: number;
  /** Last revision that is in the hash. */
  hashRevision: number;
}

/** What encoding {@link HashKVResponse} accepts. */
export interface HashKVResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly hash?: number | undefined;
  readonly compactRevision?: number | undefined;
  readonly hashRevision?: number | undefined;
}

export function newHashKVResponse(): HashKVResponse {
  return { header: null, hash: 0, compactRevision: 0, hashRevision: 0 };
}

export function createHashKVResponse(init: HashKVResponseInit): HashKVResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    hash: init.hash ?? 0,
    compactRevision: init.compactRevision ?? 0,
    hashRevision: init.hashRevision ?? 0,
  };
}

export function sizeHashKVResponse(writer: Writer, message: HashKVResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const hash = message.hash;
  if (hash !== undefined && hash !== 0) {
    size += 1 + sizeOfUint32(hash);
  }
  const compactRevision = message.compactRevision;
  if (compactRevision !== undefined && compactRevision !== 0) {
    size += 1 + sizeOfInt64Number(compactRevision);
  }
  const hashRevision = message.hashRevision;
  if (hashRevision !== undefined && hashRevision !== 0) {
    size += 1 + sizeOfInt64Number(hashRevision);
  }
  return size;
}

export function writeHashKVResponse(writer: Writer, message: HashKVResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const hash = message.hash;
  if (hash !== undefined && hash !== 0) {
    writer.byte(16);
    writer.varint32(hash);
  }
  const compactRevision = message.compactRevision;
  if (compactRevision !== undefined && compactRevision !== 0) {
    writer.byte(24);
    writer.int64Number(compactRevision);
  }
  const hashRevision = message.hashRevision;
  if (hashRevision !== undefined && hashRevision !== 0) {
    writer.byte(32);
    writer.int64Number(hashRevision);
  }
}

const FIELDS_OF_HASH_KVRESPONSE: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readHashKVResponse(reader: Reader, message: HashKVResponse = newHashKVResponse()): HashKVResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.hash = reader.uint32();
        break;
      }
      case 24: {
        message.compactRevision = reader.int64Number();
        break;
      }
      case 32: {
        message.hashRevision = reader.int64Number();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_HASH_KVRESPONSE);
    }
  }
  return message;
}

export const HashKVResponse: MessageCodec<HashKVResponse, HashKVResponseInit> = messageCodec({
  typeName: "etcdserverpb.HashKVResponse",
  create: createHashKVResponse,
  size: sizeHashKVResponse,
  write: writeHashKVResponse,
  read: readHashKVResponse,
});

export interface SnapshotRequest {}

/** What encoding {@link SnapshotRequest} accepts. */
export interface SnapshotRequestInit {}

export function newSnapshotRequest(): SnapshotRequest {
  return {};
}

export function createSnapshotRequest(_init: SnapshotRequestInit): SnapshotRequest {
  return {};
}

export function sizeSnapshotRequest(_writer: Writer, _message: SnapshotRequestInit): number {
  return 0;
}

export function writeSnapshotRequest(_writer: Writer, _message: SnapshotRequestInit): void {}

const FIELDS_OF_SNAPSHOT_REQUEST: ReadonlySet<number> = new Set([]);

export function readSnapshotRequest(reader: Reader, message: SnapshotRequest = newSnapshotRequest()): SnapshotRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_SNAPSHOT_REQUEST);
  }
  return message;
}

export const SnapshotRequest: MessageCodec<SnapshotRequest, SnapshotRequestInit> = messageCodec({
  typeName: "etcdserverpb.SnapshotRequest",
  create: createSnapshotRequest,
  size: sizeSnapshotRequest,
  write: writeSnapshotRequest,
  read: readSnapshotRequest,
});

export interface SnapshotResponse {
  header: ResponseHeader | null;
  /** Bytes still to come after this message. */
  remainingBytes: number;
  blob: Uint8Array;
  /** Version of the server that wrote the snapshot. */
  version: string;
}

/** What encoding {@link SnapshotResponse} accepts. */
export interface SnapshotResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly remainingBytes?: number | undefined;
  readonly blob?: Uint8Array | undefined;
  readonly version?: string | undefined;
}

export function newSnapshotResponse(): SnapshotResponse {
  return { header: null, remainingBytes: 0, blob: EMPTY_BYTES, version: "" };
}

export function createSnapshotResponse(init: SnapshotResponseInit): SnapshotResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    remainingBytes: init.remainingBytes ?? 0,
    blob: init.blob ?? EMPTY_BYTES,
    version: init.version ?? "",
  };
}

export function sizeSnapshotResponse(writer: Writer, message: SnapshotResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const remainingBytes = message.remainingBytes;
  if (remainingBytes !== undefined && remainingBytes !== 0) {
    size += 1 + sizeOfUint64Number(remainingBytes);
  }
  const blob = message.blob;
  if (blob !== undefined && blob.length > 0) {
    size += 1 + sizeOfLengthDelimited(blob.length);
  }
  const version = message.version;
  if (version !== undefined && version !== "") {
    size += 1 + sizeOfString(version);
  }
  return size;
}

export function writeSnapshotResponse(writer: Writer, message: SnapshotResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const remainingBytes = message.remainingBytes;
  if (remainingBytes !== undefined && remainingBytes !== 0) {
    writer.byte(16);
    writer.int64Number(remainingBytes);
  }
  const blob = message.blob;
  if (blob !== undefined && blob.length > 0) {
    writer.byte(26);
    writer.lengthDelimited(blob);
  }
  const version = message.version;
  if (version !== undefined && version !== "") {
    writer.byte(34);
    writer.string(version);
  }
}

const FIELDS_OF_SNAPSHOT_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readSnapshotResponse(reader: Reader, message: SnapshotResponse = newSnapshotResponse()): SnapshotResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.remainingBytes = reader.uint64Number();
        break;
      }
      case 26: {
        message.blob = reader.bytes();
        break;
      }
      case 34: {
        message.version = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_SNAPSHOT_RESPONSE);
    }
  }
  return message;
}

export const SnapshotResponse: MessageCodec<SnapshotResponse, SnapshotResponseInit> = messageCodec({
  typeName: "etcdserverpb.SnapshotResponse",
  create: createSnapshotResponse,
  size: sizeSnapshotResponse,
  write: writeSnapshotResponse,
  read: readSnapshotResponse,
});

export interface WatchRequest {
  /** One of `request_union`. */
  createRequest: WatchCreateRequest | null;
  /** One of `request_union`. */
  cancelRequest: WatchCancelRequest | null;
  /** One of `request_union`. */
  progressRequest: WatchProgressRequest | null;
}

/** What encoding {@link WatchRequest} accepts. */
export interface WatchRequestInit {
  readonly createRequest?: WatchCreateRequestInit | null | undefined;
  readonly cancelRequest?: WatchCancelRequestInit | null | undefined;
  readonly progressRequest?: WatchProgressRequestInit | null | undefined;
}

export function newWatchRequest(): WatchRequest {
  return { createRequest: null, cancelRequest: null, progressRequest: null };
}

export function createWatchRequest(init: WatchRequestInit): WatchRequest {
  return {
    createRequest: init.createRequest == null ? null : createWatchCreateRequest(init.createRequest),
    cancelRequest: init.cancelRequest == null ? null : createWatchCancelRequest(init.cancelRequest),
    progressRequest: init.progressRequest == null ? null : createWatchProgressRequest(init.progressRequest),
  };
}

export function sizeWatchRequest(writer: Writer, message: WatchRequestInit): number {
  requireOneMember("etcdserverpb.WatchRequest.request_union", [message.createRequest != null, message.cancelRequest != null, message.progressRequest != null]);
  let size = 0;
  const createRequest = message.createRequest;
  if (createRequest != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeWatchCreateRequest(writer, createRequest));
  }
  const cancelRequest = message.cancelRequest;
  if (cancelRequest != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeWatchCancelRequest(writer, cancelRequest));
  }
  const progressRequest = message.progressRequest;
  if (progressRequest != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeWatchProgressRequest(writer, progressRequest));
  }
  return size;
}

export function writeWatchRequest(writer: Writer, message: WatchRequestInit): void {
  const createRequest = message.createRequest;
  if (createRequest != null) {
    writer.byte(10);
    writer.nextSize();
    writeWatchCreateRequest(writer, createRequest);
  }
  const cancelRequest = message.cancelRequest;
  if (cancelRequest != null) {
    writer.byte(18);
    writer.nextSize();
    writeWatchCancelRequest(writer, cancelRequest);
  }
  const progressRequest = message.progressRequest;
  if (progressRequest != null) {
    writer.byte(26);
    writer.nextSize();
    writeWatchProgressRequest(writer, progressRequest);
  }
}

const FIELDS_OF_WATCH_REQUEST: ReadonlySet<number> = new Set([1, 2, 3]);

export function readWatchRequest(reader: Reader, message: WatchRequest = newWatchRequest()): WatchRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.createRequest = readWatchCreateRequest(reader, message.createRequest ?? newWatchCreateRequest());
        reader.leave(outerEnd);
        message.cancelRequest = null;
        message.progressRequest = null;
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.cancelRequest = readWatchCancelRequest(reader, message.cancelRequest ?? newWatchCancelRequest());
        reader.leave(outerEnd);
        message.createRequest = null;
        message.progressRequest = null;
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.progressRequest = readWatchProgressRequest(reader, message.progressRequest ?? newWatchProgressRequest());
        reader.leave(outerEnd);
        message.createRequest = null;
        message.cancelRequest = null;
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_WATCH_REQUEST);
    }
  }
  return message;
}

export const WatchRequest: MessageCodec<WatchRequest, WatchRequestInit> = messageCodec({
  typeName: "etcdserverpb.WatchRequest",
  create: createWatchRequest,
  size: sizeWatchRequest,
  write: writeWatchRequest,
  read: readWatchRequest,
});

export interface WatchCreateRequest {
  key: Uint8Array;
  rangeEnd: Uint8Array;
  /** First revision to deliver; 0 for what comes next. */
  startRevision: number;
  /** Send an empty response now and then while nothing happens. */
  progressNotify: boolean;
  filters: FilterType[];
  prevKv: boolean;
  /** Wished id; 0 lets the server choose. */
  watchId: number;
  /** The client can take one revision split over several responses. */
  fragment: boolean;
}

/** What encoding {@link WatchCreateRequest} accepts. */
export interface WatchCreateRequestInit {
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
  readonly startRevision?: number | undefined;
  readonly progressNotify?: boolean | undefined;
  readonly filters?: readonly FilterType[] | undefined;
  readonly prevKv?: boolean | undefined;
  readonly watchId?: number | undefined;
  readonly fragment?: boolean | undefined;
}

export function newWatchCreateRequest(): WatchCreateRequest {
  return { key: EMPTY_BYTES, rangeEnd: EMPTY_BYTES, startRevision: 0, progressNotify: false, filters: [], prevKv: false, watchId: 0, fragment: false };
}

export function createWatchCreateRequest(init: WatchCreateRequestInit): WatchCreateRequest {
  return {
    key: init.key ?? EMPTY_BYTES,
    rangeEnd: init.rangeEnd ?? EMPTY_BYTES,
    startRevision: init.startRevision ?? 0,
    progressNotify: init.progressNotify ?? false,
    filters: init.filters?.slice() ?? [],
    prevKv: init.prevKv ?? false,
    watchId: init.watchId ?? 0,
    fragment: init.fragment ?? false,
  };
}

export function sizeWatchCreateRequest(writer: Writer, message: WatchCreateRequestInit): number {
  let size = 0;
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    size += 1 + sizeOfLengthDelimited(rangeEnd.length);
  }
  const startRevision = message.startRevision;
  if (startRevision !== undefined && startRevision !== 0) {
    size += 1 + sizeOfInt64Number(startRevision);
  }
  const progressNotify = message.progressNotify;
  if (progressNotify === true) {
    size += 1 + 1;
  }
  const filters = message.filters;
  if (filters !== undefined && filters.length > 0) {
    const slot = writer.openSize();
    let content = 0;
    for (const each of filters) content += sizeOfInt32(each);
    size += 1 + writer.closeSize(slot, content);
  }
  const prevKv = message.prevKv;
  if (prevKv === true) {
    size += 1 + 1;
  }
  const watchId = message.watchId;
  if (watchId !== undefined && watchId !== 0) {
    size += 1 + sizeOfInt64Number(watchId);
  }
  const fragment = message.fragment;
  if (fragment === true) {
    size += 1 + 1;
  }
  return size;
}

export function writeWatchCreateRequest(writer: Writer, message: WatchCreateRequestInit): void {
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(key);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(rangeEnd);
  }
  const startRevision = message.startRevision;
  if (startRevision !== undefined && startRevision !== 0) {
    writer.byte(24);
    writer.int64Number(startRevision);
  }
  const progressNotify = message.progressNotify;
  if (progressNotify === true) {
    writer.byte(32);
    writer.bool(progressNotify);
  }
  const filters = message.filters;
  if (filters !== undefined && filters.length > 0) {
    writer.byte(42);
    writer.nextSize();
    for (const each of filters) writer.int32(each);
  }
  const prevKv = message.prevKv;
  if (prevKv === true) {
    writer.byte(48);
    writer.bool(prevKv);
  }
  const watchId = message.watchId;
  if (watchId !== undefined && watchId !== 0) {
    writer.byte(56);
    writer.int64Number(watchId);
  }
  const fragment = message.fragment;
  if (fragment === true) {
    writer.byte(64);
    writer.bool(fragment);
  }
}

const FIELDS_OF_WATCH_CREATE_REQUEST: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8]);

export function readWatchCreateRequest(reader: Reader, message: WatchCreateRequest = newWatchCreateRequest()): WatchCreateRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.key = reader.bytes();
        break;
      }
      case 18: {
        message.rangeEnd = reader.bytes();
        break;
      }
      case 24: {
        message.startRevision = reader.int64Bound();
        break;
      }
      case 32: {
        message.progressNotify = reader.bool();
        break;
      }
      case 40: {
        message.filters.push(reader.int32());
        break;
      }
      case 42: {
        const outerEnd = reader.enterPacked();
        while (reader.position < reader.end) message.filters.push(reader.int32());
        reader.leavePacked(outerEnd);
        break;
      }
      case 48: {
        message.prevKv = reader.bool();
        break;
      }
      case 56: {
        message.watchId = reader.int64Number();
        break;
      }
      case 64: {
        message.fragment = reader.bool();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_WATCH_CREATE_REQUEST);
    }
  }
  return message;
}

export const WatchCreateRequest: MessageCodec<WatchCreateRequest, WatchCreateRequestInit> = messageCodec({
  typeName: "etcdserverpb.WatchCreateRequest",
  create: createWatchCreateRequest,
  size: sizeWatchCreateRequest,
  write: writeWatchCreateRequest,
  read: readWatchCreateRequest,
});

export interface WatchCancelRequest {
  watchId: number;
}

/** What encoding {@link WatchCancelRequest} accepts. */
export interface WatchCancelRequestInit {
  readonly watchId?: number | undefined;
}

export function newWatchCancelRequest(): WatchCancelRequest {
  return { watchId: 0 };
}

export function createWatchCancelRequest(init: WatchCancelRequestInit): WatchCancelRequest {
  return {
    watchId: init.watchId ?? 0,
  };
}

export function sizeWatchCancelRequest(_writer: Writer, message: WatchCancelRequestInit): number {
  let size = 0;
  const watchId = message.watchId;
  if (watchId !== undefined && watchId !== 0) {
    size += 1 + sizeOfInt64Number(watchId);
  }
  return size;
}

export function writeWatchCancelRequest(writer: Writer, message: WatchCancelRequestInit): void {
  const watchId = message.watchId;
  if (watchId !== undefined && watchId !== 0) {
    writer.byte(8);
    writer.int64Number(watchId);
  }
}

const FIELDS_OF_WATCH_CANCEL_REQUEST: ReadonlySet<number> = new Set([1]);

export function readWatchCancelRequest(reader: Reader, message: WatchCancelRequest = newWatchCancelRequest()): WatchCancelRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.watchId = reader.int64Number();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_WATCH_CANCEL_REQUEST);
    }
  }
  return message;
}

export const WatchCancelRequest: MessageCodec<WatchCancelRequest, WatchCancelRequestInit> = messageCodec({
  typeName: "etcdserverpb.WatchCancelRequest",
  create: createWatchCancelRequest,
  size: sizeWatchCancelRequest,
  write: writeWatchCancelRequest,
  read: readWatchCancelRequest,
});

/** Asks how far the watchers of the stream have come. */
export interface WatchProgressRequest {}

/** What encoding {@link WatchProgressRequest} accepts. */
export interface WatchProgressRequestInit {}

export function newWatchProgressRequest(): WatchProgressRequest {
  return {};
}

export function createWatchProgressRequest(_init: WatchProgressRequestInit): WatchProgressRequest {
  return {};
}

export function sizeWatchProgressRequest(_writer: Writer, _message: WatchProgressRequestInit): number {
  return 0;
}

export function writeWatchProgressRequest(_writer: Writer, _message: WatchProgressRequestInit): void {}

const FIELDS_OF_WATCH_PROGRESS_REQUEST: ReadonlySet<number> = new Set([]);

export function readWatchProgressRequest(reader: Reader, message: WatchProgressRequest = newWatchProgressRequest()): WatchProgressRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_WATCH_PROGRESS_REQUEST);
  }
  return message;
}

export const WatchProgressRequest: MessageCodec<WatchProgressRequest, WatchProgressRequestInit> = messageCodec({
  typeName: "etcdserverpb.WatchProgressRequest",
  create: createWatchProgressRequest,
  size: sizeWatchProgressRequest,
  write: writeWatchProgressRequest,
  read: readWatchProgressRequest,
});

export interface WatchResponse {
  header: ResponseHeader | null;
  watchId: number;
  created: boolean;
  canceled: boolean;
  /** Why it was canceled, if not 0: the events before this revision are forgotten. */
  compactRevision: number;
  cancelReason: string;
  /** More of the same response follows. */
  fragment: boolean;
  events: Event[];
}

/** What encoding {@link WatchResponse} accepts. */
export interface WatchResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly watchId?: number | undefined;
  readonly created?: boolean | undefined;
  readonly canceled?: boolean | undefined;
  readonly compactRevision?: number | undefined;
  readonly cancelReason?: string | undefined;
  readonly fragment?: boolean | undefined;
  readonly events?: readonly (Encodable<EventInit>)[] | undefined;
}

export function newWatchResponse(): WatchResponse {
  return { header: null, watchId: 0, created: false, canceled: false, compactRevision: 0, cancelReason: "", fragment: false, events: [] };
}

export function createWatchResponse(init: WatchResponseInit): WatchResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    watchId: init.watchId ?? 0,
    created: init.created ?? false,
    canceled: init.canceled ?? false,
    compactRevision: init.compactRevision ?? 0,
    cancelReason: init.cancelReason ?? "",
    fragment: init.fragment ?? false,
    events: init.events?.map((each) => (isEncoded(each) ? Event.decode(each) : createEvent(each))) ?? [],
  };
}

export function sizeWatchResponse(writer: Writer, message: WatchResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const watchId = message.watchId;
  if (watchId !== undefined && watchId !== 0) {
    size += 1 + sizeOfInt64Number(watchId);
  }
  const created = message.created;
  if (created === true) {
    size += 1 + 1;
  }
  const canceled = message.canceled;
  if (canceled === true) {
    size += 1 + 1;
  }
  const compactRevision = message.compactRevision;
  if (compactRevision !== undefined && compactRevision !== 0) {
    size += 1 + sizeOfInt64Number(compactRevision);
  }
  const cancelReason = message.cancelReason;
  if (cancelReason !== undefined && cancelReason !== "") {
    size += 1 + sizeOfString(cancelReason);
  }
  const fragment = message.fragment;
  if (fragment === true) {
    size += 1 + 1;
  }
  const events = message.events;
  if (events !== undefined) {
    for (const each of events) {
      if (isEncoded(each)) {
        size += 1 + sizeOfLengthDelimited(each.length);
      } else {
        const slot = writer.openSize();
        size += 1 + writer.closeSize(slot, sizeEvent(writer, each));
      }
    }
  }
  return size;
}

export function writeWatchResponse(writer: Writer, message: WatchResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const watchId = message.watchId;
  if (watchId !== undefined && watchId !== 0) {
    writer.byte(16);
    writer.int64Number(watchId);
  }
  const created = message.created;
  if (created === true) {
    writer.byte(24);
    writer.bool(created);
  }
  const canceled = message.canceled;
  if (canceled === true) {
    writer.byte(32);
    writer.bool(canceled);
  }
  const compactRevision = message.compactRevision;
  if (compactRevision !== undefined && compactRevision !== 0) {
    writer.byte(40);
    writer.int64Number(compactRevision);
  }
  const cancelReason = message.cancelReason;
  if (cancelReason !== undefined && cancelReason !== "") {
    writer.byte(50);
    writer.string(cancelReason);
  }
  const fragment = message.fragment;
  if (fragment === true) {
    writer.byte(56);
    writer.bool(fragment);
  }
  const events = message.events;
  if (events !== undefined) {
    for (const each of events) {
      writer.byte(90);
      if (isEncoded(each)) {
        writer.lengthDelimited(each);
      } else {
        writer.nextSize();
        writeEvent(writer, each);
      }
    }
  }
}

const FIELDS_OF_WATCH_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 11]);

export function readWatchResponse(reader: Reader, message: WatchResponse = newWatchResponse()): WatchResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.watchId = reader.int64Number();
        break;
      }
      case 24: {
        message.created = reader.bool();
        break;
      }
      case 32: {
        message.canceled = reader.bool();
        break;
      }
      case 40: {
        message.compactRevision = reader.int64Number();
        break;
      }
      case 50: {
        message.cancelReason = reader.string();
        break;
      }
      case 56: {
        message.fragment = reader.bool();
        break;
      }
      case 90: {
        const outerEnd = reader.enter();
        message.events.push(readEvent(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_WATCH_RESPONSE);
    }
  }
  return message;
}

export const WatchResponse: MessageCodec<WatchResponse, WatchResponseInit> = messageCodec({
  typeName: "etcdserverpb.WatchResponse",
  create: createWatchResponse,
  size: sizeWatchResponse,
  write: writeWatchResponse,
  read: readWatchResponse,
});

export interface LeaseGrantRequest {
  /** Seconds. */
  TTL: number;
  /** Wished id; 0 lets the server choose. */
  ID: bigint;
}

/** What encoding {@link LeaseGrantRequest} accepts. */
export interface LeaseGrantRequestInit {
  readonly TTL?: number | undefined;
  readonly ID?: bigint | undefined;
}

export function newLeaseGrantRequest(): LeaseGrantRequest {
  return { TTL: 0, ID: 0n };
}

export function createLeaseGrantRequest(init: LeaseGrantRequestInit): LeaseGrantRequest {
  return {
    TTL: init.TTL ?? 0,
    ID: init.ID ?? 0n,
  };
}

export function sizeLeaseGrantRequest(_writer: Writer, message: LeaseGrantRequestInit): number {
  let size = 0;
  const TTL = message.TTL;
  if (TTL !== undefined && TTL !== 0) {
    size += 1 + sizeOfInt64Number(TTL);
  }
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfInt64Bigint(ID);
  }
  return size;
}

export function writeLeaseGrantRequest(writer: Writer, message: LeaseGrantRequestInit): void {
  const TTL = message.TTL;
  if (TTL !== undefined && TTL !== 0) {
    writer.byte(8);
    writer.int64Number(TTL);
  }
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(16);
    writer.int64Bigint(ID);
  }
}

const FIELDS_OF_LEASE_GRANT_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readLeaseGrantRequest(reader: Reader, message: LeaseGrantRequest = newLeaseGrantRequest()): LeaseGrantRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.TTL = reader.int64Bound();
        break;
      }
      case 16: {
        message.ID = reader.int64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_GRANT_REQUEST);
    }
  }
  return message;
}

export const LeaseGrantRequest: MessageCodec<LeaseGrantRequest, LeaseGrantRequestInit> = messageCodec({
  typeName: "etcdserverpb.LeaseGrantRequest",
  create: createLeaseGrantRequest,
  size: sizeLeaseGrantRequest,
  write: writeLeaseGrantRequest,
  read: readLeaseGrantRequest,
});

export interface LeaseGrantResponse {
  header: ResponseHeader | null;
  ID: bigint;
  /** Seconds granted, maybe more than asked. */
  TTL: number;
  error: string;
}

/** What encoding {@link LeaseGrantResponse} accepts. */
export interface LeaseGrantResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly ID?: bigint | undefined;
  readonly TTL?: number | undefined;
  readonly error?: string | undefined;
}

export function newLeaseGrantResponse(): LeaseGrantResponse {
  return { header: null, ID: 0n, TTL: 0, error: "" };
}

export function createLeaseGrantResponse(init: LeaseGrantResponseInit): LeaseGrantResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    ID: init.ID ?? 0n,
    TTL: init.TTL ?? 0,
    error: init.error ?? "",
  };
}

export function sizeLeaseGrantResponse(writer: Writer, message: LeaseGrantResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfInt64Bigint(ID);
  }
  const TTL = message.TTL;
  if (TTL !== undefined && TTL !== 0) {
    size += 1 + sizeOfInt64Number(TTL);
  }
  const error = message.error;
  if (error !== undefined && error !== "") {
    size += 1 + sizeOfString(error);
  }
  return size;
}

export function writeLeaseGrantResponse(writer: Writer, message: LeaseGrantResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(16);
    writer.int64Bigint(ID);
  }
  const TTL = message.TTL;
  if (TTL !== undefined && TTL !== 0) {
    writer.byte(24);
    writer.int64Number(TTL);
  }
  const error = message.error;
  if (error !== undefined && error !== "") {
    writer.byte(34);
    writer.string(error);
  }
}

const FIELDS_OF_LEASE_GRANT_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readLeaseGrantResponse(reader: Reader, message: LeaseGrantResponse = newLeaseGrantResponse()): LeaseGrantResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.ID = reader.int64Bigint();
        break;
      }
      case 24: {
        message.TTL = reader.int64Number();
        break;
      }
      case 34: {
        message.error = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_GRANT_RESPONSE);
    }
  }
  return message;
}

export const LeaseGrantResponse: MessageCodec<LeaseGrantResponse, LeaseGrantResponseInit> = messageCodec({
  typeName: "etcdserverpb.LeaseGrantResponse",
  create: createLeaseGrantResponse,
  size: sizeLeaseGrantResponse,
  write: writeLeaseGrantResponse,
  read: readLeaseGrantResponse,
});

export interface LeaseRevokeRequest {
  ID: bigint;
}

/** What encoding {@link LeaseRevokeRequest} accepts. */
export interface LeaseRevokeRequestInit {
  readonly ID?: bigint | undefined;
}

export function newLeaseRevokeRequest(): LeaseRevokeRequest {
  return { ID: 0n };
}

export function createLeaseRevokeRequest(init: LeaseRevokeRequestInit): LeaseRevokeRequest {
  return {
    ID: init.ID ?? 0n,
  };
}

export function sizeLeaseRevokeRequest(_writer: Writer, message: LeaseRevokeRequestInit): number {
  let size = 0;
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfInt64Bigint(ID);
  }
  return size;
}

export function writeLeaseRevokeRequest(writer: Writer, message: LeaseRevokeRequestInit): void {
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(8);
    writer.int64Bigint(ID);
  }
}

const FIELDS_OF_LEASE_REVOKE_REQUEST: ReadonlySet<number> = new Set([1]);

export function readLeaseRevokeRequest(reader: Reader, message: LeaseRevokeRequest = newLeaseRevokeRequest()): LeaseRevokeRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.ID = reader.int64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_REVOKE_REQUEST);
    }
  }
  return message;
}

export const LeaseRevokeRequest: MessageCodec<LeaseRevokeRequest, LeaseRevokeRequestInit> = messageCodec({
  typeName: "etcdserverpb.LeaseRevokeRequest",
  create: createLeaseRevokeRequest,
  size: sizeLeaseRevokeRequest,
  write: writeLeaseRevokeRequest,
  read: readLeaseRevokeRequest,
});

export interface LeaseRevokeResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link LeaseRevokeResponse} accepts. */
export interface LeaseRevokeResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newLeaseRevokeResponse(): LeaseRevokeResponse {
  return { header: null };
}

export function createLeaseRevokeResponse(init: LeaseRevokeResponseInit): LeaseRevokeResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeLeaseRevokeResponse(writer: Writer, message: LeaseRevokeResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeLeaseRevokeResponse(writer: Writer, message: LeaseRevokeResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_LEASE_REVOKE_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readLeaseRevokeResponse(reader: Reader, message: LeaseRevokeResponse = newLeaseRevokeResponse()): LeaseRevokeResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_REVOKE_RESPONSE);
    }
  }
  return message;
}

export const LeaseRevokeResponse: MessageCodec<LeaseRevokeResponse, LeaseRevokeResponseInit> = messageCodec({
  typeName: "etcdserverpb.LeaseRevokeResponse",
  create: createLeaseRevokeResponse,
  size: sizeLeaseRevokeResponse,
  write: writeLeaseRevokeResponse,
  read: readLeaseRevokeResponse,
});

export interface LeaseCheckpoint {
  ID: bigint;
  /** Seconds left. */
  remaining_TTL: number;
}

/** What encoding {@link LeaseCheckpoint} accepts. */
export interface LeaseCheckpointInit {
  readonly ID?: bigint | undefined;
  readonly remaining_TTL?: number | undefined;
}

export function newLeaseCheckpoint(): LeaseCheckpoint {
  return { ID: 0n, remaining_TTL: 0 };
}

export function createLeaseCheckpoint(init: LeaseCheckpointInit): LeaseCheckpoint {
  return {
    ID: init.ID ?? 0n,
    remaining_TTL: init.remaining_TTL ?? 0,
  };
}

export function sizeLeaseCheckpoint(_writer: Writer, message: LeaseCheckpointInit): number {
  let size = 0;
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfInt64Bigint(ID);
  }
  const remaining_TTL = message.remaining_TTL;
  if (remaining_TTL !== undefined && remaining_TTL !== 0) {
    size += 1 + sizeOfInt64Number(remaining_TTL);
  }
  return size;
}

export function writeLeaseCheckpoint(writer: Writer, message: LeaseCheckpointInit): void {
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(8);
    writer.int64Bigint(ID);
  }
  const remaining_TTL = message.remaining_TTL;
  if (remaining_TTL !== undefined && remaining_TTL !== 0) {
    writer.byte(16);
    writer.int64Number(remaining_TTL);
  }
}

const FIELDS_OF_LEASE_CHECKPOINT: ReadonlySet<number> = new Set([1, 2]);

export function readLeaseCheckpoint(reader: Reader, message: LeaseCheckpoint = newLeaseCheckpoint()): LeaseCheckpoint {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.ID = reader.int64Bigint();
        break;
      }
      case 16: {
        message.remaining_TTL = reader.int64Number();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_CHECKPOINT);
    }
  }
  return message;
}

export const LeaseCheckpoint: MessageCodec<LeaseCheckpoint, LeaseCheckpointInit> = messageCodec({
  typeName: "etcdserverpb.LeaseCheckpoint",
  create: createLeaseCheckpoint,
  size: sizeLeaseCheckpoint,
  write: writeLeaseCheckpoint,
  read: readLeaseCheckpoint,
});

export interface LeaseCheckpointRequest {
  checkpoints: LeaseCheckpoint[];
}

/** What encoding {@link LeaseCheckpointRequest} accepts. */
export interface LeaseCheckpointRequestInit {
  readonly checkpoints?: readonly LeaseCheckpointInit[] | undefined;
}

export function newLeaseCheckpointRequest(): LeaseCheckpointRequest {
  return { checkpoints: [] };
}

export function createLeaseCheckpointRequest(init: LeaseCheckpointRequestInit): LeaseCheckpointRequest {
  return {
    checkpoints: init.checkpoints?.map((each) => (createLeaseCheckpoint(each))) ?? [],
  };
}

export function sizeLeaseCheckpointRequest(writer: Writer, message: LeaseCheckpointRequestInit): number {
  let size = 0;
  const checkpoints = message.checkpoints;
  if (checkpoints !== undefined) {
    for (const each of checkpoints) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeLeaseCheckpoint(writer, each));
    }
  }
  return size;
}

export function writeLeaseCheckpointRequest(writer: Writer, message: LeaseCheckpointRequestInit): void {
  const checkpoints = message.checkpoints;
  if (checkpoints !== undefined) {
    for (const each of checkpoints) {
      writer.byte(10);
      writer.nextSize();
      writeLeaseCheckpoint(writer, each);
    }
  }
}

const FIELDS_OF_LEASE_CHECKPOINT_REQUEST: ReadonlySet<number> = new Set([1]);

export function readLeaseCheckpointRequest(reader: Reader, message: LeaseCheckpointRequest = newLeaseCheckpointRequest()): LeaseCheckpointRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.checkpoints.push(readLeaseCheckpoint(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_CHECKPOINT_REQUEST);
    }
  }
  return message;
}

export const LeaseCheckpointRequest: MessageCodec<LeaseCheckpointRequest, LeaseCheckpointRequestInit> = messageCodec({
  typeName: "etcdserverpb.LeaseCheckpointRequest",
  create: createLeaseCheckpointRequest,
  size: sizeLeaseCheckpointRequest,
  write: writeLeaseCheckpointRequest,
  read: readLeaseCheckpointRequest,
});

export interface LeaseCheckpointResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link LeaseCheckpointResponse} accepts. */
export interface LeaseCheckpointResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newLeaseCheckpointResponse(): LeaseCheckpointResponse {
  return { header: null };
}

export function createLeaseCheckpointResponse(init: LeaseCheckpointResponseInit): LeaseCheckpointResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeLeaseCheckpointResponse(writer: Writer, message: LeaseCheckpointResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeLeaseCheckpointResponse(writer: Writer, message: LeaseCheckpointResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_LEASE_CHECKPOINT_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readLeaseCheckpointResponse(reader: Reader, message: LeaseCheckpointResponse = newLeaseCheckpointResponse()): LeaseCheckpointResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_CHECKPOINT_RESPONSE);
    }
  }
  return message;
}

export const LeaseCheckpointResponse: MessageCodec<LeaseCheckpointResponse, LeaseCheckpointResponseInit> = messageCodec({
  typeName: "etcdserverpb.LeaseCheckpointResponse",
  create: createLeaseCheckpointResponse,
  size: sizeLeaseCheckpointResponse,
  write: writeLeaseCheckpointResponse,
  read: readLeaseCheckpointResponse,
});

export interface LeaseKeepAliveRequest {
  ID: bigint;
}

/** What encoding {@link LeaseKeepAliveRequest} accepts. */
export interface LeaseKeepAliveRequestInit {
  readonly ID?: bigint | undefined;
}

export function newLeaseKeepAliveRequest(): LeaseKeepAliveRequest {
  return { ID: 0n };
}

export function createLeaseKeepAliveRequest(init: LeaseKeepAliveRequestInit): LeaseKeepAliveRequest {
  return {
    ID: init.ID ?? 0n,
  };
}

export function sizeLeaseKeepAliveRequest(_writer: Writer, message: LeaseKeepAliveRequestInit): number {
  let size = 0;
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfInt64Bigint(ID);
  }
  return size;
}

export function writeLeaseKeepAliveRequest(writer: Writer, message: LeaseKeepAliveRequestInit): void {
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(8);
    writer.int64Bigint(ID);
  }
}

const FIELDS_OF_LEASE_KEEP_ALIVE_REQUEST: ReadonlySet<number> = new Set([1]);

export function readLeaseKeepAliveRequest(reader: Reader, message: LeaseKeepAliveRequest = newLeaseKeepAliveRequest()): LeaseKeepAliveRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.ID = reader.int64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_KEEP_ALIVE_REQUEST);
    }
  }
  return message;
}

export const LeaseKeepAliveRequest: MessageCodec<LeaseKeepAliveRequest, LeaseKeepAliveRequestInit> = messageCodec({
  typeName: "etcdserverpb.LeaseKeepAliveRequest",
  create: createLeaseKeepAliveRequest,
  size: sizeLeaseKeepAliveRequest,
  write: writeLeaseKeepAliveRequest,
  read: readLeaseKeepAliveRequest,
});

export interface LeaseKeepAliveResponse {
  header: ResponseHeader | null;
  ID: bigint;
  /** Seconds; 0 if there is no such lease any more. */
  TTL: number;
}

/** What encoding {@link LeaseKeepAliveResponse} accepts. */
export interface LeaseKeepAliveResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly ID?: bigint | undefined;
  readonly TTL?: number | undefined;
}

export function newLeaseKeepAliveResponse(): LeaseKeepAliveResponse {
  return { header: null, ID: 0n, TTL: 0 };
}

export function createLeaseKeepAliveResponse(init: LeaseKeepAliveResponseInit): LeaseKeepAliveResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    ID: init.ID ?? 0n,
    TTL: init.TTL ?? 0,
  };
}

export function sizeLeaseKeepAliveResponse(writer: Writer, message: LeaseKeepAliveResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfInt64Bigint(ID);
  }
  const TTL = message.TTL;
  if (TTL !== undefined && TTL !== 0) {
    size += 1 + sizeOfInt64Number(TTL);
  }
  return size;
}

export function writeLeaseKeepAliveResponse(writer: Writer, message: LeaseKeepAliveResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(16);
    writer.int64Bigint(ID);
  }
  const TTL = message.TTL;
  if (TTL !== undefined && TTL !== 0) {
    writer.byte(24);
    writer.int64Number(TTL);
  }
}

const FIELDS_OF_LEASE_KEEP_ALIVE_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3]);

export function readLeaseKeepAliveResponse(reader: Reader, message: LeaseKeepAliveResponse = newLeaseKeepAliveResponse()): LeaseKeepAliveResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.ID = reader.int64Bigint();
        break;
      }
      case 24: {
        message.TTL = reader.int64Number();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_KEEP_ALIVE_RESPONSE);
    }
  }
  return message;
}

export const LeaseKeepAliveResponse: MessageCodec<LeaseKeepAliveResponse, LeaseKeepAliveResponseInit> = messageCodec({
  typeName: "etcdserverpb.LeaseKeepAliveResponse",
  create: createLeaseKeepAliveResponse,
  size: sizeLeaseKeepAliveResponse,
  write: writeLeaseKeepAliveResponse,
  read: readLeaseKeepAliveResponse,
});

export interface LeaseTimeToLiveRequest {
  ID: bigint;
  /** List the attached keys too. */
  keys: boolean;
}

/** What encoding {@link LeaseTimeToLiveRequest} accepts. */
export interface LeaseTimeToLiveRequestInit {
  readonly ID?: bigint | undefined;
  readonly keys?: boolean | undefined;
}

export function newLeaseTimeToLiveRequest(): LeaseTimeToLiveRequest {
  return { ID: 0n, keys: false };
}

export function createLeaseTimeToLiveRequest(init: LeaseTimeToLiveRequestInit): LeaseTimeToLiveRequest {
  return {
    ID: init.ID ?? 0n,
    keys: init.keys ?? false,
  };
}

export function sizeLeaseTimeToLiveRequest(_writer: Writer, message: LeaseTimeToLiveRequestInit): number {
  let size = 0;
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfInt64Bigint(ID);
  }
  const keys = message.keys;
  if (keys === true) {
    size += 1 + 1;
  }
  return size;
}

export function writeLeaseTimeToLiveRequest(writer: Writer, message: LeaseTimeToLiveRequestInit): void {
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(8);
    writer.int64Bigint(ID);
  }
  const keys = message.keys;
  if (keys === true) {
    writer.byte(16);
    writer.bool(keys);
  }
}

const FIELDS_OF_LEASE_TIME_TO_LIVE_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readLeaseTimeToLiveRequest(reader: Reader, message: LeaseTimeToLiveRequest = newLeaseTimeToLiveRequest()): LeaseTimeToLiveRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.ID = reader.int64Bigint();
        break;
      }
      case 16: {
        message.keys = reader.bool();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_TIME_TO_LIVE_REQUEST);
    }
  }
  return message;
}

export const LeaseTimeToLiveRequest: MessageCodec<LeaseTimeToLiveRequest, LeaseTimeToLiveRequestInit> = messageCodec({
  typeName: "etcdserverpb.LeaseTimeToLiveRequest",
  create: createLeaseTimeToLiveRequest,
  size: sizeLeaseTimeToLiveRequest,
  write: writeLeaseTimeToLiveRequest,
  read: readLeaseTimeToLiveRequest,
});

export interface LeaseTimeToLiveResponse {
  header: ResponseHeader | null;
  ID: bigint;
  /** Seconds left; -1 if there is no such lease. */
  TTL: number;
  grantedTTL: number;
  keys: Uint8Array[];
}

/** What encoding {@link LeaseTimeToLiveResponse} accepts. */
export interface LeaseTimeToLiveResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly ID?: bigint | undefined;
  readonly TTL?: number | undefined;
  readonly grantedTTL?: number | undefined;
  readonly keys?: readonly Uint8Array[] | undefined;
}

export function newLeaseTimeToLiveResponse(): LeaseTimeToLiveResponse {
  return { header: null, ID: 0n, TTL: 0, grantedTTL: 0, keys: [] };
}

export function createLeaseTimeToLiveResponse(init: LeaseTimeToLiveResponseInit): LeaseTimeToLiveResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    ID: init.ID ?? 0n,
    TTL: init.TTL ?? 0,
    grantedTTL: init.grantedTTL ?? 0,
    keys: init.keys?.slice() ?? [],
  };
}

export function sizeLeaseTimeToLiveResponse(writer: Writer, message: LeaseTimeToLiveResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfInt64Bigint(ID);
  }
  const TTL = message.TTL;
  if (TTL !== undefined && TTL !== 0) {
    size += 1 + sizeOfInt64Number(TTL);
  }
  const grantedTTL = message.grantedTTL;
  if (grantedTTL !== undefined && grantedTTL !== 0) {
    size += 1 + sizeOfInt64Number(grantedTTL);
  }
  const keys = message.keys;
  if (keys !== undefined) {
    for (const each of keys) {
      size += 1 + sizeOfLengthDelimited(each.length);
    }
  }
  return size;
}

export function writeLeaseTimeToLiveResponse(writer: Writer, message: LeaseTimeToLiveResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(16);
    writer.int64Bigint(ID);
  }
  const TTL = message.TTL;
  if (TTL !== undefined && TTL !== 0) {
    writer.byte(24);
    writer.int64Number(TTL);
  }
  const grantedTTL = message.grantedTTL;
  if (grantedTTL !== undefined && grantedTTL !== 0) {
    writer.byte(32);
    writer.int64Number(grantedTTL);
  }
  const keys = message.keys;
  if (keys !== undefined) {
    for (const each of keys) {
      writer.byte(42);
      writer.lengthDelimited(each);
    }
  }
}

const FIELDS_OF_LEASE_TIME_TO_LIVE_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3, 4, 5]);

export function readLeaseTimeToLiveResponse(reader: Reader, message: LeaseTimeToLiveResponse = newLeaseTimeToLiveResponse()): LeaseTimeToLiveResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.ID = reader.int64Bigint();
        break;
      }
      case 24: {
        message.TTL = reader.int64Number();
        break;
      }
      case 32: {
        message.grantedTTL = reader.int64Number();
        break;
      }
      case 42: {
        message.keys.push(reader.bytes());
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_TIME_TO_LIVE_RESPONSE);
    }
  }
  return message;
}

export const LeaseTimeToLiveResponse: MessageCodec<LeaseTimeToLiveResponse, LeaseTimeToLiveResponseInit> = messageCodec({
  typeName: "etcdserverpb.LeaseTimeToLiveResponse",
  create: createLeaseTimeToLiveResponse,
  size: sizeLeaseTimeToLiveResponse,
  write: writeLeaseTimeToLiveResponse,
  read: readLeaseTimeToLiveResponse,
});

export interface LeaseLeasesRequest {}

/** What encoding {@link LeaseLeasesRequest} accepts. */
export interface LeaseLeasesRequestInit {}

export function newLeaseLeasesRequest(): LeaseLeasesRequest {
  return {};
}

export function createLeaseLeasesRequest(_init: LeaseLeasesRequestInit): LeaseLeasesRequest {
  return {};
}

export function sizeLeaseLeasesRequest(_writer: Writer, _message: LeaseLeasesRequestInit): number {
  return 0;
}

export function writeLeaseLeasesRequest(_writer: Writer, _message: LeaseLeasesRequestInit): void {}

const FIELDS_OF_LEASE_LEASES_REQUEST: ReadonlySet<number> = new Set([]);

export function readLeaseLeasesRequest(reader: Reader, message: LeaseLeasesRequest = newLeaseLeasesRequest()): LeaseLeasesRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_LEASE_LEASES_REQUEST);
  }
  return message;
}

export const LeaseLeasesRequest: MessageCodec<LeaseLeasesRequest, LeaseLeasesRequestInit> = messageCodec({
  typeName: "etcdserverpb.LeaseLeasesRequest",
  create: createLeaseLeasesRequest,
  size: sizeLeaseLeasesRequest,
  write: writeLeaseLeasesRequest,
  read: readLeaseLeasesRequest,
});

export interface LeaseStatus {
  ID: bigint;
}

/** What encoding {@link LeaseStatus} accepts. */
export interface LeaseStatusInit {
  readonly ID?: bigint | undefined;
}

export function newLeaseStatus(): LeaseStatus {
  return { ID: 0n };
}

export function createLeaseStatus(init: LeaseStatusInit): LeaseStatus {
  return {
    ID: init.ID ?? 0n,
  };
}

export function sizeLeaseStatus(_writer: Writer, message: LeaseStatusInit): number {
  let size = 0;
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfInt64Bigint(ID);
  }
  return size;
}

export function writeLeaseStatus(writer: Writer, message: LeaseStatusInit): void {
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(8);
    writer.int64Bigint(ID);
  }
}

const FIELDS_OF_LEASE_STATUS: ReadonlySet<number> = new Set([1]);

export function readLeaseStatus(reader: Reader, message: LeaseStatus = newLeaseStatus()): LeaseStatus {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.ID = reader.int64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_STATUS);
    }
  }
  return message;
}

export const LeaseStatus: MessageCodec<LeaseStatus, LeaseStatusInit> = messageCodec({
  typeName: "etcdserverpb.LeaseStatus",
  create: createLeaseStatus,
  size: sizeLeaseStatus,
  write: writeLeaseStatus,
  read: readLeaseStatus,
});

export interface LeaseLeasesResponse {
  header: ResponseHeader | null;
  leases: LeaseStatus[];
}

/** What encoding {@link LeaseLeasesResponse} accepts. */
export interface LeaseLeasesResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly leases?: readonly LeaseStatusInit[] | undefined;
}

export function newLeaseLeasesResponse(): LeaseLeasesResponse {
  return { header: null, leases: [] };
}

export function createLeaseLeasesResponse(init: LeaseLeasesResponseInit): LeaseLeasesResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    leases: init.leases?.map((each) => (createLeaseStatus(each))) ?? [],
  };
}

export function sizeLeaseLeasesResponse(writer: Writer, message: LeaseLeasesResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const leases = message.leases;
  if (leases !== undefined) {
    for (const each of leases) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeLeaseStatus(writer, each));
    }
  }
  return size;
}

export function writeLeaseLeasesResponse(writer: Writer, message: LeaseLeasesResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const leases = message.leases;
  if (leases !== undefined) {
    for (const each of leases) {
      writer.byte(18);
      writer.nextSize();
      writeLeaseStatus(writer, each);
    }
  }
}

const FIELDS_OF_LEASE_LEASES_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readLeaseLeasesResponse(reader: Reader, message: LeaseLeasesResponse = newLeaseLeasesResponse()): LeaseLeasesResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.leases.push(readLeaseStatus(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEASE_LEASES_RESPONSE);
    }
  }
  return message;
}

export const LeaseLeasesResponse: MessageCodec<LeaseLeasesResponse, LeaseLeasesResponseInit> = messageCodec({
  typeName: "etcdserverpb.LeaseLeasesResponse",
  create: createLeaseLeasesResponse,
  size: sizeLeaseLeasesResponse,
  write: writeLeaseLeasesResponse,
  read: readLeaseLeasesResponse,
});

export interface Member {
  ID: bigint;
  /** Empty until the member has started. */
  name: string;
  peerURLs: string[];
  /** Empty until the member has started. */
  clientURLs: string[];
  isLearner: boolean;
}

/** What encoding {@link Member} accepts. */
export interface MemberInit {
  readonly ID?: bigint | undefined;
  readonly name?: string | undefined;
  readonly peerURLs?: readonly string[] | undefined;
  readonly clientURLs?: readonly string[] | undefined;
  readonly isLearner?: boolean | undefined;
}

export function newMember(): Member {
  return { ID: 0n, name: "", peerURLs: [], clientURLs: [], isLearner: false };
}

export function createMember(init: MemberInit): Member {
  return {
    ID: init.ID ?? 0n,
    name: init.name ?? "",
    peerURLs: init.peerURLs?.slice() ?? [],
    clientURLs: init.clientURLs?.slice() ?? [],
    isLearner: init.isLearner ?? false,
  };
}

export function sizeMember(_writer: Writer, message: MemberInit): number {
  let size = 0;
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfUint64Bigint(ID);
  }
  const name = message.name;
  if (name !== undefined && name !== "") {
    size += 1 + sizeOfString(name);
  }
  const peerURLs = message.peerURLs;
  if (peerURLs !== undefined) {
    for (const each of peerURLs) {
      size += 1 + sizeOfString(each);
    }
  }
  const clientURLs = message.clientURLs;
  if (clientURLs !== undefined) {
    for (const each of clientURLs) {
      size += 1 + sizeOfString(each);
    }
  }
  const isLearner = message.isLearner;
  if (isLearner === true) {
    size += 1 + 1;
  }
  return size;
}

export function writeMember(writer: Writer, message: MemberInit): void {
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(8);
    writer.uint64Bigint(ID);
  }
  const name = message.name;
  if (name !== undefined && name !== "") {
    writer.byte(18);
    writer.string(name);
  }
  const peerURLs = message.peerURLs;
  if (peerURLs !== undefined) {
    for (const each of peerURLs) {
      writer.byte(26);
      writer.string(each);
    }
  }
  const clientURLs = message.clientURLs;
  if (clientURLs !== undefined) {
    for (const each of clientURLs) {
      writer.byte(34);
      writer.string(each);
    }
  }
  const isLearner = message.isLearner;
  if (isLearner === true) {
    writer.byte(40);
    writer.bool(isLearner);
  }
}

const FIELDS_OF_MEMBER: ReadonlySet<number> = new Set([1, 2, 3, 4, 5]);

export function readMember(reader: Reader, message: Member = newMember()): Member {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.ID = reader.uint64Bigint();
        break;
      }
      case 18: {
        message.name = reader.string();
        break;
      }
      case 26: {
        message.peerURLs.push(reader.string());
        break;
      }
      case 34: {
        message.clientURLs.push(reader.string());
        break;
      }
      case 40: {
        message.isLearner = reader.bool();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER);
    }
  }
  return message;
}

export const Member: MessageCodec<Member, MemberInit> = messageCodec({
  typeName: "etcdserverpb.Member",
  create: createMember,
  size: sizeMember,
  write: writeMember,
  read: readMember,
});

export interface MemberAddRequest {
  peerURLs: string[];
  isLearner: boolean;
}

/** What encoding {@link MemberAddRequest} accepts. */
export interface MemberAddRequestInit {
  readonly peerURLs?: readonly string[] | undefined;
  readonly isLearner?: boolean | undefined;
}

export function newMemberAddRequest(): MemberAddRequest {
  return { peerURLs: [], isLearner: false };
}

export function createMemberAddRequest(init: MemberAddRequestInit): MemberAddRequest {
  return {
    peerURLs: init.peerURLs?.slice() ?? [],
    isLearner: init.isLearner ?? false,
  };
}

export function sizeMemberAddRequest(_writer: Writer, message: MemberAddRequestInit): number {
  let size = 0;
  const peerURLs = message.peerURLs;
  if (peerURLs !== undefined) {
    for (const each of peerURLs) {
      size += 1 + sizeOfString(each);
    }
  }
  const isLearner = message.isLearner;
  if (isLearner === true) {
    size += 1 + 1;
  }
  return size;
}

export function writeMemberAddRequest(writer: Writer, message: MemberAddRequestInit): void {
  const peerURLs = message.peerURLs;
  if (peerURLs !== undefined) {
    for (const each of peerURLs) {
      writer.byte(10);
      writer.string(each);
    }
  }
  const isLearner = message.isLearner;
  if (isLearner === true) {
    writer.byte(16);
    writer.bool(isLearner);
  }
}

const FIELDS_OF_MEMBER_ADD_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readMemberAddRequest(reader: Reader, message: MemberAddRequest = newMemberAddRequest()): MemberAddRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.peerURLs.push(reader.string());
        break;
      }
      case 16: {
        message.isLearner = reader.bool();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_ADD_REQUEST);
    }
  }
  return message;
}

export const MemberAddRequest: MessageCodec<MemberAddRequest, MemberAddRequestInit> = messageCodec({
  typeName: "etcdserverpb.MemberAddRequest",
  create: createMemberAddRequest,
  size: sizeMemberAddRequest,
  write: writeMemberAddRequest,
  read: readMemberAddRequest,
});

export interface MemberAddResponse {
  header: ResponseHeader | null;
  member: Member | null;
  /** All members, after the change. */
  members: Member[];
}

/** What encoding {@link MemberAddResponse} accepts. */
export interface MemberAddResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly member?: MemberInit | null | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function newMemberAddResponse(): MemberAddResponse {
  return { header: null, member: null, members: [] };
}

export function createMemberAddResponse(init: MemberAddResponseInit): MemberAddResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    member: init.member == null ? null : createMember(init.member),
    members: init.members?.map((each) => (createMember(each))) ?? [],
  };
}

export function sizeMemberAddResponse(writer: Writer, message: MemberAddResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const member = message.member;
  if (member != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeMember(writer, member));
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeMember(writer, each));
    }
  }
  return size;
}

export function writeMemberAddResponse(writer: Writer, message: MemberAddResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const member = message.member;
  if (member != null) {
    writer.byte(18);
    writer.nextSize();
    writeMember(writer, member);
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      writer.byte(26);
      writer.nextSize();
      writeMember(writer, each);
    }
  }
}

const FIELDS_OF_MEMBER_ADD_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3]);

export function readMemberAddResponse(reader: Reader, message: MemberAddResponse = newMemberAddResponse()): MemberAddResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.member = readMember(reader, message.member ?? newMember());
        reader.leave(outerEnd);
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.members.push(readMember(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_ADD_RESPONSE);
    }
  }
  return message;
}

export const MemberAddResponse: MessageCodec<MemberAddResponse, MemberAddResponseInit> = messageCodec({
  typeName: "etcdserverpb.MemberAddResponse",
  create: createMemberAddResponse,
  size: sizeMemberAddResponse,
  write: writeMemberAddResponse,
  read: readMemberAddResponse,
});

export interface MemberRemoveRequest {
  ID: bigint;
}

/** What encoding {@link MemberRemoveRequest} accepts. */
export interface MemberRemoveRequestInit {
  readonly ID?: bigint | undefined;
}

export function newMemberRemoveRequest(): MemberRemoveRequest {
  return { ID: 0n };
}

export function createMemberRemoveRequest(init: MemberRemoveRequestInit): MemberRemoveRequest {
  return {
    ID: init.ID ?? 0n,
  };
}

export function sizeMemberRemoveRequest(_writer: Writer, message: MemberRemoveRequestInit): number {
  let size = 0;
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfUint64Bigint(ID);
  }
  return size;
}

export function writeMemberRemoveRequest(writer: Writer, message: MemberRemoveRequestInit): void {
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(8);
    writer.uint64Bigint(ID);
  }
}

const FIELDS_OF_MEMBER_REMOVE_REQUEST: ReadonlySet<number> = new Set([1]);

export function readMemberRemoveRequest(reader: Reader, message: MemberRemoveRequest = newMemberRemoveRequest()): MemberRemoveRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.ID = reader.uint64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_REMOVE_REQUEST);
    }
  }
  return message;
}

export const MemberRemoveRequest: MessageCodec<MemberRemoveRequest, MemberRemoveRequestInit> = messageCodec({
  typeName: "etcdserverpb.MemberRemoveRequest",
  create: createMemberRemoveRequest,
  size: sizeMemberRemoveRequest,
  write: writeMemberRemoveRequest,
  read: readMemberRemoveRequest,
});

export interface MemberRemoveResponse {
  header: ResponseHeader | null;
  members: Member[];
}

/** What encoding {@link MemberRemoveResponse} accepts. */
export interface MemberRemoveResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function newMemberRemoveResponse(): MemberRemoveResponse {
  return { header: null, members: [] };
}

export function createMemberRemoveResponse(init: MemberRemoveResponseInit): MemberRemoveResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    members: init.members?.map((each) => (createMember(each))) ?? [],
  };
}

export function sizeMemberRemoveResponse(writer: Writer, message: MemberRemoveResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeMember(writer, each));
    }
  }
  return size;
}

export function writeMemberRemoveResponse(writer: Writer, message: MemberRemoveResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      writer.byte(18);
      writer.nextSize();
      writeMember(writer, each);
    }
  }
}

const FIELDS_OF_MEMBER_REMOVE_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readMemberRemoveResponse(reader: Reader, message: MemberRemoveResponse = newMemberRemoveResponse()): MemberRemoveResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.members.push(readMember(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_REMOVE_RESPONSE);
    }
  }
  return message;
}

export const MemberRemoveResponse: MessageCodec<MemberRemoveResponse, MemberRemoveResponseInit> = messageCodec({
  typeName: "etcdserverpb.MemberRemoveResponse",
  create: createMemberRemoveResponse,
  size: sizeMemberRemoveResponse,
  write: writeMemberRemoveResponse,
  read: readMemberRemoveResponse,
});

export interface MemberUpdateRequest {
  ID: bigint;
  peerURLs: string[];
}

/** What encoding {@link MemberUpdateRequest} accepts. */
export interface MemberUpdateRequestInit {
  readonly ID?: bigint | undefined;
  readonly peerURLs?: readonly string[] | undefined;
}

export function newMemberUpdateRequest(): MemberUpdateRequest {
  return { ID: 0n, peerURLs: [] };
}

export function createMemberUpdateRequest(init: MemberUpdateRequestInit): MemberUpdateRequest {
  return {
    ID: init.ID ?? 0n,
    peerURLs: init.peerURLs?.slice() ?? [],
  };
}

export function sizeMemberUpdateRequest(_writer: Writer, message: MemberUpdateRequestInit): number {
  let size = 0;
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfUint64Bigint(ID);
  }
  const peerURLs = message.peerURLs;
  if (peerURLs !== undefined) {
    for (const each of peerURLs) {
      size += 1 + sizeOfString(each);
    }
  }
  return size;
}

export function writeMemberUpdateRequest(writer: Writer, message: MemberUpdateRequestInit): void {
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(8);
    writer.uint64Bigint(ID);
  }
  const peerURLs = message.peerURLs;
  if (peerURLs !== undefined) {
    for (const each of peerURLs) {
      writer.byte(18);
      writer.string(each);
    }
  }
}

const FIELDS_OF_MEMBER_UPDATE_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readMemberUpdateRequest(reader: Reader, message: MemberUpdateRequest = newMemberUpdateRequest()): MemberUpdateRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.ID = reader.uint64Bigint();
        break;
      }
      case 18: {
        message.peerURLs.push(reader.string());
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_UPDATE_REQUEST);
    }
  }
  return message;
}

export const MemberUpdateRequest: MessageCodec<MemberUpdateRequest, MemberUpdateRequestInit> = messageCodec({
  typeName: "etcdserverpb.MemberUpdateRequest",
  create: createMemberUpdateRequest,
  size: sizeMemberUpdateRequest,
  write: writeMemberUpdateRequest,
  read: readMemberUpdateRequest,
});

export interface MemberUpdateResponse {
  header: ResponseHeader | null;
  members: Member[];
}

/** What encoding {@link MemberUpdateResponse} accepts. */
export interface MemberUpdateResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function newMemberUpdateResponse(): MemberUpdateResponse {
  return { header: null, members: [] };
}

export function createMemberUpdateResponse(init: MemberUpdateResponseInit): MemberUpdateResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    members: init.members?.map((each) => (createMember(each))) ?? [],
  };
}

export function sizeMemberUpdateResponse(writer: Writer, message: MemberUpdateResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeMember(writer, each));
    }
  }
  return size;
}

export function writeMemberUpdateResponse(writer: Writer, message: MemberUpdateResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      writer.byte(18);
      writer.nextSize();
      writeMember(writer, each);
    }
  }
}

const FIELDS_OF_MEMBER_UPDATE_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readMemberUpdateResponse(reader: Reader, message: MemberUpdateResponse = newMemberUpdateResponse()): MemberUpdateResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.members.push(readMember(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_UPDATE_RESPONSE);
    }
  }
  return message;
}

export const MemberUpdateResponse: MessageCodec<MemberUpdateResponse, MemberUpdateResponseInit> = messageCodec({
  typeName: "etcdserverpb.MemberUpdateResponse",
  create: createMemberUpdateResponse,
  size: sizeMemberUpdateResponse,
  write: writeMemberUpdateResponse,
  read: readMemberUpdateResponse,
});

export interface MemberListRequest {
  linearizable: boolean;
}

/** What encoding {@link MemberListRequest} accepts. */
export interface MemberListRequestInit {
  readonly linearizable?: boolean | undefined;
}

export function newMemberListRequest(): MemberListRequest {
  return { linearizable: false };
}

export function createMemberListRequest(init: MemberListRequestInit): MemberListRequest {
  return {
    linearizable: init.linearizable ?? false,
  };
}

export function sizeMemberListRequest(_writer: Writer, message: MemberListRequestInit): number {
  let size = 0;
  const linearizable = message.linearizable;
  if (linearizable === true) {
    size += 1 + 1;
  }
  return size;
}

export function writeMemberListRequest(writer: Writer, message: MemberListRequestInit): void {
  const linearizable = message.linearizable;
  if (linearizable === true) {
    writer.byte(8);
    writer.bool(linearizable);
  }
}

const FIELDS_OF_MEMBER_LIST_REQUEST: ReadonlySet<number> = new Set([1]);

export function readMemberListRequest(reader: Reader, message: MemberListRequest = newMemberListRequest()): MemberListRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.linearizable = reader.bool();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_LIST_REQUEST);
    }
  }
  return message;
}

export const MemberListRequest: MessageCodec<MemberListRequest, MemberListRequestInit> = messageCodec({
  typeName: "etcdserverpb.MemberListRequest",
  create: createMemberListRequest,
  size: sizeMemberListRequest,
  write: writeMemberListRequest,
  read: readMemberListRequest,
});

export interface MemberListResponse {
  header: ResponseHeader | null;
  members: Member[];
}

/** What encoding {@link MemberListResponse} accepts. */
export interface MemberListResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function newMemberListResponse(): MemberListResponse {
  return { header: null, members: [] };
}

export function createMemberListResponse(init: MemberListResponseInit): MemberListResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    members: init.members?.map((each) => (createMember(each))) ?? [],
  };
}

export function sizeMemberListResponse(writer: Writer, message: MemberListResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeMember(writer, each));
    }
  }
  return size;
}

export function writeMemberListResponse(writer: Writer, message: MemberListResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      writer.byte(18);
      writer.nextSize();
      writeMember(writer, each);
    }
  }
}

const FIELDS_OF_MEMBER_LIST_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readMemberListResponse(reader: Reader, message: MemberListResponse = newMemberListResponse()): MemberListResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.members.push(readMember(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_LIST_RESPONSE);
    }
  }
  return message;
}

export const MemberListResponse: MessageCodec<MemberListResponse, MemberListResponseInit> = messageCodec({
  typeName: "etcdserverpb.MemberListResponse",
  create: createMemberListResponse,
  size: sizeMemberListResponse,
  write: writeMemberListResponse,
  read: readMemberListResponse,
});

export interface MemberPromoteRequest {
  ID: bigint;
}

/** What encoding {@link MemberPromoteRequest} accepts. */
export interface MemberPromoteRequestInit {
  readonly ID?: bigint | undefined;
}

export function newMemberPromoteRequest(): MemberPromoteRequest {
  return { ID: 0n };
}

export function createMemberPromoteRequest(init: MemberPromoteRequestInit): MemberPromoteRequest {
  return {
    ID: init.ID ?? 0n,
  };
}

export function sizeMemberPromoteRequest(_writer: Writer, message: MemberPromoteRequestInit): number {
  let size = 0;
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    size += 1 + sizeOfUint64Bigint(ID);
  }
  return size;
}

export function writeMemberPromoteRequest(writer: Writer, message: MemberPromoteRequestInit): void {
  const ID = message.ID;
  if (ID !== undefined && ID !== 0n) {
    writer.byte(8);
    writer.uint64Bigint(ID);
  }
}

const FIELDS_OF_MEMBER_PROMOTE_REQUEST: ReadonlySet<number> = new Set([1]);

export function readMemberPromoteRequest(reader: Reader, message: MemberPromoteRequest = newMemberPromoteRequest()): MemberPromoteRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.ID = reader.uint64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_PROMOTE_REQUEST);
    }
  }
  return message;
}

export const MemberPromoteRequest: MessageCodec<MemberPromoteRequest, MemberPromoteRequestInit> = messageCodec({
  typeName: "etcdserverpb.MemberPromoteRequest",
  create: createMemberPromoteRequest,
  size: sizeMemberPromoteRequest,
  write: writeMemberPromoteRequest,
  read: readMemberPromoteRequest,
});

export interface MemberPromoteResponse {
  header: ResponseHeader | null;
  members: Member[];
}

/** What encoding {@link MemberPromoteResponse} accepts. */
export interface MemberPromoteResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function newMemberPromoteResponse(): MemberPromoteResponse {
  return { header: null, members: [] };
}

export function createMemberPromoteResponse(init: MemberPromoteResponseInit): MemberPromoteResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    members: init.members?.map((each) => (createMember(each))) ?? [],
  };
}

export function sizeMemberPromoteResponse(writer: Writer, message: MemberPromoteResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeMember(writer, each));
    }
  }
  return size;
}

export function writeMemberPromoteResponse(writer: Writer, message: MemberPromoteResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const members = message.members;
  if (members !== undefined) {
    for (const each of members) {
      writer.byte(18);
      writer.nextSize();
      writeMember(writer, each);
    }
  }
}

const FIELDS_OF_MEMBER_PROMOTE_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readMemberPromoteResponse(reader: Reader, message: MemberPromoteResponse = newMemberPromoteResponse()): MemberPromoteResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.members.push(readMember(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MEMBER_PROMOTE_RESPONSE);
    }
  }
  return message;
}

export const MemberPromoteResponse: MessageCodec<MemberPromoteResponse, MemberPromoteResponseInit> = messageCodec({
  typeName: "etcdserverpb.MemberPromoteResponse",
  create: createMemberPromoteResponse,
  size: sizeMemberPromoteResponse,
  write: writeMemberPromoteResponse,
  read: readMemberPromoteResponse,
});

export interface DefragmentRequest {}

/** What encoding {@link DefragmentRequest} accepts. */
export interface DefragmentRequestInit {}

export function newDefragmentRequest(): DefragmentRequest {
  return {};
}

export function createDefragmentRequest(_init: DefragmentRequestInit): DefragmentRequest {
  return {};
}

export function sizeDefragmentRequest(_writer: Writer, _message: DefragmentRequestInit): number {
  return 0;
}

export function writeDefragmentRequest(_writer: Writer, _message: DefragmentRequestInit): void {}

const FIELDS_OF_DEFRAGMENT_REQUEST: ReadonlySet<number> = new Set([]);

export function readDefragmentRequest(reader: Reader, message: DefragmentRequest = newDefragmentRequest()): DefragmentRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_DEFRAGMENT_REQUEST);
  }
  return message;
}

export const DefragmentRequest: MessageCodec<DefragmentRequest, DefragmentRequestInit> = messageCodec({
  typeName: "etcdserverpb.DefragmentRequest",
  create: createDefragmentRequest,
  size: sizeDefragmentRequest,
  write: writeDefragmentRequest,
  read: readDefragmentRequest,
});

export interface DefragmentResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link DefragmentResponse} accepts. */
export interface DefragmentResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newDefragmentResponse(): DefragmentResponse {
  return { header: null };
}

export function createDefragmentResponse(init: DefragmentResponseInit): DefragmentResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeDefragmentResponse(writer: Writer, message: DefragmentResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeDefragmentResponse(writer: Writer, message: DefragmentResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_DEFRAGMENT_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readDefragmentResponse(reader: Reader, message: DefragmentResponse = newDefragmentResponse()): DefragmentResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_DEFRAGMENT_RESPONSE);
    }
  }
  return message;
}

export const DefragmentResponse: MessageCodec<DefragmentResponse, DefragmentResponseInit> = messageCodec({
  typeName: "etcdserverpb.DefragmentResponse",
  create: createDefragmentResponse,
  size: sizeDefragmentResponse,
  write: writeDefragmentResponse,
  read: readDefragmentResponse,
});

export interface MoveLeaderRequest {
  /** Member to lead next. */
  targetID: bigint;
}

/** What encoding {@link MoveLeaderRequest} accepts. */
export interface MoveLeaderRequestInit {
  readonly targetID?: bigint | undefined;
}

export function newMoveLeaderRequest(): MoveLeaderRequest {
  return { targetID: 0n };
}

export function createMoveLeaderRequest(init: MoveLeaderRequestInit): MoveLeaderRequest {
  return {
    targetID: init.targetID ?? 0n,
  };
}

export function sizeMoveLeaderRequest(_writer: Writer, message: MoveLeaderRequestInit): number {
  let size = 0;
  const targetID = message.targetID;
  if (targetID !== undefined && targetID !== 0n) {
    size += 1 + sizeOfUint64Bigint(targetID);
  }
  return size;
}

export function writeMoveLeaderRequest(writer: Writer, message: MoveLeaderRequestInit): void {
  const targetID = message.targetID;
  if (targetID !== undefined && targetID !== 0n) {
    writer.byte(8);
    writer.uint64Bigint(targetID);
  }
}

const FIELDS_OF_MOVE_LEADER_REQUEST: ReadonlySet<number> = new Set([1]);

export function readMoveLeaderRequest(reader: Reader, message: MoveLeaderRequest = newMoveLeaderRequest()): MoveLeaderRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.targetID = reader.uint64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MOVE_LEADER_REQUEST);
    }
  }
  return message;
}

export const MoveLeaderRequest: MessageCodec<MoveLeaderRequest, MoveLeaderRequestInit> = messageCodec({
  typeName: "etcdserverpb.MoveLeaderRequest",
  create: createMoveLeaderRequest,
  size: sizeMoveLeaderRequest,
  write: writeMoveLeaderRequest,
  read: readMoveLeaderRequest,
});

export interface MoveLeaderResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link MoveLeaderResponse} accepts. */
export interface MoveLeaderResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newMoveLeaderResponse(): MoveLeaderResponse {
  return { header: null };
}

export function createMoveLeaderResponse(init: MoveLeaderResponseInit): MoveLeaderResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeMoveLeaderResponse(writer: Writer, message: MoveLeaderResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeMoveLeaderResponse(writer: Writer, message: MoveLeaderResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_MOVE_LEADER_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readMoveLeaderResponse(reader: Reader, message: MoveLeaderResponse = newMoveLeaderResponse()): MoveLeaderResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_MOVE_LEADER_RESPONSE);
    }
  }
  return message;
}

export const MoveLeaderResponse: MessageCodec<MoveLeaderResponse, MoveLeaderResponseInit> = messageCodec({
  typeName: "etcdserverpb.MoveLeaderResponse",
  create: createMoveLeaderResponse,
  size: sizeMoveLeaderResponse,
  write: writeMoveLeaderResponse,
  read: readMoveLeaderResponse,
});

export interface AlarmRequest {
  action: AlarmAction;
  /** 0 for all members. */
  memberID: bigint;
  alarm: AlarmType;
}

/** What encoding {@link AlarmRequest} accepts. */
export interface AlarmRequestInit {
  readonly action?: AlarmAction | undefined;
  readonly memberID?: bigint | undefined;
  readonly alarm?: AlarmType | undefined;
}

export function newAlarmRequest(): AlarmRequest {
  return { action: 0, memberID: 0n, alarm: 0 };
}

export function createAlarmRequest(init: AlarmRequestInit): AlarmRequest {
  return {
    action: init.action ?? 0,
    memberID: init.memberID ?? 0n,
    alarm: init.alarm ?? 0,
  };
}

export function sizeAlarmRequest(_writer: Writer, message: AlarmRequestInit): number {
  let size = 0;
  const action = message.action;
  if (action !== undefined && action !== 0) {
    size += 1 + sizeOfInt32(action);
  }
  const memberID = message.memberID;
  if (memberID !== undefined && memberID !== 0n) {
    size += 1 + sizeOfUint64Bigint(memberID);
  }
  const alarm = message.alarm;
  if (alarm !== undefined && alarm !== 0) {
    size += 1 + sizeOfInt32(alarm);
  }
  return size;
}

export function writeAlarmRequest(writer: Writer, message: AlarmRequestInit): void {
  const action = message.action;
  if (action !== undefined && action !== 0) {
    writer.byte(8);
    writer.int32(action);
  }
  const memberID = message.memberID;
  if (memberID !== undefined && memberID !== 0n) {
    writer.byte(16);
    writer.uint64Bigint(memberID);
  }
  const alarm = message.alarm;
  if (alarm !== undefined && alarm !== 0) {
    writer.byte(24);
    writer.int32(alarm);
  }
}

const FIELDS_OF_ALARM_REQUEST: ReadonlySet<number> = new Set([1, 2, 3]);

export function readAlarmRequest(reader: Reader, message: AlarmRequest = newAlarmRequest()): AlarmRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.action = reader.int32();
        break;
      }
      case 16: {
        message.memberID = reader.uint64Bigint();
        break;
      }
      case 24: {
        message.alarm = reader.int32();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_ALARM_REQUEST);
    }
  }
  return message;
}

export const AlarmRequest: MessageCodec<AlarmRequest, AlarmRequestInit> = messageCodec({
  typeName: "etcdserverpb.AlarmRequest",
  create: createAlarmRequest,
  size: sizeAlarmRequest,
  write: writeAlarmRequest,
  read: readAlarmRequest,
});

export interface AlarmMember {
  memberID: bigint;
  alarm: AlarmType;
}

/** What encoding {@link AlarmMember} accepts. */
export interface AlarmMemberInit {
  readonly memberID?: bigint | undefined;
  readonly alarm?: AlarmType | undefined;
}

export function newAlarmMember(): AlarmMember {
  return { memberID: 0n, alarm: 0 };
}

export function createAlarmMember(init: AlarmMemberInit): AlarmMember {
  return {
    memberID: init.memberID ?? 0n,
    alarm: init.alarm ?? 0,
  };
}

export function sizeAlarmMember(_writer: Writer, message: AlarmMemberInit): number {
  let size = 0;
  const memberID = message.memberID;
  if (memberID !== undefined && memberID !== 0n) {
    size += 1 + sizeOfUint64Bigint(memberID);
  }
  const alarm = message.alarm;
  if (alarm !== undefined && alarm !== 0) {
    size += 1 + sizeOfInt32(alarm);
  }
  return size;
}

export function writeAlarmMember(writer: Writer, message: AlarmMemberInit): void {
  const memberID = message.memberID;
  if (memberID !== undefined && memberID !== 0n) {
    writer.byte(8);
    writer.uint64Bigint(memberID);
  }
  const alarm = message.alarm;
  if (alarm !== undefined && alarm !== 0) {
    writer.byte(16);
    writer.int32(alarm);
  }
}

const FIELDS_OF_ALARM_MEMBER: ReadonlySet<number> = new Set([1, 2]);

export function readAlarmMember(reader: Reader, message: AlarmMember = newAlarmMember()): AlarmMember {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.memberID = reader.uint64Bigint();
        break;
      }
      case 16: {
        message.alarm = reader.int32();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_ALARM_MEMBER);
    }
  }
  return message;
}

export const AlarmMember: MessageCodec<AlarmMember, AlarmMemberInit> = messageCodec({
  typeName: "etcdserverpb.AlarmMember",
  create: createAlarmMember,
  size: sizeAlarmMember,
  write: writeAlarmMember,
  read: readAlarmMember,
});

export interface AlarmResponse {
  header: ResponseHeader | null;
  alarms: AlarmMember[];
}

/** What encoding {@link AlarmResponse} accepts. */
export interface AlarmResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly alarms?: readonly AlarmMemberInit[] | undefined;
}

export function newAlarmResponse(): AlarmResponse {
  return { header: null, alarms: [] };
}

export function createAlarmResponse(init: AlarmResponseInit): AlarmResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    alarms: init.alarms?.map((each) => (createAlarmMember(each))) ?? [],
  };
}

export function sizeAlarmResponse(writer: Writer, message: AlarmResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const alarms = message.alarms;
  if (alarms !== undefined) {
    for (const each of alarms) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizeAlarmMember(writer, each));
    }
  }
  return size;
}

export function writeAlarmResponse(writer: Writer, message: AlarmResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const alarms = message.alarms;
  if (alarms !== undefined) {
    for (const each of alarms) {
      writer.byte(18);
      writer.nextSize();
      writeAlarmMember(writer, each);
    }
  }
}

const FIELDS_OF_ALARM_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readAlarmResponse(reader: Reader, message: AlarmResponse = newAlarmResponse()): AlarmResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.alarms.push(readAlarmMember(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_ALARM_RESPONSE);
    }
  }
  return message;
}

export const AlarmResponse: MessageCodec<AlarmResponse, AlarmResponseInit> = messageCodec({
  typeName: "etcdserverpb.AlarmResponse",
  create: createAlarmResponse,
  size: sizeAlarmResponse,
  write: writeAlarmResponse,
  read: readAlarmResponse,
});

export interface DowngradeRequest {
  action: DowngradeAction;
  /** Target version. */
  version: string;
}

/** What encoding {@link DowngradeRequest} accepts. */
export interface DowngradeRequestInit {
  readonly action?: DowngradeAction | undefined;
  readonly version?: string | undefined;
}

export function newDowngradeRequest(): DowngradeRequest {
  return { action: 0, version: "" };
}

export function createDowngradeRequest(init: DowngradeRequestInit): DowngradeRequest {
  return {
    action: init.action ?? 0,
    version: init.version ?? "",
  };
}

export function sizeDowngradeRequest(_writer: Writer, message: DowngradeRequestInit): number {
  let size = 0;
  const action = message.action;
  if (action !== undefined && action !== 0) {
    size += 1 + sizeOfInt32(action);
  }
  const version = message.version;
  if (version !== undefined && version !== "") {
    size += 1 + sizeOfString(version);
  }
  return size;
}

export function writeDowngradeRequest(writer: Writer, message: DowngradeRequestInit): void {
  const action = message.action;
  if (action !== undefined && action !== 0) {
    writer.byte(8);
    writer.int32(action);
  }
  const version = message.version;
  if (version !== undefined && version !== "") {
    writer.byte(18);
    writer.string(version);
  }
}

const FIELDS_OF_DOWNGRADE_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readDowngradeRequest(reader: Reader, message: DowngradeRequest = newDowngradeRequest()): DowngradeRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.action = reader.int32();
        break;
      }
      case 18: {
        message.version = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_DOWNGRADE_REQUEST);
    }
  }
  return message;
}

export const DowngradeRequest: MessageCodec<DowngradeRequest, DowngradeRequestInit> = messageCodec({
  typeName: "etcdserverpb.DowngradeRequest",
  create: createDowngradeRequest,
  size: sizeDowngradeRequest,
  write: writeDowngradeRequest,
  read: readDowngradeRequest,
});

export interface DowngradeResponse {
  header: ResponseHeader | null;
  /** Cluster version now. */
  version: string;
}

/** What encoding {@link DowngradeResponse} accepts. */
export interface DowngradeResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly version?: string | undefined;
}

export function newDowngradeResponse(): DowngradeResponse {
  return { header: null, version: "" };
}

export function createDowngradeResponse(init: DowngradeResponseInit): DowngradeResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    version: init.version ?? "",
  };
}

export function sizeDowngradeResponse(writer: Writer, message: DowngradeResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const version = message.version;
  if (version !== undefined && version !== "") {
    size += 1 + sizeOfString(version);
  }
  return size;
}

export function writeDowngradeResponse(writer: Writer, message: DowngradeResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const version = message.version;
  if (version !== undefined && version !== "") {
    writer.byte(18);
    writer.string(version);
  }
}

const FIELDS_OF_DOWNGRADE_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readDowngradeResponse(reader: Reader, message: DowngradeResponse = newDowngradeResponse()): DowngradeResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        message.version = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_DOWNGRADE_RESPONSE);
    }
  }
  return message;
}

export const DowngradeResponse: MessageCodec<DowngradeResponse, DowngradeResponseInit> = messageCodec({
  typeName: "etcdserverpb.DowngradeResponse",
  create: createDowngradeResponse,
  size: sizeDowngradeResponse,
  write: writeDowngradeResponse,
  read: readDowngradeResponse,
});

/** In no service: etcd's own tests write it to the log. */
export interface DowngradeVersionTestRequest {
  ver: string;
}

/** What encoding {@link DowngradeVersionTestRequest} accepts. */
export interface DowngradeVersionTestRequestInit {
  readonly ver?: string | undefined;
}

export function newDowngradeVersionTestRequest(): DowngradeVersionTestRequest {
  return { ver: "" };
}

export function createDowngradeVersionTestRequest(init: DowngradeVersionTestRequestInit): DowngradeVersionTestRequest {
  return {
    ver: init.ver ?? "",
  };
}

export function sizeDowngradeVersionTestRequest(_writer: Writer, message: DowngradeVersionTestRequestInit): number {
  let size = 0;
  const ver = message.ver;
  if (ver !== undefined && ver !== "") {
    size += 1 + sizeOfString(ver);
  }
  return size;
}

export function writeDowngradeVersionTestRequest(writer: Writer, message: DowngradeVersionTestRequestInit): void {
  const ver = message.ver;
  if (ver !== undefined && ver !== "") {
    writer.byte(10);
    writer.string(ver);
  }
}

const FIELDS_OF_DOWNGRADE_VERSION_TEST_REQUEST: ReadonlySet<number> = new Set([1]);

export function readDowngradeVersionTestRequest(reader: Reader, message: DowngradeVersionTestRequest = newDowngradeVersionTestRequest()): DowngradeVersionTestRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.ver = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_DOWNGRADE_VERSION_TEST_REQUEST);
    }
  }
  return message;
}

export const DowngradeVersionTestRequest: MessageCodec<DowngradeVersionTestRequest, DowngradeVersionTestRequestInit> = messageCodec({
  typeName: "etcdserverpb.DowngradeVersionTestRequest",
  create: createDowngradeVersionTestRequest,
  size: sizeDowngradeVersionTestRequest,
  write: writeDowngradeVersionTestRequest,
  read: readDowngradeVersionTestRequest,
});

export interface StatusRequest {}

/** What encoding {@link StatusRequest} accepts. */
export interface StatusRequestInit {}

export function newStatusRequest(): StatusRequest {
  return {};
}

export function createStatusRequest(_init: StatusRequestInit): StatusRequest {
  return {};
}

export function sizeStatusRequest(_writer: Writer, _message: StatusRequestInit): number {
  return 0;
}

export function writeStatusRequest(_writer: Writer, _message: StatusRequestInit): void {}

const FIELDS_OF_STATUS_REQUEST: ReadonlySet<number> = new Set([]);

export function readStatusRequest(reader: Reader, message: StatusRequest = newStatusRequest()): StatusRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_STATUS_REQUEST);
  }
  return message;
}

export const StatusRequest: MessageCodec<StatusRequest, StatusRequestInit> = messageCodec({
  typeName: "etcdserverpb.StatusRequest",
  create: createStatusRequest,
  size: sizeStatusRequest,
  write: writeStatusRequest,
  read: readStatusRequest,
});

export interface StatusResponse {
  header: ResponseHeader | null;
  version: string;
  /** Bytes of store on disk. */
  dbSize: number;
  /** Member id of the leader; 0 for none. */
  leader: bigint;
  raftIndex: number;
  raftTerm: number;
  raftAppliedIndex: number;
  errors: string[];
  /** Bytes of store that hold live content. */
  dbSizeInUse: number;
  isLearner: boolean;
  storageVersion: string;
  dbSizeQuota: number;
  downgradeInfo: DowngradeInfo | null;
}

/** What encoding {@link StatusResponse} accepts. */
export interface StatusResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly version?: string | undefined;
  readonly dbSize?: number | undefined;
  readonly leader?: bigint | undefined;
  readonly raftIndex?: number | undefined;
  readonly raftTerm?: number | undefined;
  readonly raftAppliedIndex?: number | undefined;
  readonly errors?: readonly string[] | undefined;
  readonly dbSizeInUse?: number | undefined;
  readonly isLearner?: boolean | undefined;
  readonly storageVersion?: string | undefined;
  readonly dbSizeQuota?: number | undefined;
  readonly downgradeInfo?: DowngradeInfoInit | null | undefined;
}

export function newStatusResponse(): StatusResponse {
  return { header: null, version: "", dbSize: 0, leader: 0n, raftIndex: 0, raftTerm: 0, raftAppliedIndex: 0, errors: [], dbSizeInUse: 0, isLearner: false, storageVersion: "", dbSizeQuota: 0, downgradeInfo: null };
}

export function createStatusResponse(init: StatusResponseInit): StatusResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    version: init.version ?? "",
    dbSize: init.dbSize ?? 0,
    leader: init.leader ?? 0n,
    raftIndex: init.raftIndex ?? 0,
    raftTerm: init.raftTerm ?? 0,
    raftAppliedIndex: init.raftAppliedIndex ?? 0,
    errors: init.errors?.slice() ?? [],
    dbSizeInUse: init.dbSizeInUse ?? 0,
    isLearner: init.isLearner ?? false,
    storageVersion: init.storageVersion ?? "",
    dbSizeQuota: init.dbSizeQuota ?? 0,
    downgradeInfo: init.downgradeInfo == null ? null : createDowngradeInfo(init.downgradeInfo),
  };
}

export function sizeStatusResponse(writer: Writer, message: StatusResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const version = message.version;
  if (version !== undefined && version !== "") {
    size += 1 + sizeOfString(version);
  }
  const dbSize = message.dbSize;
  if (dbSize !== undefined && dbSize !== 0) {
    size += 1 + sizeOfInt64Number(dbSize);
  }
  const leader = message.leader;
  if (leader !== undefined && leader !== 0n) {
    size += 1 + sizeOfUint64Bigint(leader);
  }
  const raftIndex = message.raftIndex;
  if (raftIndex !== undefined && raftIndex !== 0) {
    size += 1 + sizeOfUint64Number(raftIndex);
  }
  const raftTerm = message.raftTerm;
  if (raftTerm !== undefined && raftTerm !== 0) {
    size += 1 + sizeOfUint64Number(raftTerm);
  }
  const raftAppliedIndex = message.raftAppliedIndex;
  if (raftAppliedIndex !== undefined && raftAppliedIndex !== 0) {
    size += 1 + sizeOfUint64Number(raftAppliedIndex);
  }
  const errors = message.errors;
  if (errors !== undefined) {
    for (const each of errors) {
      size += 1 + sizeOfString(each);
    }
  }
  const dbSizeInUse = message.dbSizeInUse;
  if (dbSizeInUse !== undefined && dbSizeInUse !== 0) {
    size += 1 + sizeOfInt64Number(dbSizeInUse);
  }
  const isLearner = message.isLearner;
  if (isLearner === true) {
    size += 1 + 1;
  }
  const storageVersion = message.storageVersion;
  if (storageVersion !== undefined && storageVersion !== "") {
    size += 1 + sizeOfString(storageVersion);
  }
  const dbSizeQuota = message.dbSizeQuota;
  if (dbSizeQuota !== undefined && dbSizeQuota !== 0) {
    size += 1 + sizeOfInt64Number(dbSizeQuota);
  }
  const downgradeInfo = message.downgradeInfo;
  if (downgradeInfo != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeDowngradeInfo(writer, downgradeInfo));
  }
  return size;
}

export function writeStatusResponse(writer: Writer, message: StatusResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const version = message.version;
  if (version !== undefined && version !== "") {
    writer.byte(18);
    writer.string(version);
  }
  const dbSize = message.dbSize;
  if (dbSize !== undefined && dbSize !== 0) {
    writer.byte(24);
    writer.int64Number(dbSize);
  }
  const leader = message.leader;
  if (leader !== undefined && leader !== 0n) {
    writer.byte(32);
    writer.uint64Bigint(leader);
  }
  const raftIndex = message.raftIndex;
  if (raftIndex !== undefined && raftIndex !== 0) {
    writer.byte(40);
    writer.int64Number(raftIndex);
  }
  const raftTerm = message.raftTerm;
  if (raftTerm !== undefined && raftTerm !== 0) {
    writer.byte(48);
    writer.int64Number(raftTerm);
  }
  const raftAppliedIndex = message.raftAppliedIndex;
  if (raftAppliedIndex !== undefined && raftAppliedIndex !== 0) {
    writer.byte(56);
    writer.int64Number(raftAppliedIndex);
  }
  const errors = message.errors;
  if (errors !== undefined) {
    for (const each of errors) {
      writer.byte(66);
      writer.string(each);
    }
  }
  const dbSizeInUse = message.dbSizeInUse;
  if (dbSizeInUse !== undefined && dbSizeInUse !== 0) {
    writer.byte(72);
    writer.int64Number(dbSizeInUse);
  }
  const isLearner = message.isLearner;
  if (isLearner === true) {
    writer.byte(80);
    writer.bool(isLearner);
  }
  const storageVersion = message.storageVersion;
  if (storageVersion !== undefined && storageVersion !== "") {
    writer.byte(90);
    writer.string(storageVersion);
  }
  const dbSizeQuota = message.dbSizeQuota;
  if (dbSizeQuota !== undefined && dbSizeQuota !== 0) {
    writer.byte(96);
    writer.int64Number(dbSizeQuota);
  }
  const downgradeInfo = message.downgradeInfo;
  if (downgradeInfo != null) {
    writer.byte(106);
    writer.nextSize();
    writeDowngradeInfo(writer, downgradeInfo);
  }
}

const FIELDS_OF_STATUS_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);

export function readStatusResponse(reader: Reader, message: StatusResponse = newStatusResponse()): StatusResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        message.version = reader.string();
        break;
      }
      case 24: {
        message.dbSize = reader.int64Number();
        break;
      }
      case 32: {
        message.leader = reader.uint64Bigint();
        break;
      }
      case 40: {
        message.raftIndex = reader.uint64Number();
        break;
      }
      case 48: {
        message.raftTerm = reader.uint64Number();
        break;
      }
      case 56: {
        message.raftAppliedIndex = reader.uint64Number();
        break;
      }
      case 66: {
        message.errors.push(reader.string());
        break;
      }
      case 72: {
        message.dbSizeInUse = reader.int64Number();
        break;
      }
      case 80: {
        message.isLearner = reader.bool();
        break;
      }
      case 90: {
        message.storageVersion = reader.string();
        break;
      }
      case 96: {
        message.dbSizeQuota = reader.int64Number();
        break;
      }
      case 106: {
        const outerEnd = reader.enter();
        message.downgradeInfo = readDowngradeInfo(reader, message.downgradeInfo ?? newDowngradeInfo());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_STATUS_RESPONSE);
    }
  }
  return message;
}

export const StatusResponse: MessageCodec<StatusResponse, StatusResponseInit> = messageCodec({
  typeName: "etcdserverpb.StatusResponse",
  create: createStatusResponse,
  size: sizeStatusResponse,
  write: writeStatusResponse,
  read: readStatusResponse,
});

export interface DowngradeInfo {
  enabled: boolean;
  targetVersion: string;
}

/** What encoding {@link DowngradeInfo} accepts. */
export interface DowngradeInfoInit {
  readonly enabled?: boolean | undefined;
  readonly targetVersion?: string | undefined;
}

export function newDowngradeInfo(): DowngradeInfo {
  return { enabled: false, targetVersion: "" };
}

export function createDowngradeInfo(init: DowngradeInfoInit): DowngradeInfo {
  return {
    enabled: init.enabled ?? false,
    targetVersion: init.targetVersion ?? "",
  };
}

export function sizeDowngradeInfo(_writer: Writer, message: DowngradeInfoInit): number {
  let size = 0;
  const enabled = message.enabled;
  if (enabled === true) {
    size += 1 + 1;
  }
  const targetVersion = message.targetVersion;
  if (targetVersion !== undefined && targetVersion !== "") {
    size += 1 + sizeOfString(targetVersion);
  }
  return size;
}

export function writeDowngradeInfo(writer: Writer, message: DowngradeInfoInit): void {
  const enabled = message.enabled;
  if (enabled === true) {
    writer.byte(8);
    writer.bool(enabled);
  }
  const targetVersion = message.targetVersion;
  if (targetVersion !== undefined && targetVersion !== "") {
    writer.byte(18);
    writer.string(targetVersion);
  }
}

const FIELDS_OF_DOWNGRADE_INFO: ReadonlySet<number> = new Set([1, 2]);

export function readDowngradeInfo(reader: Reader, message: DowngradeInfo = newDowngradeInfo()): DowngradeInfo {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.enabled = reader.bool();
        break;
      }
      case 18: {
        message.targetVersion = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_DOWNGRADE_INFO);
    }
  }
  return message;
}

export const DowngradeInfo: MessageCodec<DowngradeInfo, DowngradeInfoInit> = messageCodec({
  typeName: "etcdserverpb.DowngradeInfo",
  create: createDowngradeInfo,
  size: sizeDowngradeInfo,
  write: writeDowngradeInfo,
  read: readDowngradeInfo,
});

export interface AuthEnableRequest {}

/** What encoding {@link AuthEnableRequest} accepts. */
export interface AuthEnableRequestInit {}

export function newAuthEnableRequest(): AuthEnableRequest {
  return {};
}

export function createAuthEnableRequest(_init: AuthEnableRequestInit): AuthEnableRequest {
  return {};
}

export function sizeAuthEnableRequest(_writer: Writer, _message: AuthEnableRequestInit): number {
  return 0;
}

export function writeAuthEnableRequest(_writer: Writer, _message: AuthEnableRequestInit): void {}

const FIELDS_OF_AUTH_ENABLE_REQUEST: ReadonlySet<number> = new Set([]);

export function readAuthEnableRequest(reader: Reader, message: AuthEnableRequest = newAuthEnableRequest()): AuthEnableRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_AUTH_ENABLE_REQUEST);
  }
  return message;
}

export const AuthEnableRequest: MessageCodec<AuthEnableRequest, AuthEnableRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthEnableRequest",
  create: createAuthEnableRequest,
  size: sizeAuthEnableRequest,
  write: writeAuthEnableRequest,
  read: readAuthEnableRequest,
});

export interface AuthEnableResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthEnableResponse} accepts. */
export interface AuthEnableResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthEnableResponse(): AuthEnableResponse {
  return { header: null };
}

export function createAuthEnableResponse(init: AuthEnableResponseInit): AuthEnableResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthEnableResponse(writer: Writer, message: AuthEnableResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthEnableResponse(writer: Writer, message: AuthEnableResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_ENABLE_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthEnableResponse(reader: Reader, message: AuthEnableResponse = newAuthEnableResponse()): AuthEnableResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ENABLE_RESPONSE);
    }
  }
  return message;
}

export const AuthEnableResponse: MessageCodec<AuthEnableResponse, AuthEnableResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthEnableResponse",
  create: createAuthEnableResponse,
  size: sizeAuthEnableResponse,
  write: writeAuthEnableResponse,
  read: readAuthEnableResponse,
});

export interface AuthDisableRequest {}

/** What encoding {@link AuthDisableRequest} accepts. */
export interface AuthDisableRequestInit {}

export function newAuthDisableRequest(): AuthDisableRequest {
  return {};
}

export function createAuthDisableRequest(_init: AuthDisableRequestInit): AuthDisableRequest {
  return {};
}

export function sizeAuthDisableRequest(_writer: Writer, _message: AuthDisableRequestInit): number {
  return 0;
}

export function writeAuthDisableRequest(_writer: Writer, _message: AuthDisableRequestInit): void {}

const FIELDS_OF_AUTH_DISABLE_REQUEST: ReadonlySet<number> = new Set([]);

export function readAuthDisableRequest(reader: Reader, message: AuthDisableRequest = newAuthDisableRequest()): AuthDisableRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_AUTH_DISABLE_REQUEST);
  }
  return message;
}

export const AuthDisableRequest: MessageCodec<AuthDisableRequest, AuthDisableRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthDisableRequest",
  create: createAuthDisableRequest,
  size: sizeAuthDisableRequest,
  write: writeAuthDisableRequest,
  read: readAuthDisableRequest,
});

export interface AuthDisableResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthDisableResponse} accepts. */
export interface AuthDisableResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthDisableResponse(): AuthDisableResponse {
  return { header: null };
}

export function createAuthDisableResponse(init: AuthDisableResponseInit): AuthDisableResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthDisableResponse(writer: Writer, message: AuthDisableResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthDisableResponse(writer: Writer, message: AuthDisableResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_DISABLE_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthDisableResponse(reader: Reader, message: AuthDisableResponse = newAuthDisableResponse()): AuthDisableResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_DISABLE_RESPONSE);
    }
  }
  return message;
}

export const AuthDisableResponse: MessageCodec<AuthDisableResponse, AuthDisableResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthDisableResponse",
  create: createAuthDisableResponse,
  size: sizeAuthDisableResponse,
  write: writeAuthDisableResponse,
  read: readAuthDisableResponse,
});

export interface AuthStatusRequest {}

/** What encoding {@link AuthStatusRequest} accepts. */
export interface AuthStatusRequestInit {}

export function newAuthStatusRequest(): AuthStatusRequest {
  return {};
}

export function createAuthStatusRequest(_init: AuthStatusRequestInit): AuthStatusRequest {
  return {};
}

export function sizeAuthStatusRequest(_writer: Writer, _message: AuthStatusRequestInit): number {
  return 0;
}

export function writeAuthStatusRequest(_writer: Writer, _message: AuthStatusRequestInit): void {}

const FIELDS_OF_AUTH_STATUS_REQUEST: ReadonlySet<number> = new Set([]);

export function readAuthStatusRequest(reader: Reader, message: AuthStatusRequest = newAuthStatusRequest()): AuthStatusRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_AUTH_STATUS_REQUEST);
  }
  return message;
}

export const AuthStatusRequest: MessageCodec<AuthStatusRequest, AuthStatusRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthStatusRequest",
  create: createAuthStatusRequest,
  size: sizeAuthStatusRequest,
  write: writeAuthStatusRequest,
  read: readAuthStatusRequest,
});

export interface AuthStatusResponse {
  header: ResponseHeader | null;
  enabled: boolean;
  /** Counts changes of users and roles. */
  authRevision: number;
}

/** What encoding {@link AuthStatusResponse} accepts. */
export interface AuthStatusResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly enabled?: boolean | undefined;
  readonly authRevision?: number | undefined;
}

export function newAuthStatusResponse(): AuthStatusResponse {
  return { header: null, enabled: false, authRevision: 0 };
}

export function createAuthStatusResponse(init: AuthStatusResponseInit): AuthStatusResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    enabled: init.enabled ?? false,
    authRevision: init.authRevision ?? 0,
  };
}

export function sizeAuthStatusResponse(writer: Writer, message: AuthStatusResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const enabled = message.enabled;
  if (enabled === true) {
    size += 1 + 1;
  }
  const authRevision = message.authRevision;
  if (authRevision !== undefined && authRevision !== 0) {
    size += 1 + sizeOfUint64Number(authRevision);
  }
  return size;
}

export function writeAuthStatusResponse(writer: Writer, message: AuthStatusResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const enabled = message.enabled;
  if (enabled === true) {
    writer.byte(16);
    writer.bool(enabled);
  }
  const authRevision = message.authRevision;
  if (authRevision !== undefined && authRevision !== 0) {
    writer.byte(24);
    writer.int64Number(authRevision);
  }
}

const FIELDS_OF_AUTH_STATUS_RESPONSE: ReadonlySet<number> = new Set([1, 2, 3]);

export function readAuthStatusResponse(reader: Reader, message: AuthStatusResponse = newAuthStatusResponse()): AuthStatusResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 16: {
        message.enabled = reader.bool();
        break;
      }
      case 24: {
        message.authRevision = reader.uint64Number();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_STATUS_RESPONSE);
    }
  }
  return message;
}

export const AuthStatusResponse: MessageCodec<AuthStatusResponse, AuthStatusResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthStatusResponse",
  create: createAuthStatusResponse,
  size: sizeAuthStatusResponse,
  write: writeAuthStatusResponse,
  read: readAuthStatusResponse,
});

export interface AuthenticateRequest {
  name: string;
  password: string;
}

/** What encoding {@link AuthenticateRequest} accepts. */
export interface AuthenticateRequestInit {
  readonly name?: string | undefined;
  readonly password?: string | undefined;
}

export function newAuthenticateRequest(): AuthenticateRequest {
  return { name: "", password: "" };
}

export function createAuthenticateRequest(init: AuthenticateRequestInit): AuthenticateRequest {
  return {
    name: init.name ?? "",
    password: init.password ?? "",
  };
}

export function sizeAuthenticateRequest(_writer: Writer, message: AuthenticateRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name !== "") {
    size += 1 + sizeOfString(name);
  }
  const password = message.password;
  if (password !== undefined && password !== "") {
    size += 1 + sizeOfString(password);
  }
  return size;
}

export function writeAuthenticateRequest(writer: Writer, message: AuthenticateRequestInit): void {
  const name = message.name;
  if (name !== undefined && name !== "") {
    writer.byte(10);
    writer.string(name);
  }
  const password = message.password;
  if (password !== undefined && password !== "") {
    writer.byte(18);
    writer.string(password);
  }
}

const FIELDS_OF_AUTHENTICATE_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readAuthenticateRequest(reader: Reader, message: AuthenticateRequest = newAuthenticateRequest()): AuthenticateRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.string();
        break;
      }
      case 18: {
        message.password = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTHENTICATE_REQUEST);
    }
  }
  return message;
}

export const AuthenticateRequest: MessageCodec<AuthenticateRequest, AuthenticateRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthenticateRequest",
  create: createAuthenticateRequest,
  size: sizeAuthenticateRequest,
  write: writeAuthenticateRequest,
  read: readAuthenticateRequest,
});

export interface AuthenticateResponse {
  header: ResponseHeader | null;
  token: string;
}

/** What encoding {@link AuthenticateResponse} accepts. */
export interface AuthenticateResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly token?: string | undefined;
}

export function newAuthenticateResponse(): AuthenticateResponse {
  return { header: null, token: "" };
}

export function createAuthenticateResponse(init: AuthenticateResponseInit): AuthenticateResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    token: init.token ?? "",
  };
}

export function sizeAuthenticateResponse(writer: Writer, message: AuthenticateResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const token = message.token;
  if (token !== undefined && token !== "") {
    size += 1 + sizeOfString(token);
  }
  return size;
}

export function writeAuthenticateResponse(writer: Writer, message: AuthenticateResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const token = message.token;
  if (token !== undefined && token !== "") {
    writer.byte(18);
    writer.string(token);
  }
}

const FIELDS_OF_AUTHENTICATE_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readAuthenticateResponse(reader: Reader, message: AuthenticateResponse = newAuthenticateResponse()): AuthenticateResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        message.token = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTHENTICATE_RESPONSE);
    }
  }
  return message;
}

export const AuthenticateResponse: MessageCodec<AuthenticateResponse, AuthenticateResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthenticateResponse",
  create: createAuthenticateResponse,
  size: sizeAuthenticateResponse,
  write: writeAuthenticateResponse,
  read: readAuthenticateResponse,
});

export interface AuthUserAddRequest {
  name: string;
  password: string;
  options: UserAddOptions | null;
  hashedPassword: string;
}

/** What encoding {@link AuthUserAddRequest} accepts. */
export interface AuthUserAddRequestInit {
  readonly name?: string | undefined;
  readonly password?: string | undefined;
  readonly options?: UserAddOptionsInit | null | undefined;
  readonly hashedPassword?: string | undefined;
}

export function newAuthUserAddRequest(): AuthUserAddRequest {
  return { name: "", password: "", options: null, hashedPassword: "" };
}

export function createAuthUserAddRequest(init: AuthUserAddRequestInit): AuthUserAddRequest {
  return {
    name: init.name ?? "",
    password: init.password ?? "",
    options: init.options == null ? null : createUserAddOptions(init.options),
    hashedPassword: init.hashedPassword ?? "",
  };
}

export function sizeAuthUserAddRequest(writer: Writer, message: AuthUserAddRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name !== "") {
    size += 1 + sizeOfString(name);
  }
  const password = message.password;
  if (password !== undefined && password !== "") {
    size += 1 + sizeOfString(password);
  }
  const options = message.options;
  if (options != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeUserAddOptions(writer, options));
  }
  const hashedPassword = message.hashedPassword;
  if (hashedPassword !== undefined && hashedPassword !== "") {
    size += 1 + sizeOfString(hashedPassword);
  }
  return size;
}

export function writeAuthUserAddRequest(writer: Writer, message: AuthUserAddRequestInit): void {
  const name = message.name;
  if (name !== undefined && name !== "") {
    writer.byte(10);
    writer.string(name);
  }
  const password = message.password;
  if (password !== undefined && password !== "") {
    writer.byte(18);
    writer.string(password);
  }
  const options = message.options;
  if (options != null) {
    writer.byte(26);
    writer.nextSize();
    writeUserAddOptions(writer, options);
  }
  const hashedPassword = message.hashedPassword;
  if (hashedPassword !== undefined && hashedPassword !== "") {
    writer.byte(34);
    writer.string(hashedPassword);
  }
}

const FIELDS_OF_AUTH_USER_ADD_REQUEST: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readAuthUserAddRequest(reader: Reader, message: AuthUserAddRequest = newAuthUserAddRequest()): AuthUserAddRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.string();
        break;
      }
      case 18: {
        message.password = reader.string();
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.options = readUserAddOptions(reader, message.options ?? newUserAddOptions());
        reader.leave(outerEnd);
        break;
      }
      case 34: {
        message.hashedPassword = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_ADD_REQUEST);
    }
  }
  return message;
}

export const AuthUserAddRequest: MessageCodec<AuthUserAddRequest, AuthUserAddRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserAddRequest",
  create: createAuthUserAddRequest,
  size: sizeAuthUserAddRequest,
  write: writeAuthUserAddRequest,
  read: readAuthUserAddRequest,
});

export interface AuthUserAddResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthUserAddResponse} accepts. */
export interface AuthUserAddResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthUserAddResponse(): AuthUserAddResponse {
  return { header: null };
}

export function createAuthUserAddResponse(init: AuthUserAddResponseInit): AuthUserAddResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthUserAddResponse(writer: Writer, message: AuthUserAddResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthUserAddResponse(writer: Writer, message: AuthUserAddResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_USER_ADD_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthUserAddResponse(reader: Reader, message: AuthUserAddResponse = newAuthUserAddResponse()): AuthUserAddResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_ADD_RESPONSE);
    }
  }
  return message;
}

export const AuthUserAddResponse: MessageCodec<AuthUserAddResponse, AuthUserAddResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserAddResponse",
  create: createAuthUserAddResponse,
  size: sizeAuthUserAddResponse,
  write: writeAuthUserAddResponse,
  read: readAuthUserAddResponse,
});

export interface AuthUserGetRequest {
  name: string;
}

/** What encoding {@link AuthUserGetRequest} accepts. */
export interface AuthUserGetRequestInit {
  readonly name?: string | undefined;
}

export function newAuthUserGetRequest(): AuthUserGetRequest {
  return { name: "" };
}

export function createAuthUserGetRequest(init: AuthUserGetRequestInit): AuthUserGetRequest {
  return {
    name: init.name ?? "",
  };
}

export function sizeAuthUserGetRequest(_writer: Writer, message: AuthUserGetRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name !== "") {
    size += 1 + sizeOfString(name);
  }
  return size;
}

export function writeAuthUserGetRequest(writer: Writer, message: AuthUserGetRequestInit): void {
  const name = message.name;
  if (name !== undefined && name !== "") {
    writer.byte(10);
    writer.string(name);
  }
}

const FIELDS_OF_AUTH_USER_GET_REQUEST: ReadonlySet<number> = new Set([1]);

export function readAuthUserGetRequest(reader: Reader, message: AuthUserGetRequest = newAuthUserGetRequest()): AuthUserGetRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_GET_REQUEST);
    }
  }
  return message;
}

export const AuthUserGetRequest: MessageCodec<AuthUserGetRequest, AuthUserGetRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserGetRequest",
  create: createAuthUserGetRequest,
  size: sizeAuthUserGetRequest,
  write: writeAuthUserGetRequest,
  read: readAuthUserGetRequest,
});

export interface AuthUserGetResponse {
  header: ResponseHeader | null;
  roles: string[];
}

/** What encoding {@link AuthUserGetResponse} accepts. */
export interface AuthUserGetResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly roles?: readonly string[] | undefined;
}

export function newAuthUserGetResponse(): AuthUserGetResponse {
  return { header: null, roles: [] };
}

export function createAuthUserGetResponse(init: AuthUserGetResponseInit): AuthUserGetResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    roles: init.roles?.slice() ?? [],
  };
}

export function sizeAuthUserGetResponse(writer: Writer, message: AuthUserGetResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const roles = message.roles;
  if (roles !== undefined) {
    for (const each of roles) {
      size += 1 + sizeOfString(each);
    }
  }
  return size;
}

export function writeAuthUserGetResponse(writer: Writer, message: AuthUserGetResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const roles = message.roles;
  if (roles !== undefined) {
    for (const each of roles) {
      writer.byte(18);
      writer.string(each);
    }
  }
}

const FIELDS_OF_AUTH_USER_GET_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readAuthUserGetResponse(reader: Reader, message: AuthUserGetResponse = newAuthUserGetResponse()): AuthUserGetResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        message.roles.push(reader.string());
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_GET_RESPONSE);
    }
  }
  return message;
}

export const AuthUserGetResponse: MessageCodec<AuthUserGetResponse, AuthUserGetResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserGetResponse",
  create: createAuthUserGetResponse,
  size: sizeAuthUserGetResponse,
  write: writeAuthUserGetResponse,
  read: readAuthUserGetResponse,
});

export interface AuthUserListRequest {}

/** What encoding {@link AuthUserListRequest} accepts. */
export interface AuthUserListRequestInit {}

export function newAuthUserListRequest(): AuthUserListRequest {
  return {};
}

export function createAuthUserListRequest(_init: AuthUserListRequestInit): AuthUserListRequest {
  return {};
}

export function sizeAuthUserListRequest(_writer: Writer, _message: AuthUserListRequestInit): number {
  return 0;
}

export function writeAuthUserListRequest(_writer: Writer, _message: AuthUserListRequestInit): void {}

const FIELDS_OF_AUTH_USER_LIST_REQUEST: ReadonlySet<number> = new Set([]);

export function readAuthUserListRequest(reader: Reader, message: AuthUserListRequest = newAuthUserListRequest()): AuthUserListRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_AUTH_USER_LIST_REQUEST);
  }
  return message;
}

export const AuthUserListRequest: MessageCodec<AuthUserListRequest, AuthUserListRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserListRequest",
  create: createAuthUserListRequest,
  size: sizeAuthUserListRequest,
  write: writeAuthUserListRequest,
  read: readAuthUserListRequest,
});

export interface AuthUserListResponse {
  header: ResponseHeader | null;
  users: string[];
}

/** What encoding {@link AuthUserListResponse} accepts. */
export interface AuthUserListResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly users?: readonly string[] | undefined;
}

export function newAuthUserListResponse(): AuthUserListResponse {
  return { header: null, users: [] };
}

export function createAuthUserListResponse(init: AuthUserListResponseInit): AuthUserListResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    users: init.users?.slice() ?? [],
  };
}

export function sizeAuthUserListResponse(writer: Writer, message: AuthUserListResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const users = message.users;
  if (users !== undefined) {
    for (const each of users) {
      size += 1 + sizeOfString(each);
    }
  }
  return size;
}

export function writeAuthUserListResponse(writer: Writer, message: AuthUserListResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const users = message.users;
  if (users !== undefined) {
    for (const each of users) {
      writer.byte(18);
      writer.string(each);
    }
  }
}

const FIELDS_OF_AUTH_USER_LIST_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readAuthUserListResponse(reader: Reader, message: AuthUserListResponse = newAuthUserListResponse()): AuthUserListResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        message.users.push(reader.string());
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_LIST_RESPONSE);
    }
  }
  return message;
}

export const AuthUserListResponse: MessageCodec<AuthUserListResponse, AuthUserListResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserListResponse",
  create: createAuthUserListResponse,
  size: sizeAuthUserListResponse,
  write: writeAuthUserListResponse,
  read: readAuthUserListResponse,
});

export interface AuthUserDeleteRequest {
  name: string;
}

/** What encoding {@link AuthUserDeleteRequest} accepts. */
export interface AuthUserDeleteRequestInit {
  readonly name?: string | undefined;
}

export function newAuthUserDeleteRequest(): AuthUserDeleteRequest {
  return { name: "" };
}

export function createAuthUserDeleteRequest(init: AuthUserDeleteRequestInit): AuthUserDeleteRequest {
  return {
    name: init.name ?? "",
  };
}

export function sizeAuthUserDeleteRequest(_writer: Writer, message: AuthUserDeleteRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name !== "") {
    size += 1 + sizeOfString(name);
  }
  return size;
}

export function writeAuthUserDeleteRequest(writer: Writer, message: AuthUserDeleteRequestInit): void {
  const name = message.name;
  if (name !== undefined && name !== "") {
    writer.byte(10);
    writer.string(name);
  }
}

const FIELDS_OF_AUTH_USER_DELETE_REQUEST: ReadonlySet<number> = new Set([1]);

export function readAuthUserDeleteRequest(reader: Reader, message: AuthUserDeleteRequest = newAuthUserDeleteRequest()): AuthUserDeleteRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_DELETE_REQUEST);
    }
  }
  return message;
}

export const AuthUserDeleteRequest: MessageCodec<AuthUserDeleteRequest, AuthUserDeleteRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserDeleteRequest",
  create: createAuthUserDeleteRequest,
  size: sizeAuthUserDeleteRequest,
  write: writeAuthUserDeleteRequest,
  read: readAuthUserDeleteRequest,
});

export interface AuthUserDeleteResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthUserDeleteResponse} accepts. */
export interface AuthUserDeleteResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthUserDeleteResponse(): AuthUserDeleteResponse {
  return { header: null };
}

export function createAuthUserDeleteResponse(init: AuthUserDeleteResponseInit): AuthUserDeleteResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthUserDeleteResponse(writer: Writer, message: AuthUserDeleteResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthUserDeleteResponse(writer: Writer, message: AuthUserDeleteResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_USER_DELETE_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthUserDeleteResponse(reader: Reader, message: AuthUserDeleteResponse = newAuthUserDeleteResponse()): AuthUserDeleteResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_DELETE_RESPONSE);
    }
  }
  return message;
}

export const AuthUserDeleteResponse: MessageCodec<AuthUserDeleteResponse, AuthUserDeleteResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserDeleteResponse",
  create: createAuthUserDeleteResponse,
  size: sizeAuthUserDeleteResponse,
  write: writeAuthUserDeleteResponse,
  read: readAuthUserDeleteResponse,
});

export interface AuthUserChangePasswordRequest {
  name: string;
  password: string;
  hashedPassword: string;
}

/** What encoding {@link AuthUserChangePasswordRequest} accepts. */
export interface AuthUserChangePasswordRequestInit {
  readonly name?: string | undefined;
  readonly password?: string | undefined;
  readonly hashedPassword?: string | undefined;
}

export function newAuthUserChangePasswordRequest(): AuthUserChangePasswordRequest {
  return { name: "", password: "", hashedPassword: "" };
}

export function createAuthUserChangePasswordRequest(init: AuthUserChangePasswordRequestInit): AuthUserChangePasswordRequest {
  return {
    name: init.name ?? "",
    password: init.password ?? "",
    hashedPassword: init.hashedPassword ?? "",
  };
}

export function sizeAuthUserChangePasswordRequest(_writer: Writer, message: AuthUserChangePasswordRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name !== "") {
    size += 1 + sizeOfString(name);
  }
  const password = message.password;
  if (password !== undefined && password !== "") {
    size += 1 + sizeOfString(password);
  }
  const hashedPassword = message.hashedPassword;
  if (hashedPassword !== undefined && hashedPassword !== "") {
    size += 1 + sizeOfString(hashedPassword);
  }
  return size;
}

export function writeAuthUserChangePasswordRequest(writer: Writer, message: AuthUserChangePasswordRequestInit): void {
  const name = message.name;
  if (name !== undefined && name !== "") {
    writer.byte(10);
    writer.string(name);
  }
  const password = message.password;
  if (password !== undefined && password !== "") {
    writer.byte(18);
    writer.string(password);
  }
  const hashedPassword = message.hashedPassword;
  if (hashedPassword !== undefined && hashedPassword !== "") {
    writer.byte(26);
    writer.string(hashedPassword);
  }
}

const FIELDS_OF_AUTH_USER_CHANGE_PASSWORD_REQUEST: ReadonlySet<number> = new Set([1, 2, 3]);

export function readAuthUserChangePasswordRequest(reader: Reader, message: AuthUserChangePasswordRequest = newAuthUserChangePasswordRequest()): AuthUserChangePasswordRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.string();
        break;
      }
      case 18: {
        message.password = reader.string();
        break;
      }
      case 26: {
        message.hashedPassword = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_CHANGE_PASSWORD_REQUEST);
    }
  }
  return message;
}

export const AuthUserChangePasswordRequest: MessageCodec<AuthUserChangePasswordRequest, AuthUserChangePasswordRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserChangePasswordRequest",
  create: createAuthUserChangePasswordRequest,
  size: sizeAuthUserChangePasswordRequest,
  write: writeAuthUserChangePasswordRequest,
  read: readAuthUserChangePasswordRequest,
});

export interface AuthUserChangePasswordResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthUserChangePasswordResponse} accepts. */
export interface AuthUserChangePasswordResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthUserChangePasswordResponse(): AuthUserChangePasswordResponse {
  return { header: null };
}

export function createAuthUserChangePasswordResponse(init: AuthUserChangePasswordResponseInit): AuthUserChangePasswordResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthUserChangePasswordResponse(writer: Writer, message: AuthUserChangePasswordResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthUserChangePasswordResponse(writer: Writer, message: AuthUserChangePasswordResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_USER_CHANGE_PASSWORD_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthUserChangePasswordResponse(reader: Reader, message: AuthUserChangePasswordResponse = newAuthUserChangePasswordResponse()): AuthUserChangePasswordResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_CHANGE_PASSWORD_RESPONSE);
    }
  }
  return message;
}

export const AuthUserChangePasswordResponse: MessageCodec<AuthUserChangePasswordResponse, AuthUserChangePasswordResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserChangePasswordResponse",
  create: createAuthUserChangePasswordResponse,
  size: sizeAuthUserChangePasswordResponse,
  write: writeAuthUserChangePasswordResponse,
  read: readAuthUserChangePasswordResponse,
});

export interface AuthUserGrantRoleRequest {
  user: string;
  role: string;
}

/** What encoding {@link AuthUserGrantRoleRequest} accepts. */
export interface AuthUserGrantRoleRequestInit {
  readonly user?: string | undefined;
  readonly role?: string | undefined;
}

export function newAuthUserGrantRoleRequest(): AuthUserGrantRoleRequest {
  return { user: "", role: "" };
}

export function createAuthUserGrantRoleRequest(init: AuthUserGrantRoleRequestInit): AuthUserGrantRoleRequest {
  return {
    user: init.user ?? "",
    role: init.role ?? "",
  };
}

export function sizeAuthUserGrantRoleRequest(_writer: Writer, message: AuthUserGrantRoleRequestInit): number {
  let size = 0;
  const user = message.user;
  if (user !== undefined && user !== "") {
    size += 1 + sizeOfString(user);
  }
  const role = message.role;
  if (role !== undefined && role !== "") {
    size += 1 + sizeOfString(role);
  }
  return size;
}

export function writeAuthUserGrantRoleRequest(writer: Writer, message: AuthUserGrantRoleRequestInit): void {
  const user = message.user;
  if (user !== undefined && user !== "") {
    writer.byte(10);
    writer.string(user);
  }
  const role = message.role;
  if (role !== undefined && role !== "") {
    writer.byte(18);
    writer.string(role);
  }
}

const FIELDS_OF_AUTH_USER_GRANT_ROLE_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readAuthUserGrantRoleRequest(reader: Reader, message: AuthUserGrantRoleRequest = newAuthUserGrantRoleRequest()): AuthUserGrantRoleRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.user = reader.string();
        break;
      }
      case 18: {
        message.role = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_GRANT_ROLE_REQUEST);
    }
  }
  return message;
}

export const AuthUserGrantRoleRequest: MessageCodec<AuthUserGrantRoleRequest, AuthUserGrantRoleRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserGrantRoleRequest",
  create: createAuthUserGrantRoleRequest,
  size: sizeAuthUserGrantRoleRequest,
  write: writeAuthUserGrantRoleRequest,
  read: readAuthUserGrantRoleRequest,
});

export interface AuthUserGrantRoleResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthUserGrantRoleResponse} accepts. */
export interface AuthUserGrantRoleResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthUserGrantRoleResponse(): AuthUserGrantRoleResponse {
  return { header: null };
}

export function createAuthUserGrantRoleResponse(init: AuthUserGrantRoleResponseInit): AuthUserGrantRoleResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthUserGrantRoleResponse(writer: Writer, message: AuthUserGrantRoleResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthUserGrantRoleResponse(writer: Writer, message: AuthUserGrantRoleResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_USER_GRANT_ROLE_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthUserGrantRoleResponse(reader: Reader, message: AuthUserGrantRoleResponse = newAuthUserGrantRoleResponse()): AuthUserGrantRoleResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_GRANT_ROLE_RESPONSE);
    }
  }
  return message;
}

export const AuthUserGrantRoleResponse: MessageCodec<AuthUserGrantRoleResponse, AuthUserGrantRoleResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserGrantRoleResponse",
  create: createAuthUserGrantRoleResponse,
  size: sizeAuthUserGrantRoleResponse,
  write: writeAuthUserGrantRoleResponse,
  read: readAuthUserGrantRoleResponse,
});

export interface AuthUserRevokeRoleRequest {
  name: string;
  role: string;
}

/** What encoding {@link AuthUserRevokeRoleRequest} accepts. */
export interface AuthUserRevokeRoleRequestInit {
  readonly name?: string | undefined;
  readonly role?: string | undefined;
}

export function newAuthUserRevokeRoleRequest(): AuthUserRevokeRoleRequest {
  return { name: "", role: "" };
}

export function createAuthUserRevokeRoleRequest(init: AuthUserRevokeRoleRequestInit): AuthUserRevokeRoleRequest {
  return {
    name: init.name ?? "",
    role: init.role ?? "",
  };
}

export function sizeAuthUserRevokeRoleRequest(_writer: Writer, message: AuthUserRevokeRoleRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name !== "") {
    size += 1 + sizeOfString(name);
  }
  const role = message.role;
  if (role !== undefined && role !== "") {
    size += 1 + sizeOfString(role);
  }
  return size;
}

export function writeAuthUserRevokeRoleRequest(writer: Writer, message: AuthUserRevokeRoleRequestInit): void {
  const name = message.name;
  if (name !== undefined && name !== "") {
    writer.byte(10);
    writer.string(name);
  }
  const role = message.role;
  if (role !== undefined && role !== "") {
    writer.byte(18);
    writer.string(role);
  }
}

const FIELDS_OF_AUTH_USER_REVOKE_ROLE_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readAuthUserRevokeRoleRequest(reader: Reader, message: AuthUserRevokeRoleRequest = newAuthUserRevokeRoleRequest()): AuthUserRevokeRoleRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.string();
        break;
      }
      case 18: {
        message.role = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_REVOKE_ROLE_REQUEST);
    }
  }
  return message;
}

export const AuthUserRevokeRoleRequest: MessageCodec<AuthUserRevokeRoleRequest, AuthUserRevokeRoleRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserRevokeRoleRequest",
  create: createAuthUserRevokeRoleRequest,
  size: sizeAuthUserRevokeRoleRequest,
  write: writeAuthUserRevokeRoleRequest,
  read: readAuthUserRevokeRoleRequest,
});

export interface AuthUserRevokeRoleResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthUserRevokeRoleResponse} accepts. */
export interface AuthUserRevokeRoleResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthUserRevokeRoleResponse(): AuthUserRevokeRoleResponse {
  return { header: null };
}

export function createAuthUserRevokeRoleResponse(init: AuthUserRevokeRoleResponseInit): AuthUserRevokeRoleResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthUserRevokeRoleResponse(writer: Writer, message: AuthUserRevokeRoleResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthUserRevokeRoleResponse(writer: Writer, message: AuthUserRevokeRoleResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_USER_REVOKE_ROLE_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthUserRevokeRoleResponse(reader: Reader, message: AuthUserRevokeRoleResponse = newAuthUserRevokeRoleResponse()): AuthUserRevokeRoleResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_USER_REVOKE_ROLE_RESPONSE);
    }
  }
  return message;
}

export const AuthUserRevokeRoleResponse: MessageCodec<AuthUserRevokeRoleResponse, AuthUserRevokeRoleResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthUserRevokeRoleResponse",
  create: createAuthUserRevokeRoleResponse,
  size: sizeAuthUserRevokeRoleResponse,
  write: writeAuthUserRevokeRoleResponse,
  read: readAuthUserRevokeRoleResponse,
});

export interface AuthRoleAddRequest {
  name: string;
}

/** What encoding {@link AuthRoleAddRequest} accepts. */
export interface AuthRoleAddRequestInit {
  readonly name?: string | undefined;
}

export function newAuthRoleAddRequest(): AuthRoleAddRequest {
  return { name: "" };
}

export function createAuthRoleAddRequest(init: AuthRoleAddRequestInit): AuthRoleAddRequest {
  return {
    name: init.name ?? "",
  };
}

export function sizeAuthRoleAddRequest(_writer: Writer, message: AuthRoleAddRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name !== "") {
    size += 1 + sizeOfString(name);
  }
  return size;
}

export function writeAuthRoleAddRequest(writer: Writer, message: AuthRoleAddRequestInit): void {
  const name = message.name;
  if (name !== undefined && name !== "") {
    writer.byte(10);
    writer.string(name);
  }
}

const FIELDS_OF_AUTH_ROLE_ADD_REQUEST: ReadonlySet<number> = new Set([1]);

export function readAuthRoleAddRequest(reader: Reader, message: AuthRoleAddRequest = newAuthRoleAddRequest()): AuthRoleAddRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_ADD_REQUEST);
    }
  }
  return message;
}

export const AuthRoleAddRequest: MessageCodec<AuthRoleAddRequest, AuthRoleAddRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleAddRequest",
  create: createAuthRoleAddRequest,
  size: sizeAuthRoleAddRequest,
  write: writeAuthRoleAddRequest,
  read: readAuthRoleAddRequest,
});

export interface AuthRoleAddResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthRoleAddResponse} accepts. */
export interface AuthRoleAddResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthRoleAddResponse(): AuthRoleAddResponse {
  return { header: null };
}

export function createAuthRoleAddResponse(init: AuthRoleAddResponseInit): AuthRoleAddResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthRoleAddResponse(writer: Writer, message: AuthRoleAddResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthRoleAddResponse(writer: Writer, message: AuthRoleAddResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_ROLE_ADD_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthRoleAddResponse(reader: Reader, message: AuthRoleAddResponse = newAuthRoleAddResponse()): AuthRoleAddResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_ADD_RESPONSE);
    }
  }
  return message;
}

export const AuthRoleAddResponse: MessageCodec<AuthRoleAddResponse, AuthRoleAddResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleAddResponse",
  create: createAuthRoleAddResponse,
  size: sizeAuthRoleAddResponse,
  write: writeAuthRoleAddResponse,
  read: readAuthRoleAddResponse,
});

export interface AuthRoleGetRequest {
  role: string;
}

/** What encoding {@link AuthRoleGetRequest} accepts. */
export interface AuthRoleGetRequestInit {
  readonly role?: string | undefined;
}

export function newAuthRoleGetRequest(): AuthRoleGetRequest {
  return { role: "" };
}

export function createAuthRoleGetRequest(init: AuthRoleGetRequestInit): AuthRoleGetRequest {
  return {
    role: init.role ?? "",
  };
}

export function sizeAuthRoleGetRequest(_writer: Writer, message: AuthRoleGetRequestInit): number {
  let size = 0;
  const role = message.role;
  if (role !== undefined && role !== "") {
    size += 1 + sizeOfString(role);
  }
  return size;
}

export function writeAuthRoleGetRequest(writer: Writer, message: AuthRoleGetRequestInit): void {
  const role = message.role;
  if (role !== undefined && role !== "") {
    writer.byte(10);
    writer.string(role);
  }
}

const FIELDS_OF_AUTH_ROLE_GET_REQUEST: ReadonlySet<number> = new Set([1]);

export function readAuthRoleGetRequest(reader: Reader, message: AuthRoleGetRequest = newAuthRoleGetRequest()): AuthRoleGetRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.role = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_GET_REQUEST);
    }
  }
  return message;
}

export const AuthRoleGetRequest: MessageCodec<AuthRoleGetRequest, AuthRoleGetRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleGetRequest",
  create: createAuthRoleGetRequest,
  size: sizeAuthRoleGetRequest,
  write: writeAuthRoleGetRequest,
  read: readAuthRoleGetRequest,
});

export interface AuthRoleGetResponse {
  header: ResponseHeader | null;
  perm: Permission[];
}

/** What encoding {@link AuthRoleGetResponse} accepts. */
export interface AuthRoleGetResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly perm?: readonly PermissionInit[] | undefined;
}

export function newAuthRoleGetResponse(): AuthRoleGetResponse {
  return { header: null, perm: [] };
}

export function createAuthRoleGetResponse(init: AuthRoleGetResponseInit): AuthRoleGetResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    perm: init.perm?.map((each) => (createPermission(each))) ?? [],
  };
}

export function sizeAuthRoleGetResponse(writer: Writer, message: AuthRoleGetResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const perm = message.perm;
  if (perm !== undefined) {
    for (const each of perm) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizePermission(writer, each));
    }
  }
  return size;
}

export function writeAuthRoleGetResponse(writer: Writer, message: AuthRoleGetResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const perm = message.perm;
  if (perm !== undefined) {
    for (const each of perm) {
      writer.byte(18);
      writer.nextSize();
      writePermission(writer, each);
    }
  }
}

const FIELDS_OF_AUTH_ROLE_GET_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readAuthRoleGetResponse(reader: Reader, message: AuthRoleGetResponse = newAuthRoleGetResponse()): AuthRoleGetResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.perm.push(readPermission(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_GET_RESPONSE);
    }
  }
  return message;
}

export const AuthRoleGetResponse: MessageCodec<AuthRoleGetResponse, AuthRoleGetResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleGetResponse",
  create: createAuthRoleGetResponse,
  size: sizeAuthRoleGetResponse,
  write: writeAuthRoleGetResponse,
  read: readAuthRoleGetResponse,
});

export interface AuthRoleListRequest {}

/** What encoding {@link AuthRoleListRequest} accepts. */
export interface AuthRoleListRequestInit {}

export function newAuthRoleListRequest(): AuthRoleListRequest {
  return {};
}

export function createAuthRoleListRequest(_init: AuthRoleListRequestInit): AuthRoleListRequest {
  return {};
}

export function sizeAuthRoleListRequest(_writer: Writer, _message: AuthRoleListRequestInit): number {
  return 0;
}

export function writeAuthRoleListRequest(_writer: Writer, _message: AuthRoleListRequestInit): void {}

const FIELDS_OF_AUTH_ROLE_LIST_REQUEST: ReadonlySet<number> = new Set([]);

export function readAuthRoleListRequest(reader: Reader, message: AuthRoleListRequest = newAuthRoleListRequest()): AuthRoleListRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    reader.skip(tag, FIELDS_OF_AUTH_ROLE_LIST_REQUEST);
  }
  return message;
}

export const AuthRoleListRequest: MessageCodec<AuthRoleListRequest, AuthRoleListRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleListRequest",
  create: createAuthRoleListRequest,
  size: sizeAuthRoleListRequest,
  write: writeAuthRoleListRequest,
  read: readAuthRoleListRequest,
});

export interface AuthRoleListResponse {
  header: ResponseHeader | null;
  roles: string[];
}

/** What encoding {@link AuthRoleListResponse} accepts. */
export interface AuthRoleListResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly roles?: readonly string[] | undefined;
}

export function newAuthRoleListResponse(): AuthRoleListResponse {
  return { header: null, roles: [] };
}

export function createAuthRoleListResponse(init: AuthRoleListResponseInit): AuthRoleListResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    roles: init.roles?.slice() ?? [],
  };
}

export function sizeAuthRoleListResponse(writer: Writer, message: AuthRoleListResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const roles = message.roles;
  if (roles !== undefined) {
    for (const each of roles) {
      size += 1 + sizeOfString(each);
    }
  }
  return size;
}

export function writeAuthRoleListResponse(writer: Writer, message: AuthRoleListResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const roles = message.roles;
  if (roles !== undefined) {
    for (const each of roles) {
      writer.byte(18);
      writer.string(each);
    }
  }
}

const FIELDS_OF_AUTH_ROLE_LIST_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readAuthRoleListResponse(reader: Reader, message: AuthRoleListResponse = newAuthRoleListResponse()): AuthRoleListResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        message.roles.push(reader.string());
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_LIST_RESPONSE);
    }
  }
  return message;
}

export const AuthRoleListResponse: MessageCodec<AuthRoleListResponse, AuthRoleListResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleListResponse",
  create: createAuthRoleListResponse,
  size: sizeAuthRoleListResponse,
  write: writeAuthRoleListResponse,
  read: readAuthRoleListResponse,
});

export interface AuthRoleDeleteRequest {
  role: string;
}

/** What encoding {@link AuthRoleDeleteRequest} accepts. */
export interface AuthRoleDeleteRequestInit {
  readonly role?: string | undefined;
}

export function newAuthRoleDeleteRequest(): AuthRoleDeleteRequest {
  return { role: "" };
}

export function createAuthRoleDeleteRequest(init: AuthRoleDeleteRequestInit): AuthRoleDeleteRequest {
  return {
    role: init.role ?? "",
  };
}

export function sizeAuthRoleDeleteRequest(_writer: Writer, message: AuthRoleDeleteRequestInit): number {
  let size = 0;
  const role = message.role;
  if (role !== undefined && role !== "") {
    size += 1 + sizeOfString(role);
  }
  return size;
}

export function writeAuthRoleDeleteRequest(writer: Writer, message: AuthRoleDeleteRequestInit): void {
  const role = message.role;
  if (role !== undefined && role !== "") {
    writer.byte(10);
    writer.string(role);
  }
}

const FIELDS_OF_AUTH_ROLE_DELETE_REQUEST: ReadonlySet<number> = new Set([1]);

export function readAuthRoleDeleteRequest(reader: Reader, message: AuthRoleDeleteRequest = newAuthRoleDeleteRequest()): AuthRoleDeleteRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.role = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_DELETE_REQUEST);
    }
  }
  return message;
}

export const AuthRoleDeleteRequest: MessageCodec<AuthRoleDeleteRequest, AuthRoleDeleteRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleDeleteRequest",
  create: createAuthRoleDeleteRequest,
  size: sizeAuthRoleDeleteRequest,
  write: writeAuthRoleDeleteRequest,
  read: readAuthRoleDeleteRequest,
});

export interface AuthRoleDeleteResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthRoleDeleteResponse} accepts. */
export interface AuthRoleDeleteResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthRoleDeleteResponse(): AuthRoleDeleteResponse {
  return { header: null };
}

export function createAuthRoleDeleteResponse(init: AuthRoleDeleteResponseInit): AuthRoleDeleteResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthRoleDeleteResponse(writer: Writer, message: AuthRoleDeleteResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthRoleDeleteResponse(writer: Writer, message: AuthRoleDeleteResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_ROLE_DELETE_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthRoleDeleteResponse(reader: Reader, message: AuthRoleDeleteResponse = newAuthRoleDeleteResponse()): AuthRoleDeleteResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_DELETE_RESPONSE);
    }
  }
  return message;
}

export const AuthRoleDeleteResponse: MessageCodec<AuthRoleDeleteResponse, AuthRoleDeleteResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleDeleteResponse",
  create: createAuthRoleDeleteResponse,
  size: sizeAuthRoleDeleteResponse,
  write: writeAuthRoleDeleteResponse,
  read: readAuthRoleDeleteResponse,
});

export interface AuthRoleGrantPermissionRequest {
  name: string;
  perm: Permission | null;
}

/** What encoding {@link AuthRoleGrantPermissionRequest} accepts. */
export interface AuthRoleGrantPermissionRequestInit {
  readonly name?: string | undefined;
  readonly perm?: PermissionInit | null | undefined;
}

export function newAuthRoleGrantPermissionRequest(): AuthRoleGrantPermissionRequest {
  return { name: "", perm: null };
}

export function createAuthRoleGrantPermissionRequest(init: AuthRoleGrantPermissionRequestInit): AuthRoleGrantPermissionRequest {
  return {
    name: init.name ?? "",
    perm: init.perm == null ? null : createPermission(init.perm),
  };
}

export function sizeAuthRoleGrantPermissionRequest(writer: Writer, message: AuthRoleGrantPermissionRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name !== "") {
    size += 1 + sizeOfString(name);
  }
  const perm = message.perm;
  if (perm != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizePermission(writer, perm));
  }
  return size;
}

export function writeAuthRoleGrantPermissionRequest(writer: Writer, message: AuthRoleGrantPermissionRequestInit): void {
  const name = message.name;
  if (name !== undefined && name !== "") {
    writer.byte(10);
    writer.string(name);
  }
  const perm = message.perm;
  if (perm != null) {
    writer.byte(18);
    writer.nextSize();
    writePermission(writer, perm);
  }
}

const FIELDS_OF_AUTH_ROLE_GRANT_PERMISSION_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readAuthRoleGrantPermissionRequest(reader: Reader, message: AuthRoleGrantPermissionRequest = newAuthRoleGrantPermissionRequest()): AuthRoleGrantPermissionRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.string();
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.perm = readPermission(reader, message.perm ?? newPermission());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_GRANT_PERMISSION_REQUEST);
    }
  }
  return message;
}

export const AuthRoleGrantPermissionRequest: MessageCodec<AuthRoleGrantPermissionRequest, AuthRoleGrantPermissionRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleGrantPermissionRequest",
  create: createAuthRoleGrantPermissionRequest,
  size: sizeAuthRoleGrantPermissionRequest,
  write: writeAuthRoleGrantPermissionRequest,
  read: readAuthRoleGrantPermissionRequest,
});

export interface AuthRoleGrantPermissionResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthRoleGrantPermissionResponse} accepts. */
export interface AuthRoleGrantPermissionResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthRoleGrantPermissionResponse(): AuthRoleGrantPermissionResponse {
  return { header: null };
}

export function createAuthRoleGrantPermissionResponse(init: AuthRoleGrantPermissionResponseInit): AuthRoleGrantPermissionResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthRoleGrantPermissionResponse(writer: Writer, message: AuthRoleGrantPermissionResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthRoleGrantPermissionResponse(writer: Writer, message: AuthRoleGrantPermissionResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_ROLE_GRANT_PERMISSION_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthRoleGrantPermissionResponse(reader: Reader, message: AuthRoleGrantPermissionResponse = newAuthRoleGrantPermissionResponse()): AuthRoleGrantPermissionResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_GRANT_PERMISSION_RESPONSE);
    }
  }
  return message;
}

export const AuthRoleGrantPermissionResponse: MessageCodec<AuthRoleGrantPermissionResponse, AuthRoleGrantPermissionResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleGrantPermissionResponse",
  create: createAuthRoleGrantPermissionResponse,
  size: sizeAuthRoleGrantPermissionResponse,
  write: writeAuthRoleGrantPermissionResponse,
  read: readAuthRoleGrantPermissionResponse,
});

export interface AuthRoleRevokePermissionRequest {
  role: string;
  key: Uint8Array;
  rangeEnd: Uint8Array;
}

/** What encoding {@link AuthRoleRevokePermissionRequest} accepts. */
export interface AuthRoleRevokePermissionRequestInit {
  readonly role?: string | undefined;
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
}

export function newAuthRoleRevokePermissionRequest(): AuthRoleRevokePermissionRequest {
  return { role: "", key: EMPTY_BYTES, rangeEnd: EMPTY_BYTES };
}

export function createAuthRoleRevokePermissionRequest(init: AuthRoleRevokePermissionRequestInit): AuthRoleRevokePermissionRequest {
  return {
    role: init.role ?? "",
    key: init.key ?? EMPTY_BYTES,
    rangeEnd: init.rangeEnd ?? EMPTY_BYTES,
  };
}

export function sizeAuthRoleRevokePermissionRequest(_writer: Writer, message: AuthRoleRevokePermissionRequestInit): number {
  let size = 0;
  const role = message.role;
  if (role !== undefined && role !== "") {
    size += 1 + sizeOfString(role);
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    size += 1 + sizeOfLengthDelimited(rangeEnd.length);
  }
  return size;
}

export function writeAuthRoleRevokePermissionRequest(writer: Writer, message: AuthRoleRevokePermissionRequestInit): void {
  const role = message.role;
  if (role !== undefined && role !== "") {
    writer.byte(10);
    writer.string(role);
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(key);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    writer.byte(26);
    writer.lengthDelimited(rangeEnd);
  }
}

const FIELDS_OF_AUTH_ROLE_REVOKE_PERMISSION_REQUEST: ReadonlySet<number> = new Set([1, 2, 3]);

export function readAuthRoleRevokePermissionRequest(reader: Reader, message: AuthRoleRevokePermissionRequest = newAuthRoleRevokePermissionRequest()): AuthRoleRevokePermissionRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.role = reader.string();
        break;
      }
      case 18: {
        message.key = reader.bytes();
        break;
      }
      case 26: {
        message.rangeEnd = reader.bytes();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_REVOKE_PERMISSION_REQUEST);
    }
  }
  return message;
}

export const AuthRoleRevokePermissionRequest: MessageCodec<AuthRoleRevokePermissionRequest, AuthRoleRevokePermissionRequestInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleRevokePermissionRequest",
  create: createAuthRoleRevokePermissionRequest,
  size: sizeAuthRoleRevokePermissionRequest,
  write: writeAuthRoleRevokePermissionRequest,
  read: readAuthRoleRevokePermissionRequest,
});

export interface AuthRoleRevokePermissionResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link AuthRoleRevokePermissionResponse} accepts. */
export interface AuthRoleRevokePermissionResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newAuthRoleRevokePermissionResponse(): AuthRoleRevokePermissionResponse {
  return { header: null };
}

export function createAuthRoleRevokePermissionResponse(init: AuthRoleRevokePermissionResponseInit): AuthRoleRevokePermissionResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeAuthRoleRevokePermissionResponse(writer: Writer, message: AuthRoleRevokePermissionResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeAuthRoleRevokePermissionResponse(writer: Writer, message: AuthRoleRevokePermissionResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_AUTH_ROLE_REVOKE_PERMISSION_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readAuthRoleRevokePermissionResponse(reader: Reader, message: AuthRoleRevokePermissionResponse = newAuthRoleRevokePermissionResponse()): AuthRoleRevokePermissionResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header ?? newResponseHeader());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_AUTH_ROLE_REVOKE_PERMISSION_RESPONSE);
    }
  }
  return message;
}

export const AuthRoleRevokePermissionResponse: MessageCodec<AuthRoleRevokePermissionResponse, AuthRoleRevokePermissionResponseInit> = messageCodec({
  typeName: "etcdserverpb.AuthRoleRevokePermissionResponse",
  create: createAuthRoleRevokePermissionResponse,
  size: sizeAuthRoleRevokePermissionResponse,
  write: writeAuthRoleRevokePermissionResponse,
  read: readAuthRoleRevokePermissionResponse,
});

export const KV = {
  Range: {
    path: "/etcdserverpb.KV/Range",
    request: RangeRequest,
    response: RangeResponse,
    requestStream: false,
    responseStream: false,
  },
  Put: {
    path: "/etcdserverpb.KV/Put",
    request: PutRequest,
    response: PutResponse,
    requestStream: false,
    responseStream: false,
  },
  DeleteRange: {
    path: "/etcdserverpb.KV/DeleteRange",
    request: DeleteRangeRequest,
    response: DeleteRangeResponse,
    requestStream: false,
    responseStream: false,
  },
  Txn: {
    path: "/etcdserverpb.KV/Txn",
    request: TxnRequest,
    response: TxnResponse,
    requestStream: false,
    responseStream: false,
  },
  Compact: {
    path: "/etcdserverpb.KV/Compact",
    request: CompactionRequest,
    response: CompactionResponse,
    requestStream: false,
    responseStream: false,
  },
} as const satisfies ServiceDescriptor;

export const Watch = {
  /** Many watchers share one stream, told apart by watch_id. */
  Watch: {
    path: "/etcdserverpb.Watch/Watch",
    request: WatchRequest,
    response: WatchResponse,
    requestStream: true,
    responseStream: true,
  },
} as const satisfies ServiceDescriptor;

export const Lease = {
  LeaseGrant: {
    path: "/etcdserverpb.Lease/LeaseGrant",
    request: LeaseGrantRequest,
    response: LeaseGrantResponse,
    requestStream: false,
    responseStream: false,
  },
  LeaseRevoke: {
    path: "/etcdserverpb.Lease/LeaseRevoke",
    request: LeaseRevokeRequest,
    response: LeaseRevokeResponse,
    requestStream: false,
    responseStream: false,
  },
  LeaseKeepAlive: {
    path: "/etcdserverpb.Lease/LeaseKeepAlive",
    request: LeaseKeepAliveRequest,
    response: LeaseKeepAliveResponse,
    requestStream: true,
    responseStream: true,
  },
  LeaseTimeToLive: {
    path: "/etcdserverpb.Lease/LeaseTimeToLive",
    request: LeaseTimeToLiveRequest,
    response: LeaseTimeToLiveResponse,
    requestStream: false,
    responseStream: false,
  },
  LeaseLeases: {
    path: "/etcdserverpb.Lease/LeaseLeases",
    request: LeaseLeasesRequest,
    response: LeaseLeasesResponse,
    requestStream: false,
    responseStream: false,
  },
} as const satisfies ServiceDescriptor;

export const Cluster = {
  MemberAdd: {
    path: "/etcdserverpb.Cluster/MemberAdd",
    request: MemberAddRequest,
    response: MemberAddResponse,
    requestStream: false,
    responseStream: false,
  },
  MemberRemove: {
    path: "/etcdserverpb.Cluster/MemberRemove",
    request: MemberRemoveRequest,
    response: MemberRemoveResponse,
    requestStream: false,
    responseStream: false,
  },
  MemberUpdate: {
    path: "/etcdserverpb.Cluster/MemberUpdate",
    request: MemberUpdateRequest,
    response: MemberUpdateResponse,
    requestStream: false,
    responseStream: false,
  },
  MemberList: {
    path: "/etcdserverpb.Cluster/MemberList",
    request: MemberListRequest,
    response: MemberListResponse,
    requestStream: false,
    responseStream: false,
  },
  MemberPromote: {
    path: "/etcdserverpb.Cluster/MemberPromote",
    request: MemberPromoteRequest,
    response: MemberPromoteResponse,
    requestStream: false,
    responseStream: false,
  },
} as const satisfies ServiceDescriptor;

export const Maintenance = {
  Alarm: {
    path: "/etcdserverpb.Maintenance/Alarm",
    request: AlarmRequest,
    response: AlarmResponse,
    requestStream: false,
    responseStream: false,
  },
  Status: {
    path: "/etcdserverpb.Maintenance/Status",
    request: StatusRequest,
    response: StatusResponse,
    requestStream: false,
    responseStream: false,
  },
  Defragment: {
    path: "/etcdserverpb.Maintenance/Defragment",
    request: DefragmentRequest,
    response: DefragmentResponse,
    requestStream: false,
    responseStream: false,
  },
  Hash: {
    path: "/etcdserverpb.Maintenance/Hash",
    request: HashRequest,
    response: HashResponse,
    requestStream: false,
    responseStream: false,
  },
  HashKV: {
    path: "/etcdserverpb.Maintenance/HashKV",
    request: HashKVRequest,
    response: HashKVResponse,
    requestStream: false,
    responseStream: false,
  },
  Snapshot: {
    path: "/etcdserverpb.Maintenance/Snapshot",
    request: SnapshotRequest,
    response: SnapshotResponse,
    requestStream: false,
    responseStream: true,
  },
  MoveLeader: {
    path: "/etcdserverpb.Maintenance/MoveLeader",
    request: MoveLeaderRequest,
    response: MoveLeaderResponse,
    requestStream: false,
    responseStream: false,
  },
  Downgrade: {
    path: "/etcdserverpb.Maintenance/Downgrade",
    request: DowngradeRequest,
    response: DowngradeResponse,
    requestStream: false,
    responseStream: false,
  },
} as const satisfies ServiceDescriptor;

export const Auth = {
  AuthEnable: {
    path: "/etcdserverpb.Auth/AuthEnable",
    request: AuthEnableRequest,
    response: AuthEnableResponse,
    requestStream: false,
    responseStream: false,
  },
  AuthDisable: {
    path: "/etcdserverpb.Auth/AuthDisable",
    request: AuthDisableRequest,
    response: AuthDisableResponse,
    requestStream: false,
    responseStream: false,
  },
  AuthStatus: {
    path: "/etcdserverpb.Auth/AuthStatus",
    request: AuthStatusRequest,
    response: AuthStatusResponse,
    requestStream: false,
    responseStream: false,
  },
  Authenticate: {
    path: "/etcdserverpb.Auth/Authenticate",
    request: AuthenticateRequest,
    response: AuthenticateResponse,
    requestStream: false,
    responseStream: false,
  },
  UserAdd: {
    path: "/etcdserverpb.Auth/UserAdd",
    request: AuthUserAddRequest,
    response: AuthUserAddResponse,
    requestStream: false,
    responseStream: false,
  },
  UserGet: {
    path: "/etcdserverpb.Auth/UserGet",
    request: AuthUserGetRequest,
    response: AuthUserGetResponse,
    requestStream: false,
    responseStream: false,
  },
  UserList: {
    path: "/etcdserverpb.Auth/UserList",
    request: AuthUserListRequest,
    response: AuthUserListResponse,
    requestStream: false,
    responseStream: false,
  },
  UserDelete: {
    path: "/etcdserverpb.Auth/UserDelete",
    request: AuthUserDeleteRequest,
    response: AuthUserDeleteResponse,
    requestStream: false,
    responseStream: false,
  },
  UserChangePassword: {
    path: "/etcdserverpb.Auth/UserChangePassword",
    request: AuthUserChangePasswordRequest,
    response: AuthUserChangePasswordResponse,
    requestStream: false,
    responseStream: false,
  },
  UserGrantRole: {
    path: "/etcdserverpb.Auth/UserGrantRole",
    request: AuthUserGrantRoleRequest,
    response: AuthUserGrantRoleResponse,
    requestStream: false,
    responseStream: false,
  },
  UserRevokeRole: {
    path: "/etcdserverpb.Auth/UserRevokeRole",
    request: AuthUserRevokeRoleRequest,
    response: AuthUserRevokeRoleResponse,
    requestStream: false,
    responseStream: false,
  },
  RoleAdd: {
    path: "/etcdserverpb.Auth/RoleAdd",
    request: AuthRoleAddRequest,
    response: AuthRoleAddResponse,
    requestStream: false,
    responseStream: false,
  },
  RoleGet: {
    path: "/etcdserverpb.Auth/RoleGet",
    request: AuthRoleGetRequest,
    response: AuthRoleGetResponse,
    requestStream: false,
    responseStream: false,
  },
  RoleList: {
    path: "/etcdserverpb.Auth/RoleList",
    request: AuthRoleListRequest,
    response: AuthRoleListResponse,
    requestStream: false,
    responseStream: false,
  },
  RoleDelete: {
    path: "/etcdserverpb.Auth/RoleDelete",
    request: AuthRoleDeleteRequest,
    response: AuthRoleDeleteResponse,
    requestStream: false,
    responseStream: false,
  },
  RoleGrantPermission: {
    path: "/etcdserverpb.Auth/RoleGrantPermission",
    request: AuthRoleGrantPermissionRequest,
    response: AuthRoleGrantPermissionResponse,
    requestStream: false,
    responseStream: false,
  },
  RoleRevokePermission: {
    path: "/etcdserverpb.Auth/RoleRevokePermission",
    request: AuthRoleRevokePermissionRequest,
    response: AuthRoleRevokePermissionResponse,
    requestStream: false,
    responseStream: false,
  },
} as const satisfies ServiceDescriptor;
