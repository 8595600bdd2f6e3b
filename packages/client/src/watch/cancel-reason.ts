import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { isTokenRefusal } from "../auth/token-refusal.ts";
import { ConclaveError, type ErrorCode } from "../errors.ts";

/** How etcd writes a refusal into `cancel_reason`: the text form of a gRPC error. */
const GRPC_TEXT = /^rpc error: code = (\w+) desc = (.*)$/s;

const CODE_BY_NAME: ReadonlyMap<string, ErrorCode> = new Map([
  ["PermissionDenied", "PERMISSION_DENIED"],
  ["Unauthenticated", "UNAUTHENTICATED"],
  ["InvalidArgument", "INVALID_ARGUMENT"],
  ["Unavailable", "UNAVAILABLE"],
]);

const CODE_BY_TEXT: ReadonlyMap<string, ErrorCode> = new Map([
  [EtcdErrors.invalidAuthToken.message, "UNAUTHENTICATED"],
  ["mvcc: watcher range is empty", "INVALID_ARGUMENT"],
  ["mvcc: duplicate watch ID provided on the WatchStream", "PROTOCOL"],
]);

/** The error of a watch that the server refused, or ended, while its stream goes on. */
export function errorOfCancelReason(reason: string): ConclaveError {
  const parts = GRPC_TEXT.exec(reason);
  const code = parts === null ? CODE_BY_TEXT.get(reason) : CODE_BY_NAME.get(parts[1] ?? "");
  const text = parts?.[2] ?? reason;
  return new ConclaveError(code ?? "UNKNOWN", "not-applied", `watch: ${text}`);
}

/** Whether a watch was refused for the token that its stream was opened with. */
export function isTokenRefused(reason: string): boolean {
  return isTokenRefusal({ message: GRPC_TEXT.exec(reason)?.[2] ?? reason });
}
