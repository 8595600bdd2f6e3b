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

const refusal = (code: number) => (text: string) => ({ code, message: `etcdserver: ${text}` });

const invalidArgument = refusal(Code.INVALID_ARGUMENT);
const outOfRange = refusal(Code.OUT_OF_RANGE);
const resourceExhausted = refusal(Code.RESOURCE_EXHAUSTED);
const notFound = refusal(Code.NOT_FOUND);
const failedPrecondition = refusal(Code.FAILED_PRECONDITION);
const permissionDenied = refusal(Code.PERMISSION_DENIED);
const unauthenticated = refusal(Code.UNAUTHENTICATED);
const unavailable = refusal(Code.UNAVAILABLE);
const dataLoss = refusal(Code.DATA_LOSS);
const canceled = refusal(Code.CANCELLED);
const deadlineExceeded = refusal(Code.DEADLINE_EXCEEDED);

/** An error that leaves etcd as UNKNOWN with a text of its own. */
const unknown = (message: string, declaredCode?: number): EtcdError =>
  declaredCode === undefined
    ? { code: Code.UNKNOWN, message }
    : { code: Code.UNKNOWN, message, declaredCode };

/**
 * Every refusal of etcd 3.6 (api/v3rpc/rpctypes/error.go), and after them those that reach clients
 * without being in its table.
 */
export const EtcdErrors = {
  // Requests that are wrong in themselves.
  keyNotProvided: invalidArgument("key is not provided"),
  keyNotFound: invalidArgument("key not found"),
  valueProvided: invalidArgument("value is provided"),
  leaseProvided: invalidArgument("lease is provided"),
  tooManyOps: invalidArgument("too many operations in txn request"),
  duplicateKey: invalidArgument("duplicate key given in txn request"),
  invalidClientApiVersion: invalidArgument("invalid client api version"),
  invalidSortOption: invalidArgument("invalid sort option"),
  requestTooLarge: invalidArgument("request is too large"),

  // Revisions and space.
  compacted: outOfRange("mvcc: required revision has been compacted"),
  futureRevision: outOfRange("mvcc: required revision is a future revision"),
  noSpace: resourceExhausted("mvcc: database space exceeded"),

  // Leases and watches.
  leaseNotFound: notFound("requested lease not found"),
  leaseExists: failedPrecondition("lease already exists"),
  leaseTtlTooLarge: outOfRange("too large lease TTL"),
  watchCanceled: canceled("watch canceled"),

  // Membership.
  memberExists: failedPrecondition("member ID already exist"),
  peerUrlExists: failedPrecondition("Peer URLs already exists"),
  /** The server returns its client library's form of the error, which carries no code. */
  notEnoughStartedMembers: unknown(
    "etcdserver: re-configuration failed due to not enough started members",
    Code.FAILED_PRECONDITION,
  ),
  memberBadUrls: invalidArgument("given member URLs are invalid"),
  memberNotFound: notFound("member not found"),
  memberNotLearner: failedPrecondition("can only promote a learner member"),
  learnerNotReady: failedPrecondition(
    "can only promote a learner member which is in sync with leader",
  ),
  tooManyLearners: failedPrecondition("too many learner members in cluster"),
  clusterIdMismatch: failedPrecondition("cluster ID mismatch"),

  /** Loses its code the same way as {@link EtcdErrors.notEnoughStartedMembers}. */
  tooManyRequests: unknown("etcdserver: too many requests", Code.RESOURCE_EXHAUSTED),

  // Users and roles.
  rootUserNotExist: failedPrecondition("root user does not exist"),
  rootRoleNotExist: failedPrecondition("root user does not have root role"),
  userAlreadyExists: failedPrecondition("user name already exists"),
  userEmpty: invalidArgument("user name is empty"),
  userNotFound: failedPrecondition("user name not found"),
  roleAlreadyExists: failedPrecondition("role name already exists"),
  roleNotFound: failedPrecondition("role name not found"),
  roleEmpty: invalidArgument("role name is empty"),
  authFailed: invalidArgument("authentication failed, invalid user ID or password"),
  permissionNotGiven: invalidArgument("permission not given"),
  permissionDenied: permissionDenied("permission denied"),
  roleNotGranted: failedPrecondition("role is not granted to the user"),
  permissionNotGranted: failedPrecondition("permission is not granted to the role"),
  authNotEnabled: failedPrecondition("authentication is not enabled"),
  invalidAuthToken: unauthenticated("invalid auth token"),
  invalidAuthManagement: invalidArgument("invalid auth management"),
  authOldRevision: invalidArgument("revision of auth store is old"),

  // The state of the cluster.
  noLeader: unavailable("no leader"),
  notLeader: failedPrecondition("not leader"),
  leaderChanged: unavailable("leader changed"),
  /** UNAVAILABLE before 3.6. */
  notCapable: failedPrecondition("not capable"),
  stopped: unavailable("server stopped"),
  timeout: unavailable("request timed out"),
  timeoutDueToLeaderFail: unavailable("request timed out, possibly due to previous leader failure"),
  timeoutDueToConnectionLost: unavailable("request timed out, possibly due to connection lost"),
  timeoutWaitAppliedIndex: unavailable(
    "request timed out, waiting for the applied index took too long",
  ),
  unhealthy: unavailable("unhealthy cluster"),
  corrupt: dataLoss("corrupt cluster"),
  /** UNAVAILABLE before 3.6. */
  notSupportedForLearner: failedPrecondition("rpc not supported for learner"),
  badLeaderTransferee: failedPrecondition("bad leader transferee"),

  // Downgrade.
  wrongDowngradeVersionFormat: invalidArgument("wrong downgrade target version format"),
  invalidDowngradeTargetVersion: invalidArgument("invalid downgrade target version"),
  clusterVersionUnavailable: failedPrecondition("cluster version not found during downgrade"),
  downgradeInProcess: failedPrecondition("cluster has a downgrade job in progress"),
  noInflightDowngrade: failedPrecondition("no inflight downgrade job"),

  // The caller gave up.
  requestCanceled: canceled("request canceled"),
  deadlineExceeded: deadlineExceeded("context deadline exceeded"),

  // In no table of etcd's, so they leave it as UNKNOWN.
  noPasswordUser: unknown("auth: authentication failed, password was given for no password user"),
  verifyOnlyKey: unknown("auth: token signing attempted with verify-only key"),
  leaderTransferTimeout: unknown("etcdserver: request timed out, leader transfer took too long"),
  unknownMethod: unknown("etcdserver: unknown method"),
  notPrimaryLessor: unknown("not a primary lessor"),
  proposalDropped: unknown("raft proposal dropped"),
  passwordTooLong: unknown("bcrypt: password length exceeds 72 bytes"),

  // The lock and election services run on etcd's own client library, which strips the codes.
  lockLeaseNotFound: unknown("etcdserver: requested lease not found", Code.NOT_FOUND),
  electionNoLeader: unknown("election: no leader"),
  electionNotLeader: unknown("election: not leader"),
  electionMissingLeaderKey: unknown('"leader" field must be provided'),
  sessionExpired: unknown("mutex: session is expired"),
} as const satisfies Readonly<Record<string, EtcdError>>;

/**
 * Why a watch was canceled, where that is not one of {@link EtcdErrors}: `WatchResponse.cancel_reason`.
 * A refusal given there by the authorization check has the form of {@link goErrorText}.
 */
export const WatchCancelReasons = {
  emptyRange: "mvcc: watcher range is empty",
  duplicateId: "mvcc: duplicate watch ID provided on the WatchStream",
} as const;

/** The text that Go's gRPC gives an error when it is printed. */
export function goErrorText(error: EtcdError): string {
  return `rpc error: code = ${codeName(error.code)} desc = ${error.message}`;
}
