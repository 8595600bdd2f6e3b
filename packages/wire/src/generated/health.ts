// Generated from grpc/health/v1/health.proto by codegen/generate.mjs: change that and run `pnpm generate`.

import { type MessageCodec, messageCodec } from "../codec/message-codec.ts";
import { type ServiceDescriptor } from "../codec/method.ts";
import { type Reader } from "../codec/reader.ts";
import { sizeOfInt32, sizeOfString, type Writer } from "../codec/writer.ts";

export const ServingStatus = {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus] | (number & Record<never, never>);

export interface HealthCheckRequest {
  /** Empty asks for the server as a whole. */
  service: string;
}

/** What encoding {@link HealthCheckRequest} accepts. */
export interface HealthCheckRequestInit {
  readonly service?: string | undefined;
}

export function newHealthCheckRequest(): HealthCheckRequest {
  return { service: "" };
}

export function createHealthCheckRequest(init: HealthCheckRequestInit): HealthCheckRequest {
  return {
    service: init.service ?? "",
  };
}

export function sizeHealthCheckRequest(_writer: Writer, message: HealthCheckRequestInit): number {
  let size = 0;
  const service = message.service;
  if (service !== undefined && service !== "") {
    size += 1 + sizeOfString(service);
  }
  return size;
}

export function writeHealthCheckRequest(writer: Writer, message: HealthCheckRequestInit): void {
  const service = message.service;
  if (service !== undefined && service !== "") {
    writer.byte(10);
    writer.string(service);
  }
}

const FIELDS_OF_HEALTH_CHECK_REQUEST: ReadonlySet<number> = new Set([1]);

export function readHealthCheckRequest(reader: Reader, message: HealthCheckRequest = newHealthCheckRequest()): HealthCheckRequest {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.service = reader.string();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_HEALTH_CHECK_REQUEST);
    }
  }
  return message;
}

export const HealthCheckRequest: MessageCodec<HealthCheckRequest, HealthCheckRequestInit> = messageCodec({
  typeName: "grpc.health.v1.HealthCheckRequest",
  create: createHealthCheckRequest,
  size: sizeHealthCheckRequest,
  write: writeHealthCheckRequest,
  read: readHealthCheckRequest,
});

export interface HealthCheckResponse {
  status: ServingStatus;
}

/** What encoding {@link HealthCheckResponse} accepts. */
export interface HealthCheckResponseInit {
  readonly status?: ServingStatus | undefined;
}

export function newHealthCheckResponse(): HealthCheckResponse {
  return { status: 0 };
}

export function createHealthCheckResponse(init: HealthCheckResponseInit): HealthCheckResponse {
  return {
    status: init.status ?? 0,
  };
}

export function sizeHealthCheckResponse(_writer: Writer, message: HealthCheckResponseInit): number {
  let size = 0;
  const status = message.status;
  if (status !== undefined && status !== 0) {
    size += 1 + sizeOfInt32(status);
  }
  return size;
}

export function writeHealthCheckResponse(writer: Writer, message: HealthCheckResponseInit): void {
  const status = message.status;
  if (status !== undefined && status !== 0) {
    writer.byte(8);
    writer.int32(status);
  }
}

const FIELDS_OF_HEALTH_CHECK_RESPONSE: ReadonlySet<number> = new Set([1]);

export function readHealthCheckResponse(reader: Reader, message: HealthCheckResponse = newHealthCheckResponse()): HealthCheckResponse {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.status = reader.int32();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_HEALTH_CHECK_RESPONSE);
    }
  }
  return message;
}

export const HealthCheckResponse: MessageCodec<HealthCheckResponse, HealthCheckResponseInit> = messageCodec({
  typeName: "grpc.health.v1.HealthCheckResponse",
  create: createHealthCheckResponse,
  size: sizeHealthCheckResponse,
  write: writeHealthCheckResponse,
  read: readHealthCheckResponse,
});

export const Health = {
  Check: {
    path: "/grpc.health.v1.Health/Check",
    request: HealthCheckRequest,
    response: HealthCheckResponse,
    requestStream: false,
    responseStream: false,
  },
  /** The current status, then every change of it. */
  Watch: {
    path: "/grpc.health.v1.Health/Watch",
    request: HealthCheckRequest,
    response: HealthCheckResponse,
    requestStream: false,
    responseStream: true,
  },
} as const satisfies ServiceDescriptor;
