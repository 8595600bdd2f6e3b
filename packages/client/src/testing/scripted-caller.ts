import type {
  CallOptions,
  CallStatus,
  ClientStream,
  ClientStreamHandler,
  Metadata,
  StatusCode,
  UnaryCallback,
} from "@conclave/rpc";
import { Status } from "@conclave/rpc";
import type { MethodDescriptor } from "@conclave/wire";
import type { ClosableCaller } from "../transport/transport.ts";

type Method<Req, Res, ReqInit, ResInit> = MethodDescriptor<Req, Res, ReqInit, ResInit>;

const NO_TRAILERS: Metadata = {
  get: () => undefined,
  entries: () => new Map<string, string>().entries(),
};

export function statusOf(code: StatusCode, message = "", mayHaveReachedServer = true): CallStatus {
  return { code, message, trailers: NO_TRAILERS, mayHaveReachedServer, endpoint: null };
}

/** A unary call that waits for the test to answer it. */
export class PendingUnary {
  readonly path: string;
  readonly options: CallOptions;
  readonly #bytes: Uint8Array;
  readonly #callback: UnaryCallback;

  constructor(path: string, bytes: Uint8Array, options: CallOptions, callback: UnaryCallback) {
    this.path = path;
    this.options = options;
    this.#bytes = bytes;
    this.#callback = callback;
  }

  request<Req, Res, ReqInit, ResInit>(method: Method<Req, Res, ReqInit, ResInit>): Req {
    return method.request.decode(this.#bytes);
  }

  reply<Req, Res, ReqInit, ResInit>(
    method: Method<Req, Res, ReqInit, ResInit>,
    response: ResInit,
  ): void {
    this.replyBytes(method.response.encode(response));
  }

  /** What no encoder of ours writes. */
  replyBytes(bytes: Uint8Array): void {
    this.#callback(statusOf(Status.OK), bytes);
  }

  fail(code: StatusCode, message = "", mayHaveReachedServer = true): void {
    this.#callback(statusOf(code, message, mayHaveReachedServer), null);
  }
}

/** A stream whose server end the test plays. */
export class PendingStream implements ClientStream {
  readonly path: string;
  readonly options: CallOptions;
  readonly #handler: ClientStreamHandler;
  readonly #sent: Uint8Array[] = [];
  readonly writable = true;
  readonly endpoint: string;
  cancelled = false;

  constructor(path: string, options: CallOptions, handler: ClientStreamHandler, endpoint: string) {
    this.path = path;
    this.endpoint = endpoint;
    this.options = options;
    this.#handler = handler;
  }

  /** What the client has sent since the last look. */
  takeSent<Req, Res, ReqInit, ResInit>(method: Method<Req, Res, ReqInit, ResInit>): Req[] {
    return this.#sent.splice(0).map((bytes) => method.request.decode(bytes));
  }

  push<Req, Res, ReqInit, ResInit>(
    method: Method<Req, Res, ReqInit, ResInit>,
    response: ResInit,
  ): void {
    this.#handler.onMessage(method.response.encode(response));
  }

  end(code: StatusCode, message = ""): void {
    this.#handler.onEnd(statusOf(code, message));
  }

  send(message: Uint8Array): boolean {
    this.#sent.push(message.slice());
    return true;
  }

  halfClose(): void {}
  cancel(): void {
    this.cancelled = true;
  }
  pause(): void {}
  resume(): void {}
}

/** A {@link Caller} on which a test plays the server, call by call. */
export class ScriptedCaller implements ClosableCaller {
  readonly unaryCalls: PendingUnary[] = [];
  readonly streams: PendingStream[] = [];
  closed = false;

  unary(path: string, request: Uint8Array, options: CallOptions, callback: UnaryCallback): void {
    this.unaryCalls.push(new PendingUnary(path, request, options, callback));
  }

  stream(path: string, options: CallOptions, handler: ClientStreamHandler): ClientStream {
    const stream = new PendingStream(path, options, handler, `member${this.streams.length}`);
    this.streams.push(stream);
    return stream;
  }

  /** The oldest unary call that was not taken yet. */
  takeUnary(): PendingUnary {
    const call = this.unaryCalls.shift();
    if (call === undefined) throw new Error("no unary call is waiting");
    return call;
  }

  /** The latest stream. */
  get lastStream(): PendingStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("no stream was opened");
    return stream;
  }

  close(): void {
    this.closed = true;
  }
}

/** Lets promises that are ready settle, without waiting for time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
