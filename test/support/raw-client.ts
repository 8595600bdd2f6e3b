import grpc from "@grpc/grpc-js";
import type { StreamCalls, UnaryCalls } from "./etcd-messages.ts";
import { methodOf } from "./etcd-protocol.ts";

/** How a call ended, with the code by name: what clients switch on. */
export interface Refusal {
  readonly code: string;
  readonly text: string;
}

export class RpcError extends Error implements Refusal {
  override readonly name = "RpcError";
  readonly code: string;
  readonly text: string;
  constructor(status: { readonly code: grpc.status; readonly details: string }) {
    super(`${grpc.status[status.code]}: ${status.details}`);
    this.code = grpc.status[status.code] ?? `${status.code}`;
    this.text = status.details;
  }
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default 10 s for unary calls, none for streams. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const UNARY_TIMEOUT_MS = 10_000;

/** etcd's protocol as it is on the wire, over `@grpc/grpc-js`, to one member. */
export class RawClient implements Disposable {
  readonly #client: grpc.Client;

  constructor(endpoint: string) {
    this.#client = new grpc.Client(endpoint, grpc.credentials.createInsecure(), {
      "grpc.enable_retries": 0,
      "grpc.use_local_subchannel_pool": 1, // one client's broken connection is not another's
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.min_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 500,
    });
  }

  /** @throws RpcError with the status of a call that was not OK. */
  call<Name extends keyof UnaryCalls>(
    name: Name,
    request: UnaryCalls[Name]["request"],
    options: CallOptions = {},
  ): Promise<UnaryCalls[Name]["response"]> {
    const method = methodOf(name);
    return this.callPath(method.path, method.encode(request), options).then(
      (bytes) => method.decode(bytes) as UnaryCalls[Name]["response"],
    );
  }

  /** A unary call of any path, known or not, in bytes. */
  callPath(path: string, request: Buffer, options: CallOptions = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        request,
        metadataOf(options),
        { deadline: Date.now() + (options.timeoutMs ?? UNARY_TIMEOUT_MS) },
        (error, response) => {
          if (error) reject(new RpcError(error));
          else resolve(response ?? Buffer.alloc(0));
        },
      );
      options.signal?.addEventListener("abort", () => call.cancel(), { once: true });
    });
  }

  stream<Name extends keyof StreamCalls>(
    name: Name,
    options: CallOptions = {},
  ): MessageStream<StreamCalls[Name]["request"], StreamCalls[Name]["response"]> {
    const method = methodOf(name);
    const call = this.#client.makeBidiStreamRequest<object, unknown>(
      method.path,
      method.encode,
      method.decode,
      metadataOf(options),
      options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs },
    );
    return new MessageStream(call);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** One open stream: requests go out with `send`, answers are taken one at a time with `next`. */
export class MessageStream<Request extends object, Response> implements Disposable {
  readonly #call: grpc.ClientDuplexStream<object, unknown>;
  readonly #arrived: Response[] = [];
  #waiting: { resolve(message: Response): void; reject(error: Error): void } | undefined;
  #ended: RpcError | undefined;
  /** Resolves with the status when the stream is over, whoever ended it. */
  readonly ended: Promise<RpcError>;

  constructor(call: grpc.ClientDuplexStream<object, unknown>) {
    this.#call = call;
    call.on("data", (message: Response) => this.#accept(message));
    call.on("error", () => {}); // the status event tells the same
    this.ended = new Promise((resolve) => {
      call.on("status", (status: grpc.StatusObject) => {
        this.#ended = new RpcError(status);
        this.#waiting?.reject(this.#ended);
        this.#waiting = undefined;
        resolve(this.#ended);
      });
    });
  }

  send(request: Request): void {
    this.#call.write(request);
  }

  /** Says that no more requests come; answers still may. */
  halfClose(): void {
    this.#call.end();
  }

  /** Messages that have arrived and not been taken. */
  get pending(): number {
    return this.#arrived.length;
  }

  /** @throws RpcError when the stream ends first; Error when nothing comes in time. */
  next(timeoutMs = 10_000): Promise<Response> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = undefined;
        reject(new Error(`no message within ${timeoutMs} ms`));
      }, timeoutMs);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          then(value);
        };
      this.#waiting = { resolve: settle(resolve), reject: settle(reject) };
    });
  }

  [Symbol.dispose](): void {
    this.#call.cancel();
  }

  #accept(message: Response): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#arrived.push(message);
    else waiting.resolve(message);
  }
}

/** The refusal of a call. @throws Error when it was answered instead. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcError) return { code: error.code, text: error.text };
    throw error;
  }
  throw new Error("the call was answered, not refused");
}

function metadataOf(options: CallOptions): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(options.metadata ?? {})) metadata.set(name, value);
  return metadata;
}
