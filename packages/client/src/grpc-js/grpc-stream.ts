import {
  type CallOptions,
  type CallStatus,
  type ClientStream,
  type ClientStreamHandler,
  Status,
} from "@conclave/rpc";
import type { ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import { asBuffer, bytesAsTheyAre, GrpcCall, type GrpcCallOwner, headersOf } from "./grpc-call.ts";
import type { GrpcEndpoint } from "./grpc-endpoint.ts";

/** Octets that may wait for a connection before `send` asks to stop. */
const WAITING_HIGH_WATER_BYTES = 128 * 1024;

/** A stream over grpc-js. What is sent before there is a connection waits for it. */
export class GrpcStreamCall extends GrpcCall implements ClientStream {
  readonly #handler: ClientStreamHandler;
  #stream: ClientDuplexStream<Buffer, Buffer> | null = null;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #halfClosed = false;
  #isPaused = false;

  constructor(
    path: string,
    options: CallOptions,
    handler: ClientStreamHandler,
    deadlineMs: number,
    owner: GrpcCallOwner,
  ) {
    super(path, options, deadlineMs, owner);
    this.#handler = handler;
  }

  start(endpoint: GrpcEndpoint, remainingMs: number): void {
    this.endpointCalled = endpoint;
    const stream: ClientDuplexStream<Buffer, Buffer> = endpoint.client.makeBidiStreamRequest(
      this.path,
      asBuffer,
      bytesAsTheyAre,
      this.metadata(),
      remainingMs === Number.POSITIVE_INFINITY ? {} : { deadline: Date.now() + remainingMs },
    );
    this.call = stream;
    this.#stream = stream;
    stream.on("metadata", (metadata) => {
      if (!this.ended) this.#handler.onOpen?.(headersOf(metadata));
    });
    stream.on("data", (message: Buffer) => {
      if (!this.ended) this.#handler.onMessage(message);
    });
    stream.on("drain", () => {
      if (!this.ended) this.#handler.onDrain?.();
    });
    stream.on("error", () => {}); // "status" says the same, and comes always
    stream.on("status", (status) => this.#onStreamStatus(stream, status));
    if (this.#isPaused) stream.pause();
    for (const message of this.#waiting.splice(0)) stream.write(message);
    if (this.#halfClosed) stream.end();
  }

  /** Messages that came before the end are given out before it. */
  #onStreamStatus(stream: ClientDuplexStream<Buffer, Buffer>, status: StatusObject): void {
    if (stream.readableLength === 0) this.onStatus(status);
    else stream.once("end", () => this.onStatus(status));
  }

  send(message: Uint8Array): boolean {
    if (this.ended || this.#halfClosed) return false;
    // The bytes are the caller's again when this returns.
    const copy = Buffer.from(message);
    if (this.#stream !== null) return this.#stream.write(copy);
    this.#waiting.push(copy);
    this.#waitingBytes += copy.length;
    return this.writable;
  }

  get writable(): boolean {
    if (this.ended || this.#halfClosed) return false;
    if (this.#stream !== null) return !this.#stream.writableNeedDrain;
    return this.#waitingBytes <= WAITING_HIGH_WATER_BYTES;
  }

  halfClose(): void {
    if (this.ended || this.#halfClosed) return;
    this.#halfClosed = true;
    this.#stream?.end();
  }

  /** `onEnd` follows, not from inside. */
  cancel(): void {
    queueMicrotask(() => this.abort(Status.CANCELLED, "cancelled by the caller"));
  }

  pause(): void {
    this.#isPaused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream?.resume();
  }

  protected onFinished(status: CallStatus): void {
    this.#handler.onEnd(status);
  }
}
