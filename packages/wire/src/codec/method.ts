import type { MessageCodec } from "./message-codec.ts";

/** One method of a service: where it is on the wire and what travels in each direction. */
export interface MethodDescriptor<
  Request,
  Response,
  RequestInit = Request,
  ResponseInit = Response,
> {
  /** The `:path` of its calls, like `/etcdserverpb.KV/Range`. */
  readonly path: string;
  readonly request: MessageCodec<Request, RequestInit>;
  readonly response: MessageCodec<Response, ResponseInit>;
  /** Whether the client sends any number of requests, rather than one. */
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** Any method, of which nothing is known but its shape. */
export type AnyMethod = MethodDescriptor<unknown, unknown, never, never>;

/** The methods of a service by name. */
export type ServiceDescriptor = Readonly<Record<string, AnyMethod>>;
