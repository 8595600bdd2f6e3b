import {
  type CallOptions,
  type CallStatus,
  Status,
  type StatusCode,
  type UnaryCallback,
} from "@conclave/rpc";
import { asBuffer, bytesAsTheyAre, GrpcCall, type GrpcCallOwner } from "./grpc-call.ts";
import type { GrpcEndpoint } from "./grpc-endpoint.ts";

/** A unary call over grpc-js. */
export class GrpcUnaryCall extends GrpcCall {
  readonly #request: Uint8Array;
  readonly #callback: UnaryCallback;
  #response: Buffer | null = null;

  constructor(
    path: string,
    request: Uint8Array,
    options: CallOptions,
    callback: UnaryCallback,
    deadlineMs: number,
    owner: GrpcCallOwner,
  ) {
    super(path, options, deadlineMs, owner);
    this.#request = request;
    this.#callback = callback;
  }

  start(endpoint: GrpcEndpoint, remainingMs: number): void {
    this.endpointCalled = endpoint;
    const call = endpoint.client.makeUnaryRequest(
      this.path,
      asBuffer,
      bytesAsTheyAre,
      this.#request,
      this.metadata(),
      { deadline: Date.now() + remainingMs },
      (_error, response) => {
        this.#response = response ?? null;
      },
    );
    this.call = call;
    // Comes after the callback, and tells the trailers of a success too.
    call.on("status", (status) => this.onStatus(status));
  }

  protected onFinished(status: CallStatus): void {
    if (status.code !== Status.OK) this.#callback(status, null);
    else if (this.#response !== null) this.#callback(status, this.#response);
    else this.#callback({ ...status, ...NO_MESSAGE }, null);
  }
}

const NO_MESSAGE = {
  code: Status.INTERNAL as StatusCode,
  message: "a unary call was answered without a message",
};
