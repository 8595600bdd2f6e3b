import { LeaseGrantRequest, PutRequest, RangeRequest, WatchRequest } from "@conclave/wire";

const bytes = (text: string): Buffer => Buffer.from(text);

export function put(key: string, valueBytes: number, fill = "v"): Uint8Array {
  return PutRequest.encode({ key: bytes(key), value: Buffer.alloc(valueBytes, fill) });
}

/** All keys that begin with the prefix, which ends with a slash. */
export function rangeOf(
  prefix: string,
  fields: Parameters<typeof RangeRequest.encode>[0] = {},
): Uint8Array {
  const rangeEnd = bytes(`${prefix.slice(0, -1)}0`);
  return RangeRequest.encode({ key: bytes(prefix), rangeEnd, ...fields });
}

export function watchOf(key: string): Uint8Array {
  return WatchRequest.encode({ createRequest: { key: bytes(key) } });
}

export function grant(ttlSeconds: number, id: number): Uint8Array {
  return LeaseGrantRequest.encode({ TTL: ttlSeconds, ID: BigInt(id) });
}
