import { describe, expect, test } from "vitest";
import * as EtcdErrors from "./etcd-errors.ts";
import { Code, codeName, type EtcdError, goErrorText } from "./index.ts";

const all: [string, EtcdError][] = Object.entries(EtcdErrors);

// A second copy of etcd 3.6's table (api/v3rpc/rpctypes/error.go), by code, so that no text or code
// of ours changes by a slip: clients compare them as strings.
const declared: Record<number, readonly string[]> = {
  [Code.CANCELLED]: ["watch canceled", "request canceled"],
  [Code.INVALID_ARGUMENT]: [
    "key is not provided",
    "key not found",
    "value is provided",
    "lease is provided",
    "too many operations in txn request",
    "duplicate key given in txn request",
    "invalid client api version",
    "invalid sort option",
    "given member URLs are invalid",
    "request is too large",
    "user name is empty",
    "role name is empty",
    "authentication failed, invalid user ID or password",
    "permission not given",
    "invalid auth management",
    "revision of auth store is old",
    "wrong downgrade target version format",
    "invalid downgrade target version",
  ],
  [Code.DEADLINE_EXCEEDED]: ["context deadline exceeded"],
  [Code.NOT_FOUND]: ["requested lease not found", "member not found"],
  [Code.PERMISSION_DENIED]: ["permission denied"],
  [Code.RESOURCE_EXHAUSTED]: ["mvcc: database space exceeded", "too many requests"],
  [Code.FAILED_PRECONDITION]: [
    "lease already exists",
    "member ID already exist",
    "Peer URLs already exists",
    "re-configuration failed due to not enough started members",
    "can only promote a learner member",
    "can only promote a learner member which is in sync with leader",
    "too many learner members in cluster",
    "cluster ID mismatch",
    "root user does not exist",
    "root user does not have root role",
    "user name already exists",
    "user name not found",
    "role name already exists",
    "role name not found",
    "role is not granted to the user",
    "permission is not granted to the role",
    "authentication is not enabled",
    "not leader",
    "not capable",
    "rpc not supported for learner",
    "bad leader transferee",
    "cluster version not found during downgrade",
    "cluster has a downgrade job in progress",
    "no inflight downgrade job",
  ],
  [Code.OUT_OF_RANGE]: [
    "mvcc: required revision has been compacted",
    "mvcc: required revision is a future revision",
    "too large lease TTL",
  ],
  [Code.UNAVAILABLE]: [
    "no leader",
    "leader changed",
    "server stopped",
    "request timed out",
    "request timed out, possibly due to previous leader failure",
    "request timed out, possibly due to connection lost",
    "request timed out, waiting for the applied index took too long",
    "unhealthy cluster",
  ],
  [Code.DATA_LOSS]: ["corrupt cluster"],
  [Code.UNAUTHENTICATED]: ["invalid auth token"],
};

describe("etcd's error texts", () => {
  test("every text of etcd's table is here, with the code that the table names", () => {
    const expected = Object.entries(declared).flatMap(([code, texts]) =>
      texts.map((text) => ({ code: Number(code), message: `etcdserver: ${text}` })),
    );
    for (const { code, message } of expected) {
      const ours = all.find(([, error]) => error.message === message)?.[1];
      expect(ours && { code: ours.declaredCode ?? ours.code, message }).toEqual({ code, message });
    }
    const known = new Set(expected.map((error) => error.message));
    const others = all.filter(([, error]) => !known.has(error.message));
    expect(others.map(([name, error]) => [name, error.code, error.message])).toEqual([
      ["noPasswordUser", 2, "auth: authentication failed, password was given for no password user"],
      ["verifyOnlyKey", 2, "auth: token signing attempted with verify-only key"],
      ["leaderTransferTimeout", 2, "etcdserver: request timed out, leader transfer took too long"],
      ["unknownMethod", 2, "etcdserver: unknown method"],
      ["notPrimaryLessor", 2, "not a primary lessor"],
      ["proposalDropped", 2, "raft proposal dropped"],
      ["passwordTooLong", 2, "bcrypt: password length exceeds 72 bytes"],
      ["electionNoLeader", 2, "election: no leader"],
      ["electionNotLeader", 2, "election: not leader"],
      ["electionMissingLeaderKey", 2, '"leader" field must be provided'],
      ["sessionExpired", 2, "mutex: session is expired"],
    ]);
  });

  // Seen on etcd 3.4: a client-side error object is returned by the server, and gRPC knows no code of it.
  test("three lose their code on the way and arrive as UNKNOWN", () => {
    const lost = all.filter(([, error]) => error.declaredCode !== undefined);
    expect(lost.map(([name, error]) => [name, error.code, error.declaredCode])).toEqual([
      ["notEnoughStartedMembers", Code.UNKNOWN, Code.FAILED_PRECONDITION],
      ["tooManyRequests", Code.UNKNOWN, Code.RESOURCE_EXHAUSTED],
      ["lockLeaseNotFound", Code.UNKNOWN, Code.NOT_FOUND],
    ]);
  });

  test("no two share both text and code", () => {
    const texts = all.map(([, error]) => `${error.code} ${error.message}`);
    expect(new Set(texts).size).toBe(texts.length);
  });

  // A watch refused by the authorization check carries this form in cancel_reason.
  test("Go prints them with its own name of the code", () => {
    expect(goErrorText(EtcdErrors.permissionDenied)).toBe(
      "rpc error: code = PermissionDenied desc = etcdserver: permission denied",
    );
  });

  test("a code that gRPC does not define has a name all the same", () => {
    expect([0, 1, 16, 17].map(codeName)).toEqual(["OK", "Canceled", "Unauthenticated", "Code(17)"]);
  });
});
