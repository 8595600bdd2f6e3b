import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  PREFACE,
  readUint32,
  Setting,
  WINDOW_BYTES_MAX,
} from "../../packages/rpc/src/frame.ts";
import { HpackDecoder } from "../../packages/rpc/src/hpack-decoder.ts";
import { HpackEncoder } from "../../packages/rpc/src/hpack-encoder.ts";
import {
  frame,
  message,
  requestFields,
  settings,
  uint32,
} from "../../packages/rpc/src/testing/raw-peer.ts";

const HEADER_LIMITS = { headerListBytesMax: 1 << 20, headerListPairsMax: 1_000 };
/** Room for the answers is given back when so much was read. */
const WINDOW_GIVEN_BACK_BYTES = 2 ** 24;

export interface RawEvents {
  /** A stream ended, with a status if it had one; -1: it was reset. */
  onEnd?(streamId: number, grpcStatus: number, text: string): void;
  onData?(streamId: number, payload: Buffer): void;
  onGoAway?(text: string): void;
}

/**
 * A connection that speaks as much HTTP/2 as an overload takes, on a plain socket: ready-made frames out, statuses in. It
 * keeps no promise of a client, so that it can break them.
 */
export class RawConnection implements Disposable {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  isClosed = false;
  #nextId = 1;
  #rest: Buffer = Buffer.alloc(0);
  #unreturnedBytes = 0;
  readonly #events: RawEvents;
  /** Without a table at the server's end a block means the same each time, and need not be decoded again. */
  readonly #statuses = new Map<string, { readonly status: number; readonly text: string }>();
  readonly #blocks = new Map<string, Buffer>();

  private constructor(socket: Socket, events: RawEvents) {
    this.socket = socket;
    this.#events = events;
    socket.on("error", () => {}); // 'close' follows
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isClosed = true;
        resolve();
      });
    });
    socket.on("data", (chunk) => this.#read(chunk as Buffer));
  }

  static async open(
    port: number,
    events: RawEvents = {},
    options: { readonly windowBytes?: number } = {},
  ): Promise<RawConnection> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    const connection = new RawConnection(socket, events);
    const windowBytes = options.windowBytes ?? WINDOW_BYTES_MAX;
    connection.write(
      PREFACE,
      settings([Setting.HEADER_TABLE_SIZE, 0], [Setting.INITIAL_WINDOW_SIZE, windowBytes]),
      frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(WINDOW_BYTES_MAX - 65_535)),
    );
    return connection;
  }

  write(...frames: readonly Uint8Array[]): boolean {
    return !this.isClosed && this.socket.write(Buffer.concat(frames));
  }

  /** The frames of a unary call with its message. */
  call(path: string, body: Uint8Array): { readonly id: number; readonly bytes: Buffer } {
    const id = this.#takeId();
    const head = frame(FrameType.HEADERS, Flag.END_HEADERS, id, this.#block(path));
    const data = frame(FrameType.DATA, Flag.END_STREAM, id, message(body));
    return { id, bytes: Buffer.concat([head, data]) };
  }

  /** Opens a stream that stays open. */
  open(path: string): number {
    const id = this.#takeId();
    this.write(frame(FrameType.HEADERS, Flag.END_HEADERS, id, this.#block(path)));
    return id;
  }

  send(id: number, ...bodies: readonly Uint8Array[]): boolean {
    return this.write(...bodies.map((body) => frame(FrameType.DATA, 0, id, message(body))));
  }

  reset(id: number): boolean {
    return this.write(frame(FrameType.RST_STREAM, 0, id, uint32(8)));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId += 2;
    return id;
  }

  #block(path: string): Buffer {
    let block = this.#blocks.get(path);
    if (block !== undefined) return block;
    const encoder = new HpackEncoder();
    encoder.setTableBytesMax(0);
    encoder.begin();
    for (const [name, value] of requestFields(path)) encoder.field(name, value);
    block = Buffer.from(encoder.end());
    this.#blocks.set(path, block);
    return block;
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#onFrame(bytes, at, end);
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #onFrame(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const id = readUint32(bytes, at + 5);
    const payload = bytes.subarray(at + FRAME_HEADER_BYTES, end);
    switch (type) {
      case FrameType.HEADERS:
        if ((flags & Flag.END_STREAM) !== 0) this.#onTrailers(id, payload);
        break;
      case FrameType.DATA:
        this.#giveBack(payload.length);
        this.#events.onData?.(id, payload);
        break;
      case FrameType.RST_STREAM:
        this.#events.onEnd?.(id, -1, `reset ${readUint32(payload, 0)}`);
        break;
      case FrameType.SETTINGS:
        if ((flags & Flag.ACK) === 0) this.write(frame(FrameType.SETTINGS, Flag.ACK, 0, EMPTY));
        break;
      case FrameType.PING:
        if ((flags & Flag.ACK) === 0) this.write(frame(FrameType.PING, Flag.ACK, 0, payload));
        break;
      case FrameType.GOAWAY:
        this.#events.onGoAway?.(payload.toString("utf8", 8));
        break;
    }
  }

  #onTrailers(id: number, payload: Buffer): void {
    const block = payload.toString("latin1");
    let known = this.#statuses.get(block);
    if (known === undefined) {
      const decoder = new HpackDecoder(HEADER_LIMITS);
      decoder.decode(Uint8Array.from(payload), 0, payload.length);
      const field = (wanted: string) =>
        decoder.fields.find(({ name }) => name === wanted)?.value ?? "";
      known = { status: Number(field("grpc-status")), text: field("grpc-message") };
      this.#statuses.set(block, known);
    }
    this.#events.onEnd?.(id, known.status, known.text);
  }

  #giveBack(bytes: number): void {
    this.#unreturnedBytes += bytes;
    if (this.#unreturnedBytes < WINDOW_GIVEN_BACK_BYTES) return;
    this.write(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(this.#unreturnedBytes)));
    this.#unreturnedBytes = 0;
  }
}

const EMPTY = Buffer.alloc(0);
