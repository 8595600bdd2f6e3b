import { connect } from "@conclave/client";
import { describe, expect, onTestFailed, test } from "vitest";
import type { UnaryCalls } from "../support/etcd-messages.ts";
import { eventually } from "../support/eventually.ts";
import { RawClient, refusalOf } from "../support/raw-client.ts";
import { conclaveServer, etcdctl, etcdServer } from "../support/tools.ts";
import { GrowingCluster } from "./growing-cluster.ts";

const TIMEOUT_MS = 120_000;
const REFUSED = "etcdserver: rpc not supported for learner";

/** What a learner could do some harm by, or answer with an old state. */
const REFUSED_CALLS: { readonly [Name in keyof UnaryCalls]?: UnaryCalls[Name]["request"] } = {
  "KV.Range": { key: "a" },
  "KV.Put": { key: "a", value: "b" },
  "KV.DeleteRange": { key: "a" },
  "KV.Txn": { success: [{ request_range: { key: "a", serializable: true } }] },
  "KV.Compact": { revision: 1 },
  "Lease.LeaseGrant": { TTL: 60, ID: 1n },
  "Lease.LeaseRevoke": { ID: 1n },
  "Lease.LeaseTimeToLive": { ID: 1n },
  "Lease.LeaseLeases": {},
  "Cluster.MemberList": {},
  "Cluster.MemberRemove": { ID: 1n },
  "Maintenance.Alarm": {},
  "Maintenance.Hash": {},
  "Maintenance.HashKV": {},
  "Lock.Lock": { name: "l", lease: 1n },
  "Lock.Unlock": { key: "l" },
  "Election.Campaign": { name: "e", lease: 1n, value: "v" },
  "Election.Leader": { name: "e" },
  "Health.Check": {},
};

/** A voter and a learner, which has heard that it is one. */
async function learning(kind: "conclave" | "etcd") {
  const cluster = await GrowingCluster.formed(1, kind);
  onTestFailed(() => console.error(cluster.logTail()));
  await cluster.put("a", "1", "m1");
  const learner = await cluster.add("m2", "m1", "--learner");
  learner.start();
  const client = new RawClient(learner.endpoint);
  await eventually(async () => {
    const { kvs } = await client.call("KV.Range", { key: "a", serializable: true });
    expect(kvs.map(({ value }) => value)).toEqual(["1"]);
    expect(await client.call("Maintenance.Status", {})).toMatchObject({ isLearner: true });
  }, 30_000);
  return { cluster, learner, client };
}

for (const server of [conclaveServer, etcdServer]) {
  const kind = server === conclaveServer ? "conclave" : "etcd";
  const missing = [server, etcdctl].filter((tool) => !tool.present);
  const reason = missing.map(({ name }) => ` (${name}: not installed)`).join("");

  describe.skipIf(missing.length > 0)(`a learner, of ${kind}${reason}`, () => {
    test(
      "answers serializable ranges and tells its status, and refuses everything else until it is promoted",
      async () => {
        const { cluster, client } = await learning(kind);
        await using _ = cluster;
        using __ = client;
        for (const [name, request] of Object.entries(REFUSED_CALLS)) {
          const refusal = await refusalOf(client.call(name as keyof UnaryCalls, request));
          // Since etcd 3.5; 3.4 has UNAVAILABLE with the same text.
          const code = kind === "conclave" ? "FAILED_PRECONDITION" : refusal.code;
          expect({ name, ...refusal }).toEqual({ name, code, text: REFUSED });
        }
        for (const name of ["Watch.Watch", "Lease.LeaseKeepAlive", "Election.Observe"] as const) {
          using stream = client.stream(name);
          expect({ name, text: (await stream.ended).text }).toEqual({ name, text: REFUSED });
        }
        await cluster.succeed("m1", "member", "promote", await cluster.idOf("m2", "m1"));
        await eventually(async () => {
          const { kvs } = await client.call("KV.Range", { key: "a" });
          expect(kvs.map(({ value }) => value)).toEqual(["1"]);
        }, 30_000);
      },
      TIMEOUT_MS,
    );
  });
}

const missing = [conclaveServer, etcdctl].filter((tool) => !tool.present);
const reason = missing.map(({ name }) => ` (${name}: not installed)`).join("");

test.skipIf(missing.length > 0)(
  `the SDK, given a learner among its endpoints, has served by the others what that refuses${reason}`,
  async () => {
    const { cluster, learner, client: raw } = await learning("conclave");
    await using _ = cluster;
    using __ = raw;
    const endpoints = [learner, cluster.member("m1")].map(({ endpoint }) => endpoint);
    await using client = await connect(endpoints);
    // Calls take turns between the endpoints: half of them meet the learner first.
    for (let n = 0; n < 8; n += 1) {
      await client.kv.put("n", `${n}`);
      expect((await client.kv.get("n"))?.text).toBe(`${n}`);
      const { leaseId } = await client.leases.grant("30s");
      expect(await client.leases.keepAliveOnce(leaseId)).toBe(30_000);
      await client.leases.revoke(leaseId);
    }
    await using lock = await client.locks.acquire("l");
    expect(lock.signal.aborted).toBe(false);
    const seen: string[] = [];
    for await (const event of client.watch("n", { from: 1 })) {
      if (event.type === "put") seen.push(event.kv.text);
      if (seen.length === 8) break;
    }
    expect(seen).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  },
  TIMEOUT_MS,
);
