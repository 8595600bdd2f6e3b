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
          this.key = byteStringOf(data.subarray(reader.start, reader.end));
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
