import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClusterMember, connect } from "@conclave/client";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { Deployment } from "../support/server-process.ts";
import { etcdServer } from "../support/tools.ts";
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
      expect(status.clusterId).not.toBe(0n);
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

    test("a snapshot is a whole copy of the store; a server that makes none says so by name", async () => {
      const client = await clients.connect();
      for (let n = 0; n < 40; n += 1) await client.kv.put(`s/${n}`, "x".repeat(20_000));
      const directory = await mkdtemp(join(tmpdir(), "snapshot-"));
      const path = join(directory, "store.db");
      try {
        const sizeBytes = await client.admin.saveSnapshot(path);
        expect((await stat(path)).size).toBe(sizeBytes);
        expect(sizeBytes).toBeGreaterThan(800_000);
        let streamedBytes = 0;
        for await (const chunk of await client.admin.snapshot()) streamedBytes += chunk.length;
        expect(streamedBytes).toBeGreaterThan(800_000);
        const controller = new AbortController();
        controller.abort();
        const given = client.admin.saveSnapshot(path, { signal: controller.signal });
        await expect(given).rejects.toMatchObject({ code: "CANCELLED" });
        expect(await readdir(directory)).toEqual(["store.db"]);
      } catch (error) {
        if (server.kind === "etcd") throw error;
        expect(error).toMatchObject({ code: "UNIMPLEMENTED", outcome: "not-applied" });
        expect((error as Error).message).toContain("Maintenance/Snapshot");
        expect(await readdir(directory)).toEqual([]);
      } finally {
        await rm(directory, { recursive: true });
      }
    });

    test("the whole store has a hash, and can be defragmented; only the leader's place can be moved", async () => {
      const client = await clients.connect();
      await client.kv.put("a", "1");
      await client.admin.defragment({ timeout: "10s" });
      expect(await client.admin.hash().catch((error) => error.code)).toSatisfy(
        (answer) => typeof answer === "number" || answer === "UNIMPLEMENTED",
      );
      await expect(client.admin.moveLeader(1n)).rejects.toMatchObject({ outcome: "not-applied" });
    });

    test("what a server does not serve is refused by name, and certainly did nothing", async () => {
      const client = await clients.connect();
      const downgrading = client.admin.downgrade("validate", "3.4.0");
      await expect(downgrading).rejects.toMatchObject({
        code: "UNIMPLEMENTED",
        outcome: "not-applied",
        message: expect.stringContaining("Maintenance/Downgrade"),
      });
      if (server.kind === "etcd") return;
      for (const call of [
        () => client.users.list(),
        () => client.users.add("ada", "secret"),
        () => client.users.enableAuth(),
      ]) {
        await expect(call()).rejects.toMatchObject({
          code: "UNIMPLEMENTED",
          outcome: "not-applied",
          message: expect.stringContaining("Auth/"),
        });
      }
    });

    test("a member that does not exist cannot be removed, and that certainly did nothing", async () => {
      const client = await clients.connect();
      const removing = client.admin.removeMember(1n);
      await expect(removing).rejects.toMatchObject({ outcome: "not-applied" });
    });
  },
  { sizes: [1] },
);

describe.skipIf(!etcdServer.present)("SDK users and roles, against etcd", () => {
  test("users do what their roles permit, from when the server asks until it asks no more", async () => {
    await using deployment = await Deployment.start({ kind: "etcd" });
    const { endpoints } = deployment;
    await using open = await connect(endpoints, { namespace: "shop/" });
    const { users } = open;
    await expect(users.enableAuth()).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    await users.add("root", "toor");
    await users.addRole("root");
    await users.grantRole("root", "root");
    await users.addRole("clerk");
    await users.grantPermission("clerk", "readwrite", "orders/");
    await users.grantPermission("clerk", "read", "prices");
    const permissions = (await users.permissionsOf("clerk")).map(({ kind, key, rangeEnd }) => [
      kind,
      String(Buffer.from(key)),
      String(Buffer.from(rangeEnd)),
    ]);
    expect(permissions).toEqual([
      ["readwrite", "shop/orders/", "shop/orders0"],
      ["read", "shop/prices", ""],
    ]);
    await users.add("ada", "first");
    await expect(users.add("ada", "first")).rejects.toMatchObject({ outcome: "not-applied" });
    await users.grantRole("ada", "clerk");
    await users.changePassword("ada", "second");
    expect(await users.rolesOf("ada")).toEqual(["clerk"]);
    expect([...(await users.list())].sort()).toEqual(["ada", "root"]);
    expect([...(await users.listRoles())].sort()).toEqual(["clerk", "root"]);
    await users.enableAuth();

    const asAda = { namespace: "shop/", auth: { username: "ada", password: "second" } };
    await using ada = await connect(endpoints, asAda);
    await ada.kv.put("orders/1", "x");
    await expect(ada.kv.put("prices", "0")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    await expect(ada.users.add("eve", "x")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });

    await using root = await connect(endpoints, {
      namespace: "shop/",
      auth: { username: "root", password: "toor" },
    });
    await root.users.revokePermission("clerk", "orders/");
    await expect(ada.kv.put("orders/1", "y")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    await root.users.revokeRole("ada", "clerk");
    await root.users.remove("ada");
    await root.users.removeRole("clerk");
    expect(await root.users.list()).toEqual(["root"]);
    await root.users.disableAuth();
    await open.kv.put("prices", "1");
  });
});
