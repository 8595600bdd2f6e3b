import { type CallStatus, Status, type StatusCode } from "@conclave/rpc";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { ConclaveError, type ErrorCode } from "../errors.ts";

/** How a server says that the token is at fault: unknown to it, missing, or older than a change of its users. */
const REFUSALS: ReadonlySet<string> = new Set([
  EtcdErrors.invalidAuthToken.message,
  EtcdErrors.userEmpty.message,
  EtcdErrors.authOldRevision.message,
]);

/** Whether another token may help. The server refuses so before it does anything, so the call was not applied. */
export const isTokenRefusal = ({ message }: Pick<CallStatus, "message">): boolean =>
  REFUSALS.has(message);

const STATUS_BY_CODE: Partial<Record<ErrorCode, StatusCode>> = {
  UNAUTHENTICATED: Status.UNAUTHENTICATED,
  CANCELLED: Status.CANCELLED,
  TIMEOUT: Status.DEADLINE_EXCEEDED,
};

/** The end of a call that could not get a token. It was not applied: it was refused, or not sent. */
export function statusOfFailedSignIn(error: unknown, refused: CallStatus): CallStatus {
  const code = error instanceof ConclaveError ? STATUS_BY_CODE[error.code] : Status.UNAUTHENTICATED;
  return {
    ...refused,
    code: code ?? Status.UNAVAILABLE,
    message: error instanceof Error ? error.message : String(error),
    mayHaveReachedServer: false,
  };
}
