// Generated from v3electionpb/election.proto by codegen/generate.mjs: change that and run `pnpm generate`.

import { type Encodable, isEncoded, type MessageCodec, messageCodec } from "../codec/message-codec.ts";
import { type ServiceDescriptor } from "../codec/method.ts";
import { EMPTY_BYTES, type Reader } from "../codec/reader.ts";
import { sizeOfInt64Bigint, sizeOfInt64Number, sizeOfLengthDelimited, type Writer } from "../codec/writer.ts";
import { KeyValue, type KeyValueInit, newKeyValue, createKeyValue, sizeKeyValue, writeKeyValue, readKeyValue } from "./kv.ts";
import { type ResponseHeader, type ResponseHeaderInit, newResponseHeader, createResponseHeader, sizeResponseHeader, writeResponseHeader, readResponseHeader } from "./rpc.ts";

export interface CampaignRequest {
  name: Uint8Array;
  lease: bigint;
  value: Uint8Array;
}

/** What encoding {@link CampaignRequest} accepts. */
export interface CampaignRequestInit {
  readonly name?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
  readonly value?: Uint8Array | undefined;
}

export function newCampaignRequest(): CampaignRequest {
  return { name: EMPTY_BYTES, lease: 0n, value: EMPTY_BYTES };
}

export function createCampaignRequest(init: CampaignRequestInit): CampaignRequest {
  return {
    name: init.name ?? EMPTY_BYTES,
    lease: init.lease ?? 0n,
    value: init.value ?? EMPTY_BYTES,
  };
}

export function sizeCampaignRequest(_writer: Writer, message: CampaignRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    size += 1 + sizeOfLengthDelimited(name.length);
  }
  const lease = message.lease;
  if (lease !== undefined && lease !== 0n) {
    size += 1 + sizeOfInt64Bigint(lease);
  }
  const value = message.value;
  if (value !== undefined && value.length > 0) {
    size += 1 + sizeOfLengthDelimited(value.length);
  }
  return size;
}

export function writeCampaignRequest(writer: Writer, message: CampaignRequestInit): void {
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
  const value = message.value;
  if (value !== undefined && value.length > 0) {
    writer.byte(26);
    writer.lengthDelimited(value);
  }
}

const FIELDS_OF_CAMPAIGN_REQUEST: ReadonlySet<number> = new Set([1, 2, 3]);

export function readCampaignRequest(reader: Reader, message: CampaignRequest = newCampaignRequest()): CampaignRequest {
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
      case 26: {
        message.value = reader.bytes();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_CAMPAIGN_REQUEST);
    }
  }
  return message;
}

export const CampaignRequest: MessageCodec<CampaignRequest, CampaignRequestInit> = messageCodec({
  typeName: "v3electionpb.CampaignRequest",
  create: createCampaignRequest,
  size: sizeCampaignRequest,
  write: writeCampaignRequest,
  read: readCampaignRequest,
});

export interface CampaignResponse {
  header: ResponseHeader | null;
  leader: LeaderKey | null;
}

/** What encoding {@link CampaignResponse} accepts. */
export interface CampaignResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly leader?: LeaderKeyInit | null | undefined;
}

export function newCampaignResponse(): CampaignResponse {
  return { header: null, leader: null };
}

export function createCampaignResponse(init: CampaignResponseInit): CampaignResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    leader: init.leader == null ? null : createLeaderKey(init.leader),
  };
}

export function sizeCampaignResponse(writer: Writer, message: CampaignResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  const leader = message.leader;
  if (leader != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeLeaderKey(writer, leader));
  }
  return size;
}

export function writeCampaignResponse(writer: Writer, message: CampaignResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
  const leader = message.leader;
  if (leader != null) {
    writer.byte(18);
    writer.nextSize();
    writeLeaderKey(writer, leader);
  }
}

const FIELDS_OF_CAMPAIGN_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readCampaignResponse(reader: Reader, message: CampaignResponse = newCampaignResponse()): CampaignResponse {
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
        message.leader = readLeaderKey(reader, message.leader ?? newLeaderKey());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_CAMPAIGN_RESPONSE);
    }
  }
  return message;
}

export const CampaignResponse: MessageCodec<CampaignResponse, CampaignResponseInit> = messageCodec({
  typeName: "v3electionpb.CampaignResponse",
  create: createCampaignResponse,
  size: sizeCampaignResponse,
  write: writeCampaignResponse,
  read: readCampaignResponse,
});

/** Proof of leadership, to be shown to Proclaim and Resign. */
export interface LeaderKey {
  name: Uint8Array;
  key: Uint8Array;
  /** Create revision of the key: leadership is over once it differs. */
  rev: number;
  lease: bigint;
}

/** What encoding {@link LeaderKey} accepts. */
export interface LeaderKeyInit {
  readonly name?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
  readonly rev?: number | undefined;
  readonly lease?: bigint | undefined;
}

export function newLeaderKey(): LeaderKey {
  return { name: EMPTY_BYTES, key: EMPTY_BYTES, rev: 0, lease: 0n };
}

export function createLeaderKey(init: LeaderKeyInit): LeaderKey {
  return {
    name: init.name ?? EMPTY_BYTES,
    key: init.key ?? EMPTY_BYTES,
    rev: init.rev ?? 0,
    lease: init.lease ?? 0n,
  };
}

export function sizeLeaderKey(_writer: Writer, message: LeaderKeyInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    size += 1 + sizeOfLengthDelimited(name.length);
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  const rev = message.rev;
  if (rev !== undefined && rev !== 0) {
    size += 1 + sizeOfInt64Number(rev);
  }
  const lease = message.lease;
  if (lease !== undefined && lease !== 0n) {
    size += 1 + sizeOfInt64Bigint(lease);
  }
  return size;
}

export function writeLeaderKey(writer: Writer, message: LeaderKeyInit): void {
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(name);
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(key);
  }
  const rev = message.rev;
  if (rev !== undefined && rev !== 0) {
    writer.byte(24);
    writer.int64Number(rev);
  }
  const lease = message.lease;
  if (lease !== undefined && lease !== 0n) {
    writer.byte(32);
    writer.int64Bigint(lease);
  }
}

const FIELDS_OF_LEADER_KEY: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readLeaderKey(reader: Reader, message: LeaderKey = newLeaderKey()): LeaderKey {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.bytes();
        break;
      }
      case 18: {
        message.key = reader.bytes();
        break;
      }
      case 24: {
        message.rev = reader.int64Number();
        break;
      }
      case 32: {
        message.lease = reader.int64Bigint();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEADER_KEY);
    }
  }
  return message;
}

export const LeaderKey: MessageCodec<LeaderKey, LeaderKeyInit> = messageCodec({
  typeName: "v3electionpb.LeaderKey",
  create: createLeaderKey,
  size: sizeLeaderKey,
  write: writeLeaderKey,
  read: readLeaderKey,
});

export interface LeaderRequest {
  name: Uint8Array;
}

/** What encoding {@link LeaderRequest} accepts. */
export interface LeaderRequestInit {
  readonly name?: Uint8Array | undefined;
}

export function newLeaderRequest(): LeaderRequest {
  return { name: EMPTY_BYTES };
}

export function createLeaderRequest(init: LeaderRequestInit): LeaderRequest {
  return {
    name: init.name ?? EMPTY_BYTES,
  };
}

export function sizeLeaderRequest(_writer: Writer, message: LeaderRequestInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    size += 1 + sizeOfLengthDelimited(name.length);
  }
  return size;
}

export function writeLeaderRequest(writer: Writer, message: LeaderRequestInit): void {
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(name);
  }
}

const FIELDS_OF_LEADER_REQUEST: ReadonlySet<number> = new Set([1]);

export function readLeaderRequest(reader: Reader, message: LeaderRequest = newLeaderRequest()): LeaderRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.bytes();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEADER_REQUEST);
    }
  }
  return message;
}

export const LeaderRequest: MessageCodec<LeaderRequest, LeaderRequestInit> = messageCodec({
  typeName: "v3electionpb.LeaderRequest",
  create: createLeaderRequest,
  size: sizeLeaderRequest,
  write: writeLeaderRequest,
  read: readLeaderRequest,
});

export interface LeaderResponse {
  header: ResponseHeader | null;
  kv: KeyValue | null;
}

/** What encoding {@link LeaderResponse} accepts. */
export interface LeaderResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
  readonly kv?: Encodable<KeyValueInit> | null | undefined;
}

export function newLeaderResponse(): LeaderResponse {
  return { header: null, kv: null };
}

export function createLeaderResponse(init: LeaderResponseInit): LeaderResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
    kv: init.kv == null ? null : isEncoded(init.kv) ? KeyValue.decode(init.kv) : createKeyValue(init.kv),
  };
}

export function sizeLeaderResponse(writer: Writer, message: LeaderResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
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
  return size;
}

export function writeLeaderResponse(writer: Writer, message: LeaderResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
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
}

const FIELDS_OF_LEADER_RESPONSE: ReadonlySet<number> = new Set([1, 2]);

export function readLeaderResponse(reader: Reader, message: LeaderResponse = newLeaderResponse()): LeaderResponse {
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
        message.kv = readKeyValue(reader, message.kv ?? newKeyValue());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_LEADER_RESPONSE);
    }
  }
  return message;
}

export const LeaderResponse: MessageCodec<LeaderResponse, LeaderResponseInit> = messageCodec({
  typeName: "v3electionpb.LeaderResponse",
  create: createLeaderResponse,
  size: sizeLeaderResponse,
  write: writeLeaderResponse,
  read: readLeaderResponse,
});

export interface ResignRequest {
  leader: LeaderKey | null;
}

/** What encoding {@link ResignRequest} accepts. */
export interface ResignRequestInit {
  readonly leader?: LeaderKeyInit | null | undefined;
}

export function newResignRequest(): ResignRequest {
  return { leader: null };
}

export function createResignRequest(init: ResignRequestInit): ResignRequest {
  return {
    leader: init.leader == null ? null : createLeaderKey(init.leader),
  };
}

export function sizeResignRequest(writer: Writer, message: ResignRequestInit): number {
  let size = 0;
  const leader = message.leader;
  if (leader != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeLeaderKey(writer, leader));
  }
  return size;
}

export function writeResignRequest(writer: Writer, message: ResignRequestInit): void {
  const leader = message.leader;
  if (leader != null) {
    writer.byte(10);
    writer.nextSize();
    writeLeaderKey(writer, leader);
  }
}

const FIELDS_OF_RESIGN_REQUEST: ReadonlySet<number> = new Set([1]);

export function readResignRequest(reader: Reader, message: ResignRequest = newResignRequest()): ResignRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.leader = readLeaderKey(reader, message.leader ?? newLeaderKey());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_RESIGN_REQUEST);
    }
  }
  return message;
}

export const ResignRequest: MessageCodec<ResignRequest, ResignRequestInit> = messageCodec({
  typeName: "v3electionpb.ResignRequest",
  create: createResignRequest,
  size: sizeResignRequest,
  write: writeResignRequest,
  read: readResignRequest,
});

export interface ResignResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link ResignResponse} accepts. */
export interface ResignResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newResignResponse(): ResignResponse {
  return { header: null };
}

export function createResignResponse(init: ResignResponseInit): ResignResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeResignResponse(writer: Writer, message: ResignResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeResignResponse(writer: Writer, message: ResignResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_RESIGN_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readResignResponse(reader: Reader, message: ResignResponse = newResignResponse()): ResignResponse {
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
        reader.skip(tag, FIELDS_OF_RESIGN_RESPONSE);
    }
  }
  return message;
}

export const ResignResponse: MessageCodec<ResignResponse, ResignResponseInit> = messageCodec({
  typeName: "v3electionpb.ResignResponse",
  create: createResignResponse,
  size: sizeResignResponse,
  write: writeResignResponse,
  read: readResignResponse,
});

export interface ProclaimRequest {
  leader: LeaderKey | null;
  value: Uint8Array;
}

/** What encoding {@link ProclaimRequest} accepts. */
export interface ProclaimRequestInit {
  readonly leader?: LeaderKeyInit | null | undefined;
  readonly value?: Uint8Array | undefined;
}

export function newProclaimRequest(): ProclaimRequest {
  return { leader: null, value: EMPTY_BYTES };
}

export function createProclaimRequest(init: ProclaimRequestInit): ProclaimRequest {
  return {
    leader: init.leader == null ? null : createLeaderKey(init.leader),
    value: init.value ?? EMPTY_BYTES,
  };
}

export function sizeProclaimRequest(writer: Writer, message: ProclaimRequestInit): number {
  let size = 0;
  const leader = message.leader;
  if (leader != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeLeaderKey(writer, leader));
  }
  const value = message.value;
  if (value !== undefined && value.length > 0) {
    size += 1 + sizeOfLengthDelimited(value.length);
  }
  return size;
}

export function writeProclaimRequest(writer: Writer, message: ProclaimRequestInit): void {
  const leader = message.leader;
  if (leader != null) {
    writer.byte(10);
    writer.nextSize();
    writeLeaderKey(writer, leader);
  }
  const value = message.value;
  if (value !== undefined && value.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(value);
  }
}

const FIELDS_OF_PROCLAIM_REQUEST: ReadonlySet<number> = new Set([1, 2]);

export function readProclaimRequest(reader: Reader, message: ProclaimRequest = newProclaimRequest()): ProclaimRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.leader = readLeaderKey(reader, message.leader ?? newLeaderKey());
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        message.value = reader.bytes();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_PROCLAIM_REQUEST);
    }
  }
  return message;
}

export const ProclaimRequest: MessageCodec<ProclaimRequest, ProclaimRequestInit> = messageCodec({
  typeName: "v3electionpb.ProclaimRequest",
  create: createProclaimRequest,
  size: sizeProclaimRequest,
  write: writeProclaimRequest,
  read: readProclaimRequest,
});

export interface ProclaimResponse {
  header: ResponseHeader | null;
}

/** What encoding {@link ProclaimResponse} accepts. */
export interface ProclaimResponseInit {
  readonly header?: ResponseHeaderInit | null | undefined;
}

export function newProclaimResponse(): ProclaimResponse {
  return { header: null };
}

export function createProclaimResponse(init: ProclaimResponseInit): ProclaimResponse {
  return {
    header: init.header == null ? null : createResponseHeader(init.header),
  };
}

export function sizeProclaimResponse(writer: Writer, message: ProclaimResponseInit): number {
  let size = 0;
  const header = message.header;
  if (header != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeResponseHeader(writer, header));
  }
  return size;
}

export function writeProclaimResponse(writer: Writer, message: ProclaimResponseInit): void {
  const header = message.header;
  if (header != null) {
    writer.byte(10);
    writer.nextSize();
    writeResponseHeader(writer, header);
  }
}

const FIELDS_OF_PROCLAIM_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readProclaimResponse(reader: Reader, message: ProclaimResponse = newProclaimResponse()): ProclaimResponse {
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
        reader.skip(tag, FIELDS_OF_PROCLAIM_RESPONSE);
    }
  }
  return message;
}

export const ProclaimResponse: MessageCodec<ProclaimResponse, ProclaimResponseInit> = messageCodec({
  typeName: "v3electionpb.ProclaimResponse",
  create: createProclaimResponse,
  size: sizeProclaimResponse,
  write: writeProclaimResponse,
  read: readProclaimResponse,
});

export const Election = {
  /** Answers once elected. */
  Campaign: {
    path: "/v3electionpb.Election/Campaign",
    request: CampaignRequest,
    response: CampaignResponse,
    requestStream: false,
    responseStream: false,
  },
  /** Changes the leader's value without a new election. */
  Proclaim: {
    path: "/v3electionpb.Election/Proclaim",
    request: ProclaimRequest,
    response: ProclaimResponse,
    requestStream: false,
    responseStream: false,
  },
  Leader: {
    path: "/v3electionpb.Election/Leader",
    request: LeaderRequest,
    response: LeaderResponse,
    requestStream: false,
    responseStream: false,
  },
  /** Every leader and proclaimed value, from the current one on. */
  Observe: {
    path: "/v3electionpb.Election/Observe",
    request: LeaderRequest,
    response: LeaderResponse,
    requestStream: false,
    responseStream: true,
  },
  Resign: {
    path: "/v3electionpb.Election/Resign",
    request: ResignRequest,
    response: ResignResponse,
    requestStream: false,
    responseStream: false,
  },
} as const satisfies ServiceDescriptor;
