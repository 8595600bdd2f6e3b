/**
 * Every refusal of etcd 3.6 (api/v3rpc/rpctypes/error.go), and after them those that reach clients
 * without being in its table. One constant each, and an entry of the package,
 * so that the bundle of a client holds only those it names.
 */

import * as make from "./etcd-error.ts";
import { Code } from "./grpc-code.ts";

// Requests that are wrong in themselves.
export const keyNotProvided = /* @__PURE__ */ make.invalidArgument("key is not provided");
export const keyNotFound = /* @__PURE__ */ make.invalidArgument("key not found");
export const valueProvided = /* @__PURE__ */ make.invalidArgument("value is provided");
export const leaseProvided = /* @__PURE__ */ make.invalidArgument("lease is provided");
export const tooManyOps = /* @__PURE__ */ make.invalidArgument(
  "too many operations in txn request",
);
export const duplicateKey = /* @__PURE__ */ make.invalidArgument(
  "duplicate key given in txn request",
);
export const invalidClientApiVersion = /* @__PURE__ */ make.invalidArgument(
  "invalid client api version",
);
export const invalidSortOption = /* @__PURE__ */ make.invalidArgument("invalid sort option");
export const requestTooLarge = /* @__PURE__ */ make.invalidArgument("request is too large");

// Revisions and space.
export const compacted = /* @__PURE__ */ make.outOfRange(
  "mvcc: required revision has been compacted",
);
export const futureRevision = /* @__PURE__ */ make.outOfRange(
  "mvcc: required revision is a future revision",
);
export const noSpace = /* @__PURE__ */ make.resourceExhausted("mvcc: database space exceeded");

// Leases and watches.
export const leaseNotFound = /* @__PURE__ */ make.notFound("requested lease not found");
export const leaseExists = /* @__PURE__ */ make.failedPrecondition("lease already exists");
export const leaseTtlTooLarge = /* @__PURE__ */ make.outOfRange("too large lease TTL");
export const watchCanceled = /* @__PURE__ */ make.canceled("watch canceled");

// Membership.
export const memberExists = /* @__PURE__ */ make.failedPrecondition("member ID already exist");
export const peerUrlExists = /* @__PURE__ */ make.failedPrecondition("Peer URLs already exists");
/** The server returns its client library's form of the error, which carries no code. */
export const notEnoughStartedMembers = /* @__PURE__ */ make.unknown(
  "etcdserver: re-configuration failed due to not enough started members",
  Code.FAILED_PRECONDITION,
);
export const memberBadUrls = /* @__PURE__ */ make.invalidArgument("given member URLs are invalid");
export const memberNotFound = /* @__PURE__ */ make.notFound("member not found");
export const memberNotLearner = /* @__PURE__ */ make.failedPrecondition(
  "can only promote a learner member",
);
export const learnerNotReady = /* @__PURE__ */ make.failedPrecondition(
  "can only promote a learner member which is in sync with leader",
);
export const tooManyLearners = /* @__PURE__ */ make.failedPrecondition(
  "too many learner members in cluster",
);
export const clusterIdMismatch = /* @__PURE__ */ make.failedPrecondition("cluster ID mismatch");

/** Loses its code the same way as {@link EtcdErrors.notEnoughStartedMembers}. */
export const tooManyRequests = /* @__PURE__ */ make.unknown(
  "etcdserver: too many requests",
  Code.RESOURCE_EXHAUSTED,
);

// Users and roles.
export const rootUserNotExist = /* @__PURE__ */ make.failedPrecondition("root user does not exist");
export const rootRoleNotExist = /* @__PURE__ */ make.failedPrecondition(
  "root user does not have root role",
);
export const userAlreadyExists = /* @__PURE__ */ make.failedPrecondition(
  "user name already exists",
);
export const userEmpty = /* @__PURE__ */ make.invalidArgument("user name is empty");
export const userNotFound = /* @__PURE__ */ make.failedPrecondition("user name not found");
export const roleAlreadyExists = /* @__PURE__ */ make.failedPrecondition(
  "role name already exists",
);
export const roleNotFound = /* @__PURE__ */ make.failedPrecondition("role name not found");
export const roleEmpty = /* @__PURE__ */ make.invalidArgument("role name is empty");
export const authFailed = /* @__PURE__ */ make.invalidArgument(
  "authentication failed, invalid user ID or password",
);
export const permissionNotGiven = /* @__PURE__ */ make.invalidArgument("permission not given");
export const permissionDenied = /* @__PURE__ */ make.permissionDenied("permission denied");
export const roleNotGranted = /* @__PURE__ */ make.failedPrecondition(
  "role is not granted to the user",
);
export const permissionNotGranted = /* @__PURE__ */ make.failedPrecondition(
  "permission is not granted to the role",
);
export const authNotEnabled = /* @__PURE__ */ make.failedPrecondition(
  "authentication is not enabled",
);
export const invalidAuthToken = /* @__PURE__ */ make.unauthenticated("invalid auth token");
export const invalidAuthManagement = /* @__PURE__ */ make.invalidArgument(
  "invalid auth management",
);
export const authOldRevision = /* @__PURE__ */ make.invalidArgument(
  "revision of auth store is old",
);

// The state of the cluster.
export const noLeader = /* @__PURE__ */ make.unavailable("no leader");
export const notLeader = /* @__PURE__ */ make.failedPrecondition("not leader");
export const leaderChanged = /* @__PURE__ */ make.unavailable("leader changed");
/** UNAVAILABLE before 3.6. */
export const notCapable = /* @__PURE__ */ make.failedPrecondition("not capable");
export const stopped = /* @__PURE__ */ make.unavailable("server stopped");
export const timeout = /* @__PURE__ */ make.unavailable("request timed out");
export const timeoutDueToLeaderFail = /* @__PURE__ */ make.unavailable(
  "request timed out, possibly due to previous leader failure",
);
export const timeoutDueToConnectionLost = /* @__PURE__ */ make.unavailable(
  "request timed out, possibly due to connection lost",
);
export const timeoutWaitAppliedIndex = /* @__PURE__ */ make.unavailable(
  "request timed out, waiting for the applied index took too long",
);
export const unhealthy = /* @__PURE__ */ make.unavailable("unhealthy cluster");
export const corrupt = /* @__PURE__ */ make.dataLoss("corrupt cluster");
/** UNAVAILABLE before 3.6. */
export const notSupportedForLearner = /* @__PURE__ */ make.failedPrecondition(
  "rpc not supported for learner",
);
export const badLeaderTransferee = /* @__PURE__ */ make.failedPrecondition("bad leader transferee");

// Downgrade.
export const wrongDowngradeVersionFormat = /* @__PURE__ */ make.invalidArgument(
  "wrong downgrade target version format",
);
export const invalidDowngradeTargetVersion = /* @__PURE__ */ make.invalidArgument(
  "invalid downgrade target version",
);
export const clusterVersionUnavailable = /* @__PURE__ */ make.failedPrecondition(
  "cluster version not found during downgrade",
);
export const downgradeInProcess = /* @__PURE__ */ make.failedPrecondition(
  "cluster has a downgrade job in progress",
);
export const noInflightDowngrade = /* @__PURE__ */ make.failedPrecondition(
  "no inflight downgrade job",
);

// The caller gave up.
export const requestCanceled = /* @__PURE__ */ make.canceled("request canceled");
export const deadlineExceeded = /* @__PURE__ */ make.deadlineExceeded("context deadline exceeded");

// In no table of etcd's, so they leave it as UNKNOWN.
export const noPasswordUser = /* @__PURE__ */ make.unknown(
  "auth: authentication failed, password was given for no password user",
);
export const verifyOnlyKey = /* @__PURE__ */ make.unknown(
  "auth: token signing attempted with verify-only key",
);
export const leaderTransferTimeout = /* @__PURE__ */ make.unknown(
  "etcdserver: request timed out, leader transfer took too long",
);
export const unknownMethod = /* @__PURE__ */ make.unknown("etcdserver: unknown method");
export const notPrimaryLessor = /* @__PURE__ */ make.unknown("not a primary lessor");
export const proposalDropped = /* @__PURE__ */ make.unknown("raft proposal dropped");
export const passwordTooLong = /* @__PURE__ */ make.unknown(
  "bcrypt: password length exceeds 72 bytes",
);

// The lock and election services run on etcd's own client library, which strips the codes.
export const lockLeaseNotFound = /* @__PURE__ */ make.unknown(
  "etcdserver: requested lease not found",
  Code.NOT_FOUND,
);
export const electionNoLeader = /* @__PURE__ */ make.unknown("election: no leader");
export const electionNotLeader = /* @__PURE__ */ make.unknown("election: not leader");
export const electionMissingLeaderKey = /* @__PURE__ */ make.unknown(
  '"leader" field must be provided',
);
export const sessionExpired = /* @__PURE__ */ make.unknown("mutex: session is expired");
