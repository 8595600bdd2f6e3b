import { decodeGrpcMessage } from "./grpc-text.ts";
import type { RememberedHead } from "./head-memory.ts";
import { FieldKind, type HeaderField, HeaderList, NO_METADATA } from "./header-field.ts";
import type { Metadata } from "./metadata.ts";
import { isGrpc } from "./request-head.ts";
import { Status, type StatusCode } from "./status.ts";

/** A header block that a server sent: response headers, trailers, or both in one. */
export interface ResponseHead extends RememberedHead {
  /** `:status`, 0 if there was none, as in trailers. */
  readonly httpStatus: number;
  readonly isGrpc: boolean;
  /** From `grpc-status`; null without. */
  readonly code: StatusCode | null;
  readonly message: string;
  readonly encoding: string | null;
  readonly contentLength: number;
  readonly metadata: Metadata;
  readonly malformed: boolean;
}

export function readResponseHead(fields: readonly HeaderField[]): ResponseHead {
  let httpStatus = 0;
  let contentType = "";
  let code: StatusCode | null = null;
  let message = "";
  let encoding: string | null = null;
  let contentLength = -1;
  let malformed = false;
  let pseudoFields = 0;
  for (let at = 0; at < fields.length; at += 1) {
    const { kind, value } = fields[at]!;
    switch (kind) {
      case FieldKind.STATUS:
        if (at > 0 || !/^[1-5]\d\d$/.test(value)) malformed = true;
        httpStatus = Number(value);
        pseudoFields = 1;
        break;
      case FieldKind.METHOD:
      case FieldKind.SCHEME:
      case FieldKind.PATH:
      case FieldKind.AUTHORITY:
      case FieldKind.MALFORMED:
        malformed = true;
        break;
      case FieldKind.CONTENT_TYPE:
        contentType = value;
        break;
      case FieldKind.CONTENT_LENGTH:
        if (/^\d{1,15}$/.test(value)) contentLength = Number(value);
        else malformed = true;
        break;
      case FieldKind.GRPC_STATUS:
        code = statusCode(value);
        break;
      case FieldKind.GRPC_MESSAGE:
        message = decodeGrpcMessage(value);
        break;
      case FieldKind.GRPC_ENCODING:
        encoding = value;
        break;
      default:
    }
  }
  const regular = fields.slice(pseudoFields);
  const metadata = regular.length === 0 ? NO_METADATA : new HeaderList(regular);
  return {
    passing: message !== "",
    httpStatus,
    isGrpc: isGrpc(contentType),
    code,
    message,
    encoding,
    contentLength,
    metadata,
    malformed,
  };
}

/** A code the specification does not know counts as UNKNOWN. */
function statusCode(value: string): StatusCode {
  const code = /^\d{1,3}$/.test(value) ? Number(value) : Status.UNKNOWN;
  return code <= Status.UNAUTHENTICATED ? (code as StatusCode) : Status.UNKNOWN;
}

/** The status of an answer that is HTTP but not gRPC ("HTTP to gRPC Status Code Mapping"). */
export function codeOfHttpStatus(httpStatus: number): StatusCode {
  switch (httpStatus) {
    case 400:
      return Status.INTERNAL;
    case 401:
      return Status.UNAUTHENTICATED;
    case 403:
      return Status.PERMISSION_DENIED;
    case 404:
      return Status.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return Status.UNAVAILABLE;
    default:
      return Status.UNKNOWN;
  }
}
