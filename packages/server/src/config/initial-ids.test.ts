import { describe, expect, test } from "vitest";
import { initialIds } from "./initial-ids.ts";
import { clusterIdOf, idText, memberIdOf } from "./member-id.ts";
import { resolveServerConfig } from "./resolve.ts";

// All expected ids were printed by etcd 3.4.23 for the same flags.
describe("ids are the ones etcd computes", () => {
  test("a member on etcd's default URL, known from many a log", () => {
    const id = memberIdOf(["http://localhost:2380"], "etcd-cluster");
    expect(idText(id)).toBe("8e9e05c52164694d");
    expect(idText(clusterIdOf([id]))).toBe("cdf818194e3a8c32");
  });

  test("a member with two peer URLs and a token of its own", () => {
    const ids = initialIds(
      resolveServerConfig({
        name: "n1",
        initialAdvertisePeerUrls: ["http://127.0.0.1:23802", "http://127.0.0.1:23801"],
        initialCluster: "n1=http://127.0.0.1:23801,n1=http://127.0.0.1:23802",
        initialClusterToken: "tok-9",
      }),
    );
    expect(ids.memberId).toBe(10304715357569159416n);
    expect(ids.clusterId).toBe(4024542759764248265n);
  });

  test("three members", () => {
    const ids = initialIds(
      resolveServerConfig({
        name: "b",
        initialAdvertisePeerUrls: ["http://127.0.0.1:23803"],
        initialCluster:
          "a=http://127.0.0.1:23804,b=http://127.0.0.1:23803,c=http://127.0.0.1:23805",
        initialClusterToken: "etcd-cluster-1",
      }),
    );
    expect(ids.memberIds.map(idText)).toEqual([
      "1558f9804f7f6f13",
      "fc05588167f804a7",
      "8fc2f182e24fb23",
    ]);
    expect(idText(ids.memberId)).toBe("fc05588167f804a7");
    expect(idText(ids.clusterId)).toBe("d1f863c2820f01b4");
  });
});

test("the order of URLs and members does not matter, the token does", () => {
  expect(memberIdOf(["http://b:1", "http://a:1"], "t")).toBe(
    memberIdOf(["http://a:1", "http://b:1"], "t"),
  );
  expect(clusterIdOf([1n, 2n ** 63n])).toBe(clusterIdOf([2n ** 63n, 1n]));
  expect(memberIdOf(["http://a:1"], "t")).not.toBe(memberIdOf(["http://a:1"], "u"));
});
