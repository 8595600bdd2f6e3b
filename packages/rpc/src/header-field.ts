import type { Metadata } from "./metadata.ts";

/** What a header field means to this package; decided once, when the field enters a table. */
export const FieldKind = {
  REGULAR: 0,
  METHOD: 1,
  SCHEME: 2,
  PATH: 3,
  AUTHORITY: 4,
  STATUS: 5,
  CONTENT_TYPE: 6,
  CONTENT_LENGTH: 7,
  TE: 8,
  GRPC_TIMEOUT: 9,
  GRPC_ENCODING: 10,
  GRPC_STATUS: 11,
  GRPC_MESSAGE: 12,
  /** Makes the whole message malformed (RFC 9113 8.2, 8.3): the stream is reset. */
  MALFORMED: 13,
} as const;

export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

const KINDS = new Map<string, FieldKind>([
  [":method", FieldKind.METHOD],
  [":scheme", FieldKind.SCHEME],
  [":path", FieldKind.PATH],
  [":authority", FieldKind.AUTHORITY],
  [":status", FieldKind.STATUS],
  ["content-type", FieldKind.CONTENT_TYPE],
  ["content-length", FieldKind.CONTENT_LENGTH],
  ["te", FieldKind.TE],
  ["grpc-timeout", FieldKind.GRPC_TIMEOUT],
  ["grpc-encoding", FieldKind.GRPC_ENCODING],
  ["grpc-status", FieldKind.GRPC_STATUS],
  ["grpc-message", FieldKind.GRPC_MESSAGE],
  // Fields of a connection, which HTTP/2 has no use for (RFC 9113 8.2.2).
  ["connection", FieldKind.MALFORMED],
  ["keep-alive", FieldKind.MALFORMED],
  ["proxy-connection", FieldKind.MALFORMED],
  ["transfer-encoding", FieldKind.MALFORMED],
  ["upgrade", FieldKind.MALFORMED],
]);

/** Overhead of an entry in the dynamic table and in SETTINGS_MAX_HEADER_LIST_SIZE (RFC 7541 4.1, RFC 9113 6.5.2). */
export const ENTRY_OVERHEAD = 32;

/** One decoded field. Shared: the same object serves every request that names the table entry. */
export class HeaderField {
  readonly name: string;
  /** One character for each octet. */
  readonly value: string;
  readonly kind: FieldKind;
  /** Octets as RFC 7541 4.1 counts them. */
  readonly sizeBytes: number;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.kind = kindOf(name, value);
    this.sizeBytes = name.length + value.length + ENTRY_OVERHEAD;
  }
}

function kindOf(name: string, value: string): FieldKind {
  if (!isValidValue(value)) return FieldKind.MALFORMED;
  const known = KINDS.get(name);
  if (known === FieldKind.TE) return value === "trailers" ? known : FieldKind.MALFORMED;
  if (known !== undefined) return known;
  return isValidName(name) ? FieldKind.REGULAR : FieldKind.MALFORMED;
}

/** A regular name has no colon, no upper case, nothing at or below space or above 0x7e (RFC 9113 8.2.1). */
export function isValidName(name: string): boolean {
  if (name.length === 0) return false;
  for (let at = 0; at < name.length; at += 1) {
    const octet = name.charCodeAt(at);
    if (octet <= 0x20 || octet >= 0x7f || octet === 0x3a) return false;
    if (octet >= 0x41 && octet <= 0x5a) return false;
  }
  return true;
}

/** No NUL, CR or LF anywhere, no space or tab at either end (RFC 9113 8.2.1). */
export function isValidValue(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const octet = value.charCodeAt(at);
    if (octet === 0 || octet === 10 || octet === 13) return false;
  }
  if (value.length === 0) return true;
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  return first !== 0x20 && first !== 0x09 && last !== 0x20 && last !== 0x09;
}

/** Throws TypeError unless the pair may be sent: a caller's mistake must not become a peer's protocol error. */
export function requireValidField(name: string, value: string): void {
  if (!isValidName(name) || RESERVED_NAME.test(name))
    throw new TypeError(`not a metadata name: ${name}`);
  if (!isValidValue(value) || !ONE_OCTET_EACH.test(value)) {
    throw new TypeError(`not a metadata value, for ${name}; binary goes into names ending in -bin`);
  }
}

const RESERVED_NAME =
  /^(?:te|content-type|connection|keep-alive|transfer-encoding|upgrade|grpc-.*)$/;
const ONE_OCTET_EACH = /^[\x20-\x7e]*$/;

/** Metadata as the fields came: a scan over a handful of shared objects is cheaper than a Map of its own. */
export class HeaderList implements Metadata {
  readonly #fields: readonly HeaderField[];

  constructor(fields: readonly HeaderField[]) {
    this.#fields = fields;
  }

  get(name: string): string | undefined {
    let found: string | undefined;
    for (const field of this.#fields) {
      if (field.name !== name) continue;
      found = found === undefined ? field.value : `${found}, ${field.value}`;
    }
    return found;
  }

  *entries(): IterableIterator<readonly [string, string]> {
    const seen = new Set<string>();
    for (const { name } of this.#fields) {
      if (seen.has(name)) continue;
      seen.add(name);
      yield [name, this.get(name)!];
    }
  }
}

export const NO_METADATA: Metadata = new HeaderList([]);
