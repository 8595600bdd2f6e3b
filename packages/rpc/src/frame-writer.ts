import type { ErrorCode } from "./error-code.ts";
import {
  Flag,
  FRAME_BYTES_DEFAULT,
  FRAME_HEADER_BYTES,
  FrameType,
  writeFrameHeader,
  writeUint32,
} from "./frame.ts";
import type { Output } from "./output.ts";

/** Text after the code of a GOAWAY, at most. Octets. */
const DEBUG_BYTES_MAX = 1024;

/** Writes all frames but DATA into the output of a connection. */
export class FrameWriter {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  /** A header block as HEADERS and as many CONTINUATIONs as it takes. */
  headers(id: number, endStream: boolean, block: Buffer): void {
    let type: number = FrameType.HEADERS;
    let flags = endStream ? Flag.END_STREAM : 0;
    for (let from = 0; from === 0 || from < block.length; from += FRAME_BYTES_DEFAULT) {
      const to = Math.min(from + FRAME_BYTES_DEFAULT, block.length);
      if (to === block.length) flags |= Flag.END_HEADERS;
      const body = this.#begin(to - from, type, flags, id);
      block.copy(this.#output.bytes, body, from, to);
      type = FrameType.CONTINUATION;
      flags = 0;
    }
  }

  reset(id: number, code: ErrorCode): void {
    const body = this.#begin(4, FrameType.RST_STREAM, 0, id);
    writeUint32(this.#output.bytes, body, code);
  }

  settingsAck(): void {
    this.#begin(0, FrameType.SETTINGS, Flag.ACK, 0);
  }

  windowUpdate(id: number, increment: number): void {
    const body = this.#begin(4, FrameType.WINDOW_UPDATE, 0, id);
    writeUint32(this.#output.bytes, body, increment);
  }

  /** `payload`: eight octets. */
  ping(ack: boolean, payload: Uint8Array): void {
    const body = this.#begin(8, FrameType.PING, ack ? Flag.ACK : 0, 0);
    this.#output.bytes.set(payload, body);
  }

  goAway(lastStreamId: number, code: ErrorCode, text: string): void {
    const debug = Buffer.from(text, "utf8").subarray(0, DEBUG_BYTES_MAX);
    const body = this.#begin(8 + debug.length, FrameType.GOAWAY, 0, 0);
    const out = this.#output.bytes;
    out.set(debug, writeUint32(out, writeUint32(out, body, lastStreamId), code));
  }

  /** An empty DATA frame that ends the stream. */
  endStream(id: number): void {
    this.#begin(0, FrameType.DATA, Flag.END_STREAM, id);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#output.reserve(bytes.length);
    this.#output.bytes.set(bytes, at);
  }

  /** @returns where the payload goes. */
  #begin(length: number, type: number, flags: number, id: number): number {
    const at = this.#output.reserve(FRAME_HEADER_BYTES + length);
    return writeFrameHeader(this.#output.bytes, at, length, type, flags, id);
  }
}
