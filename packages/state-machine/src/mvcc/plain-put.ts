import { type ByteString, byteStringOf } from "@conclave/base";
import { FieldReader } from "../protobuf.ts";

const NO_KEY = "" as ByteString;

/** Reads the puts of every day, without previous pair and ignored fields, straight from the log entry. */
export class PlainPutReader {
  key: ByteString = NO_KEY;
  valueStart = 0;
  valueEnd = 0;
  lease = 0n;
  readonly #reader = new FieldReader();

  /**
   * Reads the etcdserverpb.PutRequest in `data[start, end)`.
   * @returns false if it asks for more than a key, a value and a lease
   * @throws MalformedMessage
   */
  read(data: Uint8Array, start: number, end: number): boolean {
    const reader = this.#reader;
    reader.reset(data, start, end);
    this.key = NO_KEY;
    this.valueStart = 0;
    this.valueEnd = 0;
    this.lease = 0n;
    let isPlain = true;
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          this.key = byteStringOf(data, reader.start, reader.end);
          break;
        case 2:
          this.valueStart = reader.start;
          this.valueEnd = reader.end;
          break;
        case 3:
          this.lease = reader.signed64();
          break;
        default:
          isPlain &&= !reader.flag();
      }
    }
    return isPlain;
  }
}

/** Tags of etcdserverpb.PutRequest. */
const TAG_KEY = 0x0a;
const TAG_VALUE = 0x12;

/**
 * Whether `body` is surely an etcdserverpb.PutRequest of a key and a value that nothing is wrong with: known without
 * decoding it. False says nothing.
 */
export function isSimplePut(body: Uint8Array): boolean {
  let hasKey = false;
  let at = 0;
  while (at < body.length) {
    const tag = body[at]!;
    if (tag !== TAG_KEY && tag !== TAG_VALUE) return false;
    // A length of up to four bytes.
    let length = 0;
    let shift = 0;
    let byte: number;
    do {
      at += 1;
      if (at >= body.length || shift > 21) return false;
      byte = body[at]!;
      length |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    at += 1 + length;
    if (tag === TAG_KEY) hasKey = length > 0;
  }
  return hasKey && at === body.length;
}
