import type { ClusterMember } from "@conclave/client";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { clientsOf } from "./client-support.ts";

describeEachServer(
  "SDK upkeep",
  (server) => {
    const clients = clientsOf(server);

    test("members and status agree about who there is and who leads", async () => {
      const client = await clients.connect();
      const { revision } = await client.kv.put("a", "1");
      const [member, ...others] = await client.admin.members();
      expect(others).toEqual([]);
      expect(member).toMatchObject({ name: "m1", isLearner: false });
      expect(member!.clientUrls).toEqual([`http://${server.deployment.endpoints[0]}`]);
      const status = await client.admin.status();
      expect(status).toMatchObject({ id: member!.id, leaderId: member!.id, errors: [] });
      expect(status.version).toMatch(/^3\.\d+\.\d+/);
      expect(status.revision).toBeGreaterThanOrEqual(revision);
      expect(status.sizeBytes).toBeGreaterThan(0);
    });

    test("no alarm is raised on a new cluster, and the hash of a revision does not change", async () => {
      const client = await clients.connect();
      expect(await client.admin.alarms()).toEqual([]);
      const { revision } = await client.kv.put("a", "2");
      const { hash } = await client.admin.hashKv(revision);
      await client.kv.put("a", "3");
      expect((await client.admin.hashKv(revision)).hash).toBe(hash);
    });

    test("a learner can be added and removed; a server that cannot do that says so and did nothing", async () => {
      const client = await clients.connect();
      let learner: ClusterMember;
      try {
        learner = await client.admin.addMember(["http://127.0.0.1:1"], { isLearner: true });
      } catch (error) {
        expect(server.kind).toBe("conclave");
        expect(error).toMatchObject({ code: "UNIMPLEMENTED", outcome: "not-applied" });
        return;
      }
      expect(learner).toMatchObject({ isLearner: true, name: "" });
      const promoting = client.admin.promoteMember(learner.id);
      await expect(promoting).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
      await client.admin.removeMember(learner.id);
      expect(await client.admin.members()).toHaveLength(1);
    });

    test("a member that does not exist cannot be removed, and that certainly did nothing", async () => {
      const client = await clients.connect();
      const removing = client.admin.removeMember(1n);
      await expect(removing).rejects.toMatchObject({ outcome: "not-applied" });
    });
  },
  { sizes: [1] },
);
