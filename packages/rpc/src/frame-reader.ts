import { ConnectionFault, ErrorCode } from "./error-code.ts";
import {
  Flag,
  FRAME_BYTES_DEFAULT,
  FRAME_HEADER_BYTES,
  FrameType,
  PREFACE,
  readUint32,
} from "./frame.ts";
import type { ConnectionLimits } from "./limits.ts";

/** What a {@link FrameReader} finds. `[start, end)` of `bytes` is a payload, valid until the call returns. */
export interface FrameSink {
  readonly phase: "open" | "closing" | "closed";
  /** `flowBytes` counts for flow control: the payload with its padding. */
  onData(
    id: number,
    endStream: boolean,
    flowBytes: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
  /** A header block, put together if it came in several frames. */
  onHeaderBlock(id: number, endStream: boolean, block: Buffer, start: number, end: number): void;
  onReset(id: number, code: number): void;
  onSettings(bytes: Buffer, start: number, end: number): void;
  onPing(ack: boolean, bytes: Buffer, start: number): void;
  onGoAway(lastStreamId: number, code: number, debugText: string): void;
  onWindowUpdate(id: number, increment: number): void;
  /** A frame without effect here (PRIORITY, an unknown type), which costs work all the same. */
  countControlFrame(): void;
}

function fault(code: ErrorCode, message: string): ConnectionFault {
  return new ConnectionFault(code, message);
}

/**
 * Cuts what a socket delivers into frames, in place: only a frame that spans chunks is copied. Checks what can be
 * checked without knowing the streams, and throws ConnectionFault.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #limits: ConnectionLimits;
  /** Octets of the preface still to come: a server's reader sets it. */
  #prefaceLeft = 0;
  /** The first frame must be SETTINGS (RFC 9113 3.4). */
  #settingsDue = true;
  /** The beginning of a frame that the chunk before ended in. */
  #carry: Buffer | null = null;
  #carried = 0;
  /** Stream whose header block is unfinished, else 0. Until it is whole no other frame may come (RFC 9113 6.10). */
  #blockOf = 0;
  #blockEndsStream = false;
  #block: Buffer[] = [];
  #blockBytes = 0;

  constructor(sink: FrameSink, limits: ConnectionLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  expectPreface(): void {
    this.#prefaceLeft = PREFACE.length;
  }

  read(chunk: Buffer): void {
    let at = this.#prefaceLeft > 0 ? this.#readPreface(chunk) : 0;
    if (this.#carry !== null) at = this.#fillCarry(chunk, at);
    if (this.#carry !== null) return;
    const sink = this.#sink;
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + payloadLength(chunk, at);
      if (end > chunk.length) break;
      this.#frame(chunk, at, end);
      at = end;
      if (sink.phase !== "open") return;
    }
    if (at < chunk.length) this.#startCarry(chunk, at);
  }

  #readPreface(chunk: Buffer): number {
    const from = PREFACE.length - this.#prefaceLeft;
    const length = Math.min(this.#prefaceLeft, chunk.length);
    if (PREFACE.compare(chunk, 0, length, from, from + length) !== 0) {
      throw fault(ErrorCode.PROTOCOL_ERROR, "not an HTTP/2 preface");
    }
    this.#prefaceLeft -= length;
    return length;
  }

  #startCarry(chunk: Buffer, at: number): void {
    const length = chunk.length - at;
    const whole =
      length < FRAME_HEADER_BYTES
        ? FRAME_HEADER_BYTES
        : FRAME_HEADER_BYTES + payloadLength(chunk, at);
    this.#carry = Buffer.allocUnsafe(whole);
    chunk.copy(this.#carry, 0, at);
    this.#carried = length;
  }

  /** Completes the carried frame from `chunk`. @returns where its bytes end there. */
  #fillCarry(chunk: Buffer, from: number): number {
    let at = from;
    for (;;) {
      let carry = this.#carry!;
      const taken = Math.min(carry.length - this.#carried, chunk.length - at);
      chunk.copy(carry, this.#carried, at, at + taken);
      this.#carried += taken;
      at += taken;
      if (this.#carried < carry.length) return at;
      const whole = FRAME_HEADER_BYTES + payloadLength(carry, 0);
      if (whole === carry.length) {
        this.#carry = null;
        this.#frame(carry, 0, whole);
        return at;
      }
      const header = carry;
      carry = Buffer.allocUnsafe(whole);
      header.copy(carry, 0);
      this.#carry = carry;
    }
  }

  /** One whole frame, its header at `at`. */
  #frame(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const id = readUint32(bytes, at + 5) & 0x7fffffff;
    const start = at + FRAME_HEADER_BYTES;
    if (this.#blockOf !== 0 && (type !== FrameType.CONTINUATION || id !== this.#blockOf)) {
      throw fault(ErrorCode.PROTOCOL_ERROR, "a frame between HEADERS and its CONTINUATION");
    }
    if (this.#settingsDue) this.#requireSettings(type, flags);
    if (type === FrameType.DATA) {
      this.#data(flags, id, bytes, start, end);
    } else if (type === FrameType.HEADERS) {
      this.#headers(flags, id, bytes, start, end);
    } else {
      this.#controlFrame(type, flags, id, bytes, start, end);
    }
  }

  #requireSettings(type: number, flags: number): void {
    if (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0) {
      throw fault(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS");
    }
    this.#settingsDue = false;
  }

  #controlFrame(
    type: number,
    flags: number,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const length = end - start;
    const sink = this.#sink;
    switch (type) {
      case FrameType.CONTINUATION:
        this.#continuation(flags, id, bytes, start, end);
        return;
      case FrameType.WINDOW_UPDATE:
        requireLength(length, 4, "WINDOW_UPDATE");
        sink.onWindowUpdate(id, readUint32(bytes, start) & 0x7fffffff);
        return;
      case FrameType.RST_STREAM:
        requireStream(id, "RST_STREAM");
        requireLength(length, 4, "RST_STREAM");
        sink.onReset(id, readUint32(bytes, start));
        return;
      case FrameType.PING:
        requireConnection(id, "PING");
        requireLength(length, 8, "PING");
        sink.onPing((flags & Flag.ACK) !== 0, bytes, start);
        return;
      case FrameType.SETTINGS:
        this.#settings(flags, id, bytes, start, end);
        return;
      case FrameType.GOAWAY:
        requireConnection(id, "GOAWAY");
        if (length < 8) throw fault(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY too short");
        sink.onGoAway(
          readUint32(bytes, start) & 0x7fffffff,
          readUint32(bytes, start + 4),
          bytes.toString("latin1", start + 8, Math.min(end, start + 8 + 256)),
        );
        return;
      case FrameType.PRIORITY:
        requireStream(id, "PRIORITY");
        // RFC 9113 6.3 makes a wrong length an error of the stream; nothing hangs on the difference.
        requireLength(length, 5, "PRIORITY");
        sink.countControlFrame();
        return;
      case FrameType.PUSH_PROMISE:
        // A client never pushes, and we announce to servers that we take no push (RFC 9113 6.6, 8.4).
        throw fault(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE");
      default:
        sink.countControlFrame(); // unknown types are ignored (RFC 9113 4.1)
        return;
    }
  }

  #settings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    requireConnection(id, "SETTINGS");
    if ((flags & Flag.ACK) !== 0) {
      requireLength(end - start, 0, "SETTINGS ACK");
      this.#sink.countControlFrame();
      return;
    }
    if ((end - start) % 6 !== 0) throw fault(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS cut short");
    this.#sink.onSettings(bytes, start, end);
  }

  #data(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    requireStream(id, "DATA");
    let from = start;
    let to = end;
    if ((flags & Flag.PADDED) !== 0) {
      if (start === end) throw fault(ErrorCode.FRAME_SIZE_ERROR, "DATA too short");
      to -= bytes[start]!;
      from += 1;
      if (from > to) throw fault(ErrorCode.PROTOCOL_ERROR, "padding longer than its frame");
    }
    const endStream = (flags & Flag.END_STREAM) !== 0;
    this.#sink.onData(id, endStream, end - start, bytes, from, to);
  }

  #headers(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    requireStream(id, "HEADERS");
    let from = start;
    let to = end;
    if ((flags & Flag.PADDED) !== 0) {
      to -= from < end ? bytes[from]! : 0;
      from += 1;
    }
    if ((flags & Flag.PRIORITY) !== 0) {
      if (end - from >= 4 && (readUint32(bytes, from) & 0x7fffffff) === id) {
        throw fault(ErrorCode.PROTOCOL_ERROR, "a stream depends on itself");
      }
      from += 5;
    }
    if (from > end) throw fault(ErrorCode.FRAME_SIZE_ERROR, "HEADERS too short");
    if (from > to) throw fault(ErrorCode.PROTOCOL_ERROR, "padding longer than its frame");
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) {
      this.#sink.onHeaderBlock(id, endStream, bytes, from, to);
      return;
    }
    this.#blockOf = id;
    this.#blockEndsStream = endStream;
    this.#collect(bytes, from, to);
  }

  #continuation(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#blockOf === 0) throw fault(ErrorCode.PROTOCOL_ERROR, "CONTINUATION of nothing");
    this.#collect(bytes, start, end);
    if ((flags & Flag.END_HEADERS) === 0) return;
    const block = Buffer.concat(this.#block);
    this.#blockOf = 0;
    this.#block = [];
    this.#blockBytes = 0;
    this.#sink.onHeaderBlock(id, this.#blockEndsStream, block, 0, block.length);
  }

  #collect(bytes: Buffer, start: number, end: number): void {
    this.#blockBytes += end - start;
    if (
      this.#blockBytes > this.#limits.headerBlockBytesMax ||
      this.#block.length > this.#limits.continuationFramesMax
    ) {
      throw fault(ErrorCode.ENHANCE_YOUR_CALM, "header block too large");
    }
    this.#block.push(Buffer.from(bytes.subarray(start, end)));
  }
}

function payloadLength(bytes: Buffer, at: number): number {
  const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  if (length > FRAME_BYTES_DEFAULT) {
    throw fault(ErrorCode.FRAME_SIZE_ERROR, "frame larger than SETTINGS_MAX_FRAME_SIZE");
  }
  return length;
}

function requireLength(length: number, expected: number, what: string): void {
  if (length !== expected) throw fault(ErrorCode.FRAME_SIZE_ERROR, `${what} of ${length} octets`);
}

function requireStream(id: number, what: string): void {
  if (id === 0) throw fault(ErrorCode.PROTOCOL_ERROR, `${what} on stream 0`);
}

function requireConnection(id: number, what: string): void {
  if (id !== 0) throw fault(ErrorCode.PROTOCOL_ERROR, `${what} on a stream`);
}
