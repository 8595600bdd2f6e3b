import { Code, codeName } from "./grpc-code.ts";

/**
 * A refusal as etcd sends it. Go clients switch on the message, all others on the code, so both are
 * part of the protocol, byte for byte.
 */
export interface EtcdError {
  /** gRPC status code that is really sent. */
  readonly code: number;
  readonly message: string;
  /**
   * Set where etcd's own table names another code than the one it sends: the error takes a path inside
   * the server that loses its code, and clients have come to expect {@link Code.UNKNOWN}.
   */
  readonly declaredCode?: number;
}

const refusal =
  (code: number) =>
  (text: string): EtcdError => ({ code, message: `etcdserver: ${text}` });

export const invalidArgument = /* @__PURE__ */ refusal(Code.INVALID_ARGUMENT);
export const outOfRange = /* @__PURE__ */ refusal(Code.OUT_OF_RANGE);
export const resourceExhausted = /* @__PURE__ */ refusal(Code.RESOURCE_EXHAUSTED);
export const notFound = /* @__PURE__ */ refusal(Code.NOT_FOUND);
export const failedPrecondition = /* @__PURE__ */ refusal(Code.FAILED_PRECONDITION);
export const permissionDenied = /* @__PURE__ */ refusal(Code.PERMISSION_DENIED);
export const unauthenticated = /* @__PURE__ */ refusal(Code.UNAUTHENTICATED);
export const unavailable = /* @__PURE__ */ refusal(Code.UNAVAILABLE);
export const dataLoss = /* @__PURE__ */ refusal(Code.DATA_LOSS);
export const canceled = /* @__PURE__ */ refusal(Code.CANCELLED);
export const deadlineExceeded = /* @__PURE__ */ refusal(Code.DEADLINE_EXCEEDED);

/** An error that leaves etcd as UNKNOWN with a text of its own. */
export const unknown = (message: string, declaredCode?: number): EtcdError =>
  declaredCode === undefined
    ? { code: Code.UNKNOWN, message }
    : { code: Code.UNKNOWN, message, declaredCode };

/** The text that Go's gRPC gives an error when it is printed. */
export function goErrorText(error: EtcdError): string {
  return `rpc error: code = ${codeName(error.code)} desc = ${error.message}`;
}
