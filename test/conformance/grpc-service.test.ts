import { get } from "node:http";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { MemberClients } from "../support/member-clients.ts";
import { refusalOf } from "../support/raw-client.ts";
import { versionOf } from "./versions.ts";

describeEachServer("gRPC Cluster, Maintenance and the service as a whole", (server) => {
  const clients = new MemberClients(server);

  test("MemberList names the members; its header has no revision", async () => {
    const { header, members } = await clients.call("Cluster.MemberList", { linearizable: true });
    expect(header.revision).toBe(0);
    expect(header.cluster_id).not.toBe(0n);
    expect(
      members
        .map(({ name, peerURLs, clientURLs, isLearner }) => ({
          name,
          peerURLs,
          clientURLs,
          isLearner,
        }))
        .toSorted((a, b) => a.name.localeCompare(b.name)),
    ).toEqual(
      server.deployment.members.map(({ name, settings }) => ({
        name,
        peerURLs: [`http://127.0.0.1:${settings.peerPort}`],
        clientURLs: [`http://127.0.0.1:${settings.clientPort}`],
        isLearner: false,
      })),
    );
    const ids = members.map((member) => member.ID);
    expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)));
    const own = await Promise.all(
      clients.all().map(async (client) => (await client.call("KV.Range", { key: "k" })).header),
    );
    expect(own.map((answer) => answer.member_id).toSorted()).toEqual(ids.toSorted());
  });

  test("Status tells each member's own view of one leader and one term", async () => {
    const all = await Promise.all(
      clients.all().map((client) => client.call("Maintenance.Status", {})),
    );
    expect(new Set(all.map((status) => status.leader)).size).toBe(1);
    expect(all.map((status) => status.header.member_id)).toContain(all[0]?.leader);
    for (const status of all) {
      expect(status).toMatchObject({
        version: versionOf[server.kind].etcd,
        errors: [],
        isLearner: false,
        raftTerm: status.header.raft_term,
      });
      expect(status.header.revision).toBeGreaterThan(0);
      expect(status.raftAppliedIndex).toBeGreaterThan(0);
      expect(status.raftAppliedIndex).toBeLessThanOrEqual(status.raftIndex);
      expect(status.dbSizeInUse).toBeLessThanOrEqual(status.dbSize);
    }
  });

  test("a write moves the applied index on", async () => {
    const client = clients.next();
    const before = await client.call("Maintenance.Status", {});
    await client.call("KV.Put", { key: server.prefix("status") });
    const after = await client.call("Maintenance.Status", {});
    expect(after.raftAppliedIndex).toBeGreaterThan(before.raftAppliedIndex);
    expect(after.header.revision).toBe(before.header.revision + 1);
  });

  test("Alarm lists nothing on a healthy server", async () => {
    expect(await clients.call("Maintenance.Alarm", {})).toMatchObject({ alarms: [] });
  });

  test("Defragment answers without a header", async () => {
    expect(await clients.call("Maintenance.Defragment", {})).toEqual({ header: null });
  });

  describe("HashKV", () => {
    test("is equal on every member for one revision, and differs between revisions", async () => {
      const { header } = await clients.call("KV.Put", { key: server.prefix("hash"), value: "1" });
      const hashes = async (revision: number) => {
        const all = await Promise.all(
          clients.all().map(async (client) => {
            await client.call("KV.Range", { key: "k" }); // so that this member is up to date
            return client.call("Maintenance.HashKV", { revision });
          }),
        );
        return new Set(all.map((answer) => `${answer.hash} ${answer.compact_revision}`));
      };
      const first = await hashes(header.revision);
      expect(first.size).toBe(1);
      await clients.call("KV.Put", { key: server.prefix("hash"), value: "2" });
      expect(await hashes(header.revision)).toEqual(first);
      expect(await hashes(header.revision + 1)).not.toEqual(first);
    });

    test("of a revision yet to come is refused", async () => {
      const refused = clients.call("Maintenance.HashKV", { revision: 1_000_000 });
      expect(await refusalOf(refused)).toEqual({
        code: "OUT_OF_RANGE",
        text: "etcdserver: mvcc: required revision is a future revision",
      });
    });
  });

  test("Hash answers with the store's revision", async () => {
    const client = clients.next();
    const { header } = await client.call("KV.Put", { key: server.prefix("hash") });
    expect((await client.call("Maintenance.Hash", {})).header.revision).toBe(header.revision);
  });

  test.each([
    { revision: 1_000_000, text: "etcdserver: mvcc: required revision is a future revision" },
    { revision: 1, text: "etcdserver: mvcc: required revision has been compacted" },
    { revision: -1, text: "etcdserver: mvcc: required revision has been compacted" },
  ])("Compact of revision $revision is refused", async ({ revision, text }) => {
    await clients.call("KV.Put", { key: server.prefix("compact") });
    await clients.call("KV.Compact", { revision: await clients.revision() });
    expect(await refusalOf(clients.call("KV.Compact", { revision }))).toEqual({
      code: "OUT_OF_RANGE",
      text,
    });
  });

  test("the gRPC health service says SERVING for the whole server", async () => {
    expect(await clients.call("Health.Check", {})).toEqual({ status: "SERVING" });
    const unknown = clients.call("Health.Check", { service: "no.such.Service" });
    expect(await refusalOf(unknown)).toMatchObject({ code: "NOT_FOUND" });
  });

  test.each(["/etcdserverpb.KV/NoSuchMethod", "/no.such.Service/Method"])(
    "the unknown method %s is unimplemented",
    async (path) => {
      const refused = clients.next().callPath(path, Buffer.alloc(0));
      expect(await refusalOf(refused)).toMatchObject({ code: "UNIMPLEMENTED" });
    },
  );

  // Of Conclave alone: what it does not serve yet is refused by name, not by a broken connection.
  test
    .runIf(server.kind === "conclave")
    .each([
      "/etcdserverpb.Maintenance/Snapshot",
      "/etcdserverpb.Maintenance/MoveLeader",
      "/etcdserverpb.Maintenance/Downgrade",
      "/etcdserverpb.Auth/AuthEnable",
      "/etcdserverpb.Auth/UserAdd",
      "/etcdserverpb.Auth/RoleGrantPermission",
    ])("%s is not served yet", async (path) => {
    const refused = clients.next().callPath(path, Buffer.alloc(0));
    expect(await refusalOf(refused)).toMatchObject({ code: "UNIMPLEMENTED" });
  });

  test("a request that does not parse is an internal error, and the connection lives on", async () => {
    const client = clients.next();
    const refused = client.callPath("/etcdserverpb.KV/Range", Buffer.from([0x0a, 0x7f, 0x61]));
    expect(await refusalOf(refused)).toMatchObject({ code: "INTERNAL" });
    await client.call("KV.Range", { key: "k" });
  });

  test("unknown fields of a request are passed over", async () => {
    const key = server.prefix("unknown");
    await clients.call("KV.Put", { key, value: "v" });
    const unknownField = Buffer.from([0xfa, 0x3f, 0x01, 0x78]); // field 1023, one byte
    const request = Buffer.concat([
      Buffer.from([0x0a, key.length]),
      Buffer.from(key),
      unknownField,
    ]);
    const answer = await clients.next().callPath("/etcdserverpb.KV/Range", request);
    expect(answer.includes(key)).toBe(true);
  });

  describe("the size of a request", () => {
    test("over 1.5 MiB is refused; a little less is taken", async () => {
      const key = `${server.prefix("big")}k`;
      const put = (bytes: number) => clients.call("KV.Put", { key, value: "x".repeat(bytes) });
      expect(await refusalOf(put(1_572_864))).toEqual({
        code: "INVALID_ARGUMENT",
        text: "etcdserver: request is too large",
      });
      await put(1_572_864 - 1_024);
    });

    test("over 2 MiB is refused by the transport, in its words", async () => {
      const key = `${server.prefix("big")}k`;
      const value = "x".repeat(3_000_000);
      expect(await refusalOf(clients.call("KV.Put", { key, value }))).toEqual({
        code: "RESOURCE_EXHAUSTED",
        text: expect.stringMatching(
          /^grpc: received message larger than max \(30000\d\d vs\. 2097152\)$/,
        ),
      });
    });
  });

  test("a request that requires a leader is served while there is one", async () => {
    const metadata = { hasleader: "true" };
    await clients.call("KV.Range", { key: "k" }, { metadata });
    using watch = clients.next().stream("Watch.Watch", { metadata });
    watch.send({ create_request: { key: "k" } });
    expect(await watch.next()).toMatchObject({ created: true });
  });

  describe("HTTP/1 on the client port", () => {
    const fetchJson = (path: string) =>
      new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
        const url = `http://${server.deployment.nextMember().endpoint}${path}`;
        get(url, { agent: false }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => {
            resolve({ status: response.statusCode, body: JSON.parse(text) });
          });
        }).on("error", reject);
      });

    test("/health says true", async () => {
      const answer = await fetchJson("/health");
      expect(answer).toMatchObject({ status: 200, body: { health: "true" } });
    });

    test("/version names server and cluster version", async () => {
      const { etcd } = versionOf[server.kind];
      const cluster = etcd.replace(/\.\d+$/, ".0");
      await expect
        .poll(() => fetchJson("/version"))
        .toMatchObject({ status: 200, body: { etcdserver: etcd, etcdcluster: cluster } });
    });
  });
});
