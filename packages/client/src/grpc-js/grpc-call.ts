import type { Timer } from "@conclave/base";
import {
  type CallOptions,
  type CallStatus,
  type Metadata as Headers,
  Status,
  type StatusCode,
} from "@conclave/rpc";
import {
  type ClientDuplexStream,
  type ClientUnaryCall,
  Metadata,
  type StatusObject,
} from "@grpc/grpc-js";
import type { GrpcEndpoint } from "./grpc-endpoint.ts";

/** What a call needs of the caller that made it. */
export interface GrpcCallOwner {
  /** The call is over: nothing of it is to be kept. */
  forget(call: GrpcCall): void;
}

export const bytesAsTheyAre = (bytes: Buffer): Buffer => bytes;

/** The bytes themselves, as the Buffer that grpc-js asks for. */
export const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** A call from the moment it is made: first it may wait for a connection, then it is one of grpc-js. Ends exactly once. */
export abstract class GrpcCall {
  readonly path: string;
  readonly options: CallOptions;
  /** Ends the wait for a connection. */
  waitTimer: Timer | null = null;
  /** Monotonic ms. */
  readonly deadlineMs: number;
  protected endpointCalled: GrpcEndpoint | null = null;
  protected call: ClientUnaryCall | ClientDuplexStream<Buffer, Buffer> | null = null;
  protected ended = false;
  readonly #owner: GrpcCallOwner;

  constructor(path: string, options: CallOptions, deadlineMs: number, owner: GrpcCallOwner) {
    this.path = path;
    this.options = options;
    this.deadlineMs = deadlineMs;
    this.#owner = owner;
  }

  get endpoint(): string | null {
    return this.endpointCalled?.endpoint ?? null;
  }

  abstract start(endpoint: GrpcEndpoint, remainingMs: number): void;

  onAborted(): void {
    this.abort(Status.CANCELLED, "cancelled by the caller");
  }

  /** Ends the call from our side. */
  abort(code: StatusCode, message: string): void {
    if (this.ended) return;
    this.call?.cancel();
    this.finish({ code, message, trailers: NO_HEADERS, ...this.#sending(this.call !== null) });
  }

  protected metadata(): Metadata {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(this.options.metadata ?? {})) {
      metadata.set(name, value);
    }
    return metadata;
  }

  /** grpc-js ended it. */
  protected onStatus({ code, details, metadata }: StatusObject): void {
    // It names the target only for a call that never got a stream; for one that did, it names the peer.
    const neverSent = this.call?.getPeer() === this.endpointCalled?.target;
    this.finish({
      code: code as StatusCode,
      message: details,
      trailers: headersOf(metadata),
      ...this.#sending(!neverSent),
    });
  }

  #sending(mayHaveReachedServer: boolean): Pick<CallStatus, "mayHaveReachedServer" | "endpoint"> {
    return { mayHaveReachedServer, endpoint: this.endpoint };
  }

  protected finish(status: CallStatus): void {
    if (this.ended) return;
    this.ended = true;
    this.waitTimer?.cancel();
    this.#owner.forget(this);
    this.onFinished(status);
  }

  protected abstract onFinished(status: CallStatus): void;
}

const NO_HEADERS: Headers = headersOf(new Metadata());

/** What came with an answer, in the form of our own transport. */
export function headersOf(metadata: Metadata): Headers {
  const entries = Object.keys(metadata.getMap()).map(
    (name) =>
      [
        name,
        metadata
          .get(name)
          .map((value) => (typeof value === "string" ? value : value.toString("base64")))
          .join(", "),
      ] as const,
  );
  const byName = new Map(entries);
  return { get: (name) => byName.get(name), entries: () => byName.entries() };
}
