/**
 * Records of a snapshot on their way to another member: for each, the length of the key (u32), the key as latin1, the
 * length of the value (u32), the value. Big-endian.
 */

/** A frame is closed once it holds this many bytes; one larger record still fits alone. */
const FRAME_BYTES = 256 * 1024;

export type StateRecord = readonly [key: string, value: Uint8Array];

/** Cuts records into frames. */
export function* encodeRecords(records: Iterable<StateRecord>): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for (const [key, value] of records) {
    const head = Buffer.allocUnsafe(4 + key.length + 4);
    head.writeUInt32BE(key.length, 0);
    head.write(key, 4, "latin1");
    head.writeUInt32BE(value.length, 4 + key.length);
    parts.push(head, value);
    bytes += head.length + value.length;
    if (bytes < FRAME_BYTES) continue;
    yield Buffer.concat(parts, bytes);
    parts = [];
    bytes = 0;
  }
  if (parts.length > 0) yield Buffer.concat(parts, bytes);
}

/** Reads a frame. Values are views of it. @throws RangeError if it is cut short */
export function* decodeRecords(frame: Uint8Array): Generator<StateRecord> {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const keyEnd = at + 4 + bytes.readUInt32BE(at);
    const valueStart = keyEnd + 4;
    const valueEnd = valueStart + bytes.readUInt32BE(keyEnd);
    if (valueEnd > bytes.length) throw new RangeError("a snapshot frame is cut short");
    yield [bytes.toString("latin1", at + 4, keyEnd), bytes.subarray(valueStart, valueEnd)];
    at = valueEnd;
  }
}
