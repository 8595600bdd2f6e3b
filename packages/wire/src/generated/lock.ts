// Generated from v3lockpb/lock.proto by codegen/generate.mjs: change that and run `pnpm generate`.

import { type MessageCodec, messageCodec } from "../codec/message-codec.ts";
import { type ServiceDescriptor } from "../codec/method.ts";
import { EMPTY_BYTES, type Reader } from "../codec/reader.ts";
import { sizeOfInt64Bigint, sizeOfLengthDelimited, type Writer } from "../codec/writer.ts";
import { type ResponseHeader, type ResponseHeaderInit, newResponseHeader, createResponseHeader, sizeResponseHeader, writeResponseHeader, readResponseHeader } from "./rpc.ts";

export interface LockRequest {
  name: Uint8Array;
  /** The lock lives as long as this lease; 0 lets the server make one that nobody renews. */
  lease: bigint;
}

/** What encoding {@link LockRequest} accepts. */
export interface LockRequestInit {
  readonly name?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
}

export function newLockRequest(): LockRequest {
  return { name: EMPTY_BYTES, lease: 0n };
}

export function createLockRequest(init: LockRequestInit): LockRequest {
  return {
    name: init.name ?? EMPTY_BYTES,
    lease: init.lease ?? 0n,
  };
}

export function sizeLockRequest(_writer: Writer, message: LockRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    size += 1 + sizeOfLengthDelimited(name.length);
  }
  const lease = message.lease;
  if (lease !== undefined && lease !== 0n) {
    size += 1 + sizeOfInt64Bigint(lease);
  }
  return size;
}

export function writeLockRequest(writer: Writer, message: LockRequestInit): void {
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(name);
  }
  const lease = message.lease;
  if (lease !== undefined && lease !== 0n) {
    writer.byte(16);
    writer.int64Bigint(lease);
  }
}

const FIELDS_OF_LOCK_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readLockRequest(reader: Reader, message: LockRequest = newLockRequest()): LockRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.bytes();
        break;
      }
      case 16: {
        message.lease = reader.int64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LOCK_REQUEST);
    }
  }
  return message;
}

export const LockRequest: MessageCodec<LockRequest, LockRequestInit> = messageCodec({
  typeName: "v3lockpb.LockRequest",
  create: createLockRequest,
  size: sizeLockRequest,
  write: writeLockRequest,
  read: readLockRequest,
});

export interface LockResponse {
  header: ResponseHeader | null;
  /** The key that stands for the hold: exists while the lock is held, and is what Unlock takes. */
  key: Uint8Array;
}

/** What encoding {@link LockResponse} accepts. */
export interface LockResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly key?: Uint8Array | undefined;
}

export function newLockResponse(): LockResponse {
  return { header: null, key: EMPTY_BYTES };
}

export function createLockResponse(init: LockResponseInit): LockResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    key: init.key ?? EMPTY_BYTES,
  };
}

export function sizeLockResponse(writer: Writer, message: LockResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  return size;
}

export function writeLockResponse(writer: Writer, message: LockResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(key);
  }
}

const FIELDS_OF_LOCK_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readLockResponse(reader: Reader, message: LockResponse = newLockResponse()): LockResponse {
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
        message.key = reader.bytes();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LOCK_RESPONSE);
    }
  }
  return message;
}

export const LockResponse: MessageCodec<LockResponse, LockResponseInit> = messageCodec({
  typeName: "v3lockpb.LockResponse",
  create: createLockResponse,
  size: sizeLockResponse,
  write: writeLockResponse,
  read: readLockResponse,
});

export interface UnlockRequest {
  key: Uint8Array;
}

/** What encoding {@link UnlockRequest} accepts. */
export interface UnlockRequestInit {
  readonly key?: Uint8Array | undefined;
}

export function newUnlockRequest(): UnlockRequest {
  return { key: EMPTY_BYTES };
}

export function createUnlockRequest(init: UnlockRequestInit): UnlockRequest {
  return {
    key: init.key ?? EMPTY_BYTES,
  };
}

export function sizeUnlockRequest(_writer: Writer, message: UnlockRequestInit): number {
  let size = 0;
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  return size;
}

export function writeUnlockRequest(writer: Writer, message: UnlockRequestInit): void {
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(key);
  }
}

const FIELDS_OF_UNLOCK_REQUEST: ReadonlySet<number> = new Set([1]);

export function readUnlockRequest(reader: Reader, message: UnlockRequest = newUnlockRequest()): UnlockRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.key = reader.bytes();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_UNLOCK_REQUEST);
    }
  }
  return message;
}

export const UnlockRequest: MessageCodec<UnlockRequest, UnlockRequestInit> = messageCodec({
  typeName: "v3lockpb.UnlockRequest",
  create: createUnlockRequest,
  size: sizeUnlockRequest,
  write: writeUnlockRequest,
  read: readUnlockRequest,
});

export interface UnlockResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link UnlockResponse} accepts. */
export interface UnlockResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newUnlockResponse(): UnlockResponse {
  return { header: null };
}

export function createUnlockResponse(init: UnlockResponseInit): UnlockResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeUnlockResponse(writer: Writer, message: UnlockResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeUnlockResponse(writer: Writer, message: UnlockResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_UNLOCK_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readUnlockResponse(reader: Reader, message: UnlockResponse = newUnlockResponse()): UnlockResponse {
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
        reader.skip(tag, FIELDS_OF_UNLOCK_RESPONSE);
    }
  }
  return message;
}

export const UnlockResponse: MessageCodec<UnlockResponse, UnlockResponseInit> = messageCodec({
  typeName: "v3lockpb.UnlockResponse",
  create: createUnlockResponse,
  size: sizeUnlockResponse,
  write: writeUnlockResponse,
  read: readUnlockResponse,
});

export const Lock = {
  /** Answers once the lock is held. */
  Lock: {
    path: "/v3lockpb.Lock/Lock",
    request: LockRequest,
    response: LockResponse,
    requestStream: false,
    responseStream: false,
  },
  Unlock: {
    path: "/v3lockpb.Lock/Unlock",
    request: UnlockRequest,
    response: UnlockResponse,
    requestStream: false,
    responseStream: false,
  },
} as const satisfies ServiceDescriptor;
