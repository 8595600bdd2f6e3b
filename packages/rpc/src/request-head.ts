import { parseTimeoutMs } from "./grpc-text.ts";
import type { RememberedHead } from "./head-memory.ts";
import { FieldKind, type HeaderField, HeaderList, NO_METADATA } from "./header-field.ts";
import type { Metadata } from "./metadata.ts";

/** The header block of a request, understood. */
export interface RequestHead extends RememberedHead {
  readonly path: string;
  readonly metadata: Metadata;
  /** From `grpc-timeout`; null without. ms */
  readonly timeoutMs: number | null;
  readonly encoding: string | null;
  /** -1 without `content-length`. */
  readonly contentLength: number;
  readonly verdict: HeadVerdict;
}

/**
 * What becomes of it: "call"; "malformed", a stream error (RFC 9113 8.1.1); or refused by HTTP status, being no gRPC
 * request at all (gRPC over HTTP/2, "Requests": 415 for another content-type).
 */
export type HeadVerdict = "call" | "malformed" | "not-post" | "not-grpc" | "bad-timeout";

/** Reads fields in order. Pseudo-fields come first and once, and all that a request needs (RFC 9113 8.3.1). */
export function readRequestHead(fields: readonly HeaderField[]): RequestHead {
  let method: string | null = null;
  let scheme = false;
  let authority = false;
  let path = "";
  let contentType = "";
  let contentLength = -1;
  let encoding: string | null = null;
  let timeout: string | null = null;
  let malformed = false;
  let pseudoFields = 0;
  for (let at = 0; at < fields.length; at += 1) {
    const field = fields[at]!;
    const { kind, value } = field;
    if (kind >= FieldKind.METHOD && kind <= FieldKind.STATUS) {
      if (pseudoFields < at) malformed = true; // after a regular field
      pseudoFields += 1;
    }
    switch (kind) {
      case FieldKind.METHOD:
        if (method !== null) malformed = true;
        method = value;
        break;
      case FieldKind.SCHEME:
        if (scheme) malformed = true;
        scheme = true;
        break;
      case FieldKind.PATH:
        if (path !== "" || value === "") malformed = true;
        path = value;
        break;
      case FieldKind.AUTHORITY:
        if (authority) malformed = true;
        authority = true;
        break;
      case FieldKind.STATUS:
      case FieldKind.MALFORMED:
        malformed = true;
        break;
      case FieldKind.CONTENT_TYPE:
        contentType = value;
        break;
      case FieldKind.CONTENT_LENGTH:
        contentLength = parseLength(value, contentLength);
        if (contentLength < 0) malformed = true;
        break;
      case FieldKind.GRPC_TIMEOUT:
        timeout = value;
        break;
      case FieldKind.GRPC_ENCODING:
        encoding = value;
        break;
      default:
    }
  }
  if (method === null || !scheme || path === "") malformed = true;
  const timeoutMs = timeout === null ? null : parseTimeoutMs(timeout);
  let verdict: HeadVerdict = "call";
  if (malformed) verdict = "malformed";
  else if (method !== "POST") verdict = "not-post";
  else if (!isGrpc(contentType)) verdict = "not-grpc";
  else if (timeout !== null && timeoutMs === null) verdict = "bad-timeout";
  const regular = fields.slice(pseudoFields);
  const metadata = regular.length === 0 || malformed ? NO_METADATA : new HeaderList(regular);
  const passing = timeout !== null;
  return { passing, path, metadata, timeoutMs, encoding, contentLength, verdict };
}

/** Digits that agree with what was said before, else -1 (RFC 9110 8.6). */
function parseLength(value: string, before: number): number {
  if (!/^\d{1,15}$/.test(value)) return -1;
  const length = Number(value);
  return before === -1 || before === length ? length : -1;
}

/** `application/grpc`, alone or with a `+` or `;` suffix. */
export function isGrpc(contentType: string): boolean {
  if (contentType === "application/grpc") return true;
  return contentType.startsWith("application/grpc+") || contentType.startsWith("application/grpc;");
}
