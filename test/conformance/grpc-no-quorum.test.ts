import { afterAll, beforeAll, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { RawClient, refusalOf } from "../support/raw-client.ts";

const noLeader = { code: "UNAVAILABLE", text: "etcdserver: no leader" };
/** 5 s + 2 election timeouts, and time to answer. */
const REQUEST_TIMEOUT_MS = 15_000;
/**
 * How etcd 3.4 may end a request as well: with its own context's error, which lost its code before 3.5, or its Raft's, for
 * what was being proposed when the leader went.
 */
const etcdsOtherRefusals = ["UNKNOWN: context deadline exceeded", "UNKNOWN: raft proposal dropped"];
const hasleader = { metadata: { hasleader: "true" } };

describeEachServer(
  "gRPC on the one member left of three",
  (server) => {
    let client: RawClient;
    const key = "kept";
    beforeAll(async () => {
      const [left, ...others] = server.deployment.members;
      if (left === undefined) throw new Error("no members");
      client = new RawClient(left.endpoint);
      await client.call("KV.Put", { key, value: "v" });
      await Promise.all(others.map((member) => member.kill()));
      // A leader finds out within an election timeout that it has lost its quorum.
      await eventually(async () => {
        const { leader } = await client.call("Maintenance.Status", {});
        if (leader !== 0n) throw new Error("still a leader");
      });
    });
    afterAll(() => client[Symbol.dispose]());

    test("serializable reads are served", async () => {
      const { kvs } = await client.call("KV.Range", { key, serializable: true });
      expect(kvs).toMatchObject([{ value: "v" }]);
    });

    test("Status is served, and says that there is no leader", async () => {
      const { errors } = await client.call("Maintenance.Status", {});
      expect(errors).toEqual(["etcdserver: no leader"]);
    });

    test("requests that require a leader are refused at once", async () => {
      expect(await refusalOf(client.call("KV.Put", { key }, hasleader))).toEqual(noLeader);
      expect(
        await refusalOf(client.call("KV.Range", { key, serializable: true }, hasleader)),
      ).toEqual(noLeader);
      using watch = client.stream("Watch.Watch", hasleader);
      watch.send({ create_request: { key } });
      const { code, text } = await watch.ended;
      expect({ code, text }).toEqual(noLeader);
    });

    test("a watch that does not require a leader is served", async () => {
      using watch = client.stream("Watch.Watch");
      watch.send({ create_request: { key, start_revision: 1 } });
      expect(await watch.next()).toMatchObject({ created: true });
      expect((await watch.next()).events).toMatchObject([{ kv: { value: "v" } }]);
    });

    test("linearizable reads and writes time out", async () => {
      const options = { timeoutMs: REQUEST_TIMEOUT_MS };
      const refusals = await Promise.all([
        refusalOf(client.call("KV.Range", { key }, options)),
        refusalOf(client.call("KV.Put", { key, value: "lost" }, options)),
        refusalOf(client.call("KV.Txn", { success: [{ request_put: { key } }] }, options)),
        refusalOf(client.call("Lease.LeaseGrant", { TTL: 10 }, options)),
      ]);
      for (const { code, text } of refusals) {
        if (server.kind === "etcd" && etcdsOtherRefusals.includes(`${code}: ${text}`)) continue;
        expect(`${code}: ${text}`).toMatch(
          /^UNAVAILABLE: etcdserver: (request timed out|no leader)/,
        );
      }
    });
  },
  { sizes: [3] },
);

describeEachServer(
  "gRPC streams that require a leader",
  (server) => {
    test("are cut with `no leader` when the quorum is lost", async () => {
      const [left, ...others] = server.deployment.members;
      if (left === undefined) throw new Error("no members");
      using client = new RawClient(left.endpoint);
      using watch = client.stream("Watch.Watch", hasleader);
      watch.send({ create_request: { key: "k" } });
      await watch.next();
      await Promise.all(others.map((member) => member.kill()));
      const { code, text } = await watch.ended;
      expect({ code, text }).toEqual(noLeader);
    });
  },
  { sizes: [3] },
);
