import type { UnaryCall, UnaryHandler } from "@conclave/rpc";
import { Status } from "@conclave/rpc";
import { DecodeError, type EtcdError, type MessageCodec } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { failWith } from "./errors.ts";

/** What a request may ask for at most: etcd's `--max-request-bytes` and `--max-txn-ops`. */
export interface RequestLimits {
  /** Bytes of a command in the log. */
  readonly requestBytesMax: number;
  /** Compares, or operations of one branch, of a transaction. Count. */
  readonly txnOpsMax: number;
}

/**
 * Decodes a unary request and hands it on. Bytes that are no such message are answered as grpc-go does: INTERNAL.
 * `request` holds views of `body`, which is valid only until `serve` returns.
 */
export function decoding<Request>(
  codec: MessageCodec<Request, never>,
  serve: (call: UnaryCall, request: Request, body: Uint8Array) => void,
): UnaryHandler {
  return (call, body) => {
    let request: Request;
    try {
      request = codec.decode(body);
    } catch (error) {
      failDecoding(call, error);
      return;
    }
    serve(call, request, body);
  };
}

function failDecoding(call: UnaryCall, error: unknown): void {
  if (!(error instanceof DecodeError)) throw error;
  call.fail(Status.INTERNAL, `grpc: error unmarshalling request: ${error.message}`);
}

/** The refusal of a command that is too large for the log, or null. */
export function checkCommandBytes(body: Uint8Array, limits: RequestLimits): EtcdError | null {
  return body.length > limits.requestBytesMax ? EtcdErrors.requestTooLarge : null;
}

/** Answers with the error, if there is one. @returns whether there was */
export function refused(call: UnaryCall, error: EtcdError | null): boolean {
  if (error === null) return false;
  failWith(call, error);
  return true;
}
