import { type FenceToken, fenceText } from "./fence-token.ts";
import { FENCE_HEADER, type FenceCheck, fenceRefusal } from "./http-fence.ts";

/** What is used of grpc-js's `Metadata`. */
interface GrpcMetadata {
  get(key: string): (string | Uint8Array)[];
}

interface GrpcCall {
  readonly metadata: GrpcMetadata;
}

type GrpcCallback = (error: { readonly code: number; readonly details: string }) => void;

const INVALID_ARGUMENT = 3;
const FAILED_PRECONDITION = 9;
const INTERNAL = 13;

/**
 * Puts the fence into the metadata of a grpc-js call, and returns them.
 *
 * @example
 * ```ts
 * import { setFenceMetadata } from "@conclave/client/fencing";
 * import { Metadata } from "@grpc/grpc-js";
 *
 * await client.locks.request("order/42", async (lock) => {
 *   const metadata = setFenceMetadata(new Metadata(), lock.fence);
 *   console.log(metadata.get("fence-token"));
 * });
 * ```
 */
export function setFenceMetadata<M extends { set(key: string, value: string): void }>(
  metadata: M,
  token: FenceToken,
): M {
  metadata.set(FENCE_HEADER, fenceText(token));
  return metadata;
}

/**
 * A unary handler for a grpc-js server that runs only with a fence that is not stale. Otherwise the call ends with
 * FAILED_PRECONDITION, or INVALID_ARGUMENT for what is no fence.
 *
 * @example
 * ```ts
 * import { fenceGate, grpcFenced, memoryFenceStore } from "@conclave/client/fencing";
 * import type { sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
 *
 * type PayCall = ServerUnaryCall<{ readonly orderId: string }, { readonly paid: boolean }>;
 *
 * function pay(call: PayCall, callback: sendUnaryData<{ readonly paid: boolean }>): void {
 *   callback(null, { paid: true });
 * }
 *
 * const gate = fenceGate(memoryFenceStore());
 * const resource = (call: PayCall) => call.request.orderId;
 * const handlers = { pay: grpcFenced({ gate, resource }, pay) }; // for server.addService
 * ```
 */
export function grpcFenced<Call extends GrpcCall, Callback extends GrpcCallback>(
  check: FenceCheck<Call>,
  unaryHandler: (call: Call, callback: Callback) => void,
) {
  return (call: Call, callback: Callback): void => {
    const values = call.metadata.get(FENCE_HEADER).map(String);
    const header = values.length > 1 ? values : values[0];
    fenceRefusal(check, call, header).then(
      (refusal) => {
        if (refusal === null) return unaryHandler(call, callback);
        const code = refusal.status === 400 ? INVALID_ARGUMENT : FAILED_PRECONDITION;
        callback({ code, details: refusal.message });
      },
      (error: unknown) => callback({ code: INTERNAL, details: String(error) }),
    );
  };
}
