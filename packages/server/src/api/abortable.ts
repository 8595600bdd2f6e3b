import {
  type ServerStream,
  type ServerStreamHandler,
  Status,
  type StatusCode,
  type StreamOpener,
} from "@conclave/rpc";
import { DecodeError, type MethodDescriptor } from "@conclave/wire";
import { EtcdFailure } from "./errors.ts";

/**
 * Serves a unary method that may wait long: an async function that is told through its signal when nobody waits any
 * more. What it throws becomes the status; etcd's own errors come as UNKNOWN, because etcd's lock and election services
 * run on an in-process client and lose the code.
 */
export function serveAbortable<Request, Response, ResponseInit>(
  method: MethodDescriptor<Request, Response, never, ResponseInit>,
  serve: (request: Request, signal: AbortSignal) => Promise<ResponseInit>,
): StreamOpener {
  return serveAbortableStream(method, async (request, signal, send) => {
    send(await serve(request, signal));
  });
}

/** The same for a server-streaming method: `send` may be called many times. */
export function serveAbortableStream<Request, Response, ResponseInit>(
  method: MethodDescriptor<Request, Response, never, ResponseInit>,
  serve: (
    request: Request,
    signal: AbortSignal,
    send: (response: ResponseInit) => void,
  ) => Promise<void>,
): StreamOpener {
  return (stream) => new AbortableCall(stream, method, serve);
}

class AbortableCall<Request, Response, ResponseInit> implements ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #method: MethodDescriptor<Request, Response, never, ResponseInit>;
  readonly #serve: (
    request: Request,
    signal: AbortSignal,
    send: (response: ResponseInit) => void,
  ) => Promise<void>;
  readonly #abort = new AbortController();
  #request: Request | null = null;

  constructor(
    stream: ServerStream,
    method: MethodDescriptor<Request, Response, never, ResponseInit>,
    serve: (
      request: Request,
      signal: AbortSignal,
      send: (response: ResponseInit) => void,
    ) => Promise<void>,
  ) {
    this.#stream = stream;
    this.#method = method;
    this.#serve = serve;
  }

  onMessage(message: Uint8Array): void {
    try {
      this.#request = this.#method.request.decode(Uint8Array.from(message));
    } catch (error) {
      this.#end(error);
    }
  }

  onHalfClose(): void {
    if (this.#request === null) {
      this.#stream.end(Status.INTERNAL, "no request message");
      return;
    }
    const send = (response: ResponseInit): void => {
      this.#stream.send(this.#method.response.encode(response));
    };
    this.#serve(this.#request, this.#abort.signal, send).then(
      () => this.#stream.end(Status.OK),
      (error: unknown) => this.#end(error),
    );
  }

  onCancel(): void {
    this.#abort.abort();
  }

  onDrain(): void {}

  #end(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    const [code, message] = statusOf(error);
    this.#stream.end(code, message);
  }
}

function statusOf(error: unknown): [StatusCode, string] {
  if (error instanceof EtcdFailure) return [Status.UNKNOWN, error.message];
  if (error instanceof DecodeError) return [Status.INTERNAL, error.message];
  throw error; // a bug: an unhandled rejection ends the process
}
