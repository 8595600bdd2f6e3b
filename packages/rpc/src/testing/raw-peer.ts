import type { Clock } from "@conclave/base";
import { FRAME_HEADER_BYTES, FrameType, PREFACE, readUint32, writeFrameHeader } from "../frame.ts";
import { HpackDecoder } from "../hpack-decoder.ts";
import { HpackEncoder } from "../hpack-encoder.ts";
import { memoryLinks } from "../in-memory.ts";
import type { ByteLink, LinkReceiver } from "../link.ts";
import { clockTurn } from "../turn.ts";

/** A frame as a peer saw it. */
export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
  /** Of HEADERS: `name: value` of each field. */
  readonly fields: readonly string[];
}

type Fields = readonly (readonly [string, string])[];

/** The fields of a request that is in order, as h2load and grpc-js send it. */
export function requestFields(path: string, extra: Fields = []): Fields {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "test"],
    ["te", "trailers"],
    ["content-type", "application/grpc"],
    ...extra,
  ];
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, id);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** A message behind its gRPC prefix. */
export function message(text: string | Uint8Array): Buffer {
  const body = Buffer.from(text);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => {
    bytes.writeUInt32BE(value, at * 4);
  });
  return bytes;
}

export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([identifier, value], at) => {
    payload.writeUInt16BE(identifier, at * 6);
    payload.writeUInt32BE(value, at * 6 + 2);
  });
  return frame(FrameType.SETTINGS, 0, 0, payload);
}

/** A peer that says any bytes it likes, over a link in memory, and keeps what it hears. */
export class RawPeer implements LinkReceiver {
  readonly frames: SeenFrame[] = [];
  closed = false;
  /** Writes of the other side that arrived. */
  chunks = 0;
  readonly #link: ByteLink;
  readonly #encoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder({ headerListBytesMax: 1e9, headerListPairsMax: 1e9 });
  #rest = Buffer.alloc(0);
  #prefaceLeft: number;

  constructor(link: ByteLink, options: { readonly isServer: boolean }) {
    this.#link = link;
    this.#prefaceLeft = options.isServer ? PREFACE.length : 0;
    link.start(this);
  }

  send(...frames: readonly Uint8Array[]): void {
    this.#link.write(frames.map((bytes) => Buffer.from(bytes)));
  }

  /** Preface and an empty SETTINGS, as every client starts. */
  sendPreface(...pairs: readonly (readonly [number, number])[]): void {
    this.send(PREFACE, settings(...pairs));
  }

  block(fields: Fields): Buffer {
    this.#encoder.begin();
    for (const [name, value] of fields) this.#encoder.field(name, value);
    return Buffer.from(this.#encoder.end());
  }

  headers(id: number, flags: number, fields: Fields): Buffer {
    return frame(FrameType.HEADERS, flags, id, this.block(fields));
  }

  stopReading(): void {
    this.#link.pause();
  }

  goOnReading(): void {
    this.#link.resume();
  }

  disconnect(): void {
    this.#link.destroy();
  }

  onBytes(chunk: Buffer): void {
    this.chunks += 1;
    let bytes = Buffer.concat([this.#rest, chunk]);
    const skipped = Math.min(this.#prefaceLeft, bytes.length);
    this.#prefaceLeft -= skipped;
    bytes = bytes.subarray(skipped);
    while (bytes.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      this.#onFrame(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }

  #onFrame(bytes: Buffer): void {
    const type = bytes[3]!;
    const payload = Buffer.from(bytes.subarray(FRAME_HEADER_BYTES));
    let fields: string[] = [];
    if (type === FrameType.HEADERS) {
      this.#decoder.decode(payload, 0, payload.length);
      fields = this.#decoder.fields.map(({ name, value }) => `${name}: ${value}`);
    }
    const id = readUint32(bytes, 5) & 0x7fffffff;
    this.frames.push({ type, flags: bytes[4]!, id, payload, fields });
  }

  onWritten(): void {}

  onClosed(): void {
    this.closed = true;
  }

  of(type: number, id?: number): SeenFrame[] {
    return this.frames.filter((seen) => seen.type === type && (id === undefined || seen.id === id));
  }

  /** Code and text of the GOAWAY heard last, null without. */
  get goAway(): { readonly code: number; readonly text: string; readonly lastId: number } | null {
    const seen = this.of(FrameType.GOAWAY).at(-1);
    if (seen === undefined) return null;
    const { payload } = seen;
    const lastId = payload.readUInt32BE(0);
    return { code: payload.readUInt32BE(4), text: payload.toString("utf8", 8), lastId };
  }

  /** Codes of the RST_STREAMs heard on a stream. */
  resets(id: number): number[] {
    return this.of(FrameType.RST_STREAM, id).map(({ payload }) => payload.readUInt32BE(0));
  }

  /** All DATA heard on a stream. */
  body(id: number): Buffer {
    return Buffer.concat(this.of(FrameType.DATA, id).map(({ payload }) => payload));
  }

  /** All fields heard on a stream, head and trailers. */
  fieldsOf(id: number): string[] {
    return this.of(FrameType.HEADERS, id).flatMap(({ fields }) => [...fields]);
  }
}

/** A raw peer and the link of whoever it talks to. */
export function rawPeer(
  clock: Clock,
  options: { readonly isServer: boolean },
): { readonly peer: RawPeer; readonly link: ByteLink } {
  const [ours, theirs] = memoryLinks(clockTurn(clock));
  return { peer: new RawPeer(ours, options), link: theirs };
}
