import { type CallStatus, Status, type StatusCode } from "@conclave/rpc";
import { quarantined } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { CompactedError, ConclaveError, type ErrorCode, type Outcome } from "../errors.ts";

/**
 * What repeating a request would do.
 * - `read`: nothing changes, so its failure never leaves doubt
 * - `idempotent`: applying it twice is the same as once (it names its lease or carries its nonce)
 * - `once`: applying it twice may differ from once
 */
export type Effect = "read" | "idempotent" | "once";

interface Refusal {
  readonly code: ErrorCode;
  readonly outcome: Outcome;
}

const refused = (code: ErrorCode): Refusal => ({ code, outcome: "not-applied" });

/**
 * Refusals that say more by their text than by their gRPC code. The server decides them before it proposes the request, so nothing was applied, with one exception: the space quota is checked again while
 * the request is applied, and a member that is over it may raise the alarm after it has applied the write.
 */
const REFUSAL_BY_TEXT: ReadonlyMap<string, Refusal> = new Map([
  [EtcdErrors.compacted.message, refused("COMPACTED")],
  [EtcdErrors.futureRevision.message, refused("FUTURE_REVISION")],
  [EtcdErrors.noSpace.message, { code: "NO_SPACE", outcome: "unknown" }],
  [EtcdErrors.leaseNotFound.message, refused("LEASE_NOT_FOUND")],
  [EtcdErrors.leaseExists.message, refused("ALREADY_EXISTS")],
  [EtcdErrors.keyNotFound.message, refused("KEY_NOT_FOUND")],
  [EtcdErrors.requestTooLarge.message, refused("TOO_LARGE")],
  [EtcdErrors.tooManyRequests.message, refused("TOO_MANY_REQUESTS")],
  [EtcdErrors.noLeader.message, refused("NO_LEADER")],
  [EtcdErrors.corrupt.message, refused("CORRUPT")],
  [quarantined.message, refused("UNAVAILABLE")],
  // The members that vote serve it: it is repeated at another endpoint.
  [EtcdErrors.notSupportedForLearner.message, refused("UNAVAILABLE")],
  [EtcdErrors.authFailed.message, refused("UNAUTHENTICATED")],
  [EtcdErrors.userEmpty.message, refused("UNAUTHENTICATED")],
  [EtcdErrors.authOldRevision.message, refused("UNAUTHENTICATED")],
]);

/** For what the texts leave open. Codes not listed keep their doubt: see {@link outcomeOf}. */
const CODE_BY_STATUS: Readonly<Record<StatusCode, ErrorCode>> = {
  [Status.OK]: "PROTOCOL",
  [Status.CANCELLED]: "CANCELLED",
  [Status.UNKNOWN]: "UNKNOWN",
  [Status.INVALID_ARGUMENT]: "INVALID_ARGUMENT",
  [Status.DEADLINE_EXCEEDED]: "TIMEOUT",
  [Status.NOT_FOUND]: "FAILED_PRECONDITION",
  [Status.ALREADY_EXISTS]: "ALREADY_EXISTS",
  [Status.PERMISSION_DENIED]: "PERMISSION_DENIED",
  [Status.RESOURCE_EXHAUSTED]: "TOO_LARGE",
  [Status.FAILED_PRECONDITION]: "FAILED_PRECONDITION",
  [Status.ABORTED]: "FAILED_PRECONDITION",
  [Status.OUT_OF_RANGE]: "INVALID_ARGUMENT",
  [Status.UNIMPLEMENTED]: "UNIMPLEMENTED",
  [Status.INTERNAL]: "INTERNAL",
  [Status.UNAVAILABLE]: "UNAVAILABLE",
  [Status.DATA_LOSS]: "CORRUPT",
  [Status.UNAUTHENTICATED]: "UNAUTHENTICATED",
};

/** Statuses with which a server refuses a request instead of failing at it. */
const REFUSING_STATUS: ReadonlySet<StatusCode> = new Set([
  Status.INVALID_ARGUMENT,
  Status.NOT_FOUND,
  Status.ALREADY_EXISTS,
  Status.PERMISSION_DENIED,
  Status.RESOURCE_EXHAUSTED,
  Status.FAILED_PRECONDITION,
  Status.OUT_OF_RANGE,
  Status.UNIMPLEMENTED,
  Status.UNAUTHENTICATED,
]);

function outcomeOf(status: CallStatus, effect: Effect): Outcome {
  if (effect === "read") return "not-applied";
  if (!status.mayHaveReachedServer) return "not-applied";
  return REFUSING_STATUS.has(status.code) ? "not-applied" : "unknown";
}

/** The error of a call that did not end with OK. `path` names the method in the message. */
export function errorOfStatus(status: CallStatus, effect: Effect, path: string): ConclaveError {
  const refusal = REFUSAL_BY_TEXT.get(status.message);
  const code = refusal?.code ?? CODE_BY_STATUS[status.code];
  const known = refusal === undefined ? outcomeOf(status, effect) : refusal.outcome;
  const outcome = effect === "read" ? "not-applied" : known;
  const message = `${path.slice(path.lastIndexOf(".") + 1)}: ${status.message || code}`;
  return code === "COMPACTED"
    ? new CompactedError(message, null)
    : new ConclaveError(code, outcome, message);
}
