import type { Caller, CallOptions, CallStatus, ClientStream } from "@conclave/rpc";
import type { MethodDescriptor } from "@conclave/wire";

/** How a unary call went. */
export interface Answer<Response> {
  readonly status: CallStatus;
  readonly response: Response | null;
  readonly tookMs: number;
}

/** Makes one unary call, as it is: no retries, statuses instead of errors. */
export function unary<Request, Response, RequestInit, ResponseInit>(
  caller: Caller,
  method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
  request: RequestInit,
  options: CallOptions = {},
): Promise<Answer<Response>> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    caller.unary(method.path, method.request.encode(request), options, (status, bytes) => {
      const response = bytes === null ? null : method.response.decode(bytes);
      resolve({ status, response, tookMs: performance.now() - startedMs });
    });
  });
}

/** A stream that keeps what it heard. */
export class StreamProbe<Request, Response, RequestInit, ResponseInit> {
  readonly messages: Response[] = [];
  /** How it ended, each time it was told so. */
  readonly ends: CallStatus[] = [];
  opened = 0;
  drains = 0;
  readonly stream: ClientStream;
  readonly #method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>;
  readonly #ended: Promise<CallStatus>;

  constructor(
    caller: Caller,
    method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
    options: CallOptions = {},
  ) {
    this.#method = method;
    let onEnded: (status: CallStatus) => void = () => {};
    this.#ended = new Promise((resolve) => {
      onEnded = resolve;
    });
    this.stream = caller.stream(method.path, options, {
      onOpen: () => {
        this.opened += 1;
      },
      // Valid only until the handler returns.
      onMessage: (bytes) => this.messages.push(method.response.decode(new Uint8Array(bytes))),
      onDrain: () => {
        this.drains += 1;
      },
      onEnd: (status) => {
        this.ends.push(status);
        onEnded(status);
      },
    });
  }

  send(request: RequestInit): boolean {
    return this.stream.send(this.#method.request.encode(request));
  }

  get ended(): Promise<CallStatus> {
    return this.#ended;
  }
}
