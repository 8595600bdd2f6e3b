import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { Etcdctl } from "../support/etcdctl.ts";
import { etcdctl } from "../support/tools.ts";
import { versionOf } from "./versions.ts";

interface JsonHeader {
  readonly cluster_id: string;
  readonly member_id: string;
  readonly revision: number;
  readonly raft_term: number;
}

interface JsonStatus {
  readonly Endpoint: string;
  readonly Status: {
    readonly header: JsonHeader;
    readonly version: string;
    readonly dbSize: number;
    readonly dbSizeInUse: number;
    readonly leader: string;
    readonly raftIndex: number;
    readonly raftAppliedIndex: number;
    readonly raftTerm: number;
    readonly isLearner?: boolean;
    readonly errors?: readonly string[];
  };
}

interface JsonHashKv {
  readonly HashKV: { readonly hash: number; readonly compact_revision?: number };
}

interface JsonMembers {
  readonly header: { readonly cluster_id: string; readonly member_id: string };
  readonly members: readonly {
    readonly ID: string;
    readonly name: string;
    readonly peerURLs: readonly string[];
    readonly clientURLs: readonly string[];
  }[];
}

describeEachServer(
  "etcdctl endpoint, member, alarm and defrag",
  (server) => {
    const ctl = new Etcdctl(server);
    const all = () => `--endpoints=${server.deployment.endpoints.join(",")}`;
    const urlsOf = (member: { settings: { clientPort: number; peerPort: number } }) => ({
      peerURLs: [`http://127.0.0.1:${member.settings.peerPort}`],
      clientURLs: [`http://127.0.0.1:${member.settings.clientPort}`],
    });

    describe("endpoint health", () => {
      test("finds every member healthy", async () => {
        const { code, stderr } = await ctl.run([all(), "endpoint", "health"]);
        expect(code).toBe(0);
        const healthy = stderr.split("\n").map((line) => line.replace(/took = .*$/, "took = T"));
        expect(healthy.toSorted()).toEqual(
          server.deployment.endpoints
            .map((at) => `${at} is healthy: successfully committed proposal: took = T`)
            .toSorted(),
        );
      });

      test("--cluster finds the members by their advertised URLs", async () => {
        type Health = { endpoint: string; health: boolean }[];
        const found = await ctl.json<Health>("endpoint", "health", "--cluster");
        expect(found.map(({ endpoint, health }) => `${endpoint} ${health}`).toSorted()).toEqual(
          server.deployment.endpoints.map((endpoint) => `http://${endpoint} true`).toSorted(),
        );
      });
    });

    describe("endpoint status", () => {
      const status = () => ctl.json<JsonStatus[]>(all(), "endpoint", "status");

      test("all members name one leader, one cluster and themselves", async () => {
        const members = (await status()).map((answer) => answer.Status);
        expect(members).toHaveLength(server.size);
        expect(new Set(members.map((member) => member.leader)).size).toBe(1);
        expect(new Set(members.map((member) => member.header.cluster_id)).size).toBe(1);
        expect(new Set(members.map((member) => member.raftTerm)).size).toBe(1);
        const ids = members.map((member) => member.header.member_id);
        expect(new Set(ids).size).toBe(server.size);
        expect(ids).toContain(members[0]?.leader);
      });

      test("carries the emulated version, sizes and indexes, and no errors", async () => {
        for (const { Status } of await status()) {
          expect(Status.version).toBe(versionOf[server.kind].etcd);
          expect(Status.dbSize).toBeGreaterThan(0);
          expect(Status.dbSizeInUse).toBeGreaterThan(0);
          expect(Status.dbSizeInUse).toBeLessThanOrEqual(Status.dbSize);
          expect(Status.raftIndex).toBeGreaterThanOrEqual(Status.raftAppliedIndex);
          expect(Status.raftTerm).toBe(Status.header.raft_term);
          expect(Status.isLearner).toBeUndefined();
          expect(Status.errors).toBeUndefined();
        }
      });

      test("the plain form prints one line per member", async () => {
        const lines = await ctl.lines(all(), "endpoint", "status");
        const version = versionOf[server.kind].etcd.replaceAll(".", "\\.");
        for (const [index, line] of lines.entries()) {
          const endpoint = server.deployment.endpoints[index];
          expect(line).toMatch(
            new RegExp(
              `^${endpoint}, [0-9a-f]+, ${version}, [\\d.]+ [kM]?B, (true|false), false, \\d+, \\d+, \\d+, $`,
            ),
          );
        }
        expect(lines.filter((line) => line.split(", ")[4] === "true")).toHaveLength(1);
      });
    });

    describe("endpoint hashkv", () => {
      test("members with the same history have the same hash", async () => {
        await ctl.ok("put", `${server.prefix("hash")}k`, "v");
        await expect
          .poll(async () => {
            const hashes = await ctl.json<JsonHashKv[]>(all(), "endpoint", "hashkv");
            expect(hashes).toHaveLength(server.size);
            return new Set(hashes.map((answer) => answer.HashKV.hash)).size;
          })
          .toBe(1);
      });

      test("changes with every change, and --rev hashes the past", async () => {
        const key = `${server.prefix("hash")}k`;
        await ctl.ok("put", key, "1");
        const revision = await ctl.revision();
        const hashAt = async (at: number) => {
          const [answer] = await ctl.json<JsonHashKv[]>("endpoint", "hashkv", `--rev=${at}`);
          return answer?.HashKV.hash;
        };
        const before = await hashAt(revision);
        await ctl.ok("put", key, "2");
        expect(await ctl.revision()).toBe(revision + 1);
        // Through whichever member: a lagging one would refuse the revision as future.
        await expect.poll(() => hashAt(revision + 1)).not.toBe(before);
        expect(await hashAt(revision)).toBe(before);
      });

      test("refuses a revision that is yet to come, or compacted", async () => {
        const key = `${server.prefix("hash")}k`;
        for (const value of ["1", "2", "3"]) await ctl.ok("put", key, value);
        const revision = await ctl.revision();
        await ctl.ok("compaction", `${revision}`, "--physical");
        const future = await ctl.run(["endpoint", "hashkv", `--rev=${revision + 1000}`]);
        expect(future.code).toBe(1);
        expect(future.stderr).toMatch(/mvcc: required revision is a future revision/);
        for (const [at, readable] of [
          [revision - 1, false],
          [revision, versionOf[server.kind].hashesAtCompactRevision],
        ]) {
          const { code, stderr } = await ctl.run(["endpoint", "hashkv", `--rev=${at}`]);
          expect(code).toBe(readable ? 0 : 1);
          if (!readable) expect(stderr).toMatch(/mvcc: required revision has been compacted/);
        }
      });
    });

    test("member list names every member with its URLs", async () => {
      const { header, members } = await ctl.json<JsonMembers>("member", "list");
      const listed = members.map(({ name, peerURLs, clientURLs }) => ({
        name,
        peerURLs,
        clientURLs,
      }));
      expect(listed.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual(
        server.deployment.members.map((member) => ({ name: member.name, ...urlsOf(member) })),
      );
      expect(members.map((member) => member.ID)).toContain(header.member_id);
      const lines = await ctl.lines("member", "list");
      expect(lines).toEqual(
        members.map(
          ({ ID, name, peerURLs, clientURLs }) =>
            `${BigInt(ID).toString(16)}, started, ${name}, ${peerURLs}, ${clientURLs}, false`,
        ),
      );
    });

    test("member list is ordered by id", async () => {
      const { members } = await ctl.json<JsonMembers>("member", "list");
      const ids = members.map((member) => BigInt(member.ID));
      expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)));
    });

    test("alarm list is empty on a healthy server", async () => {
      expect(await ctl.run(["alarm", "list"])).toMatchObject({ code: 0, stdout: "" });
    });

    test("defrag succeeds on every member and loses nothing", async () => {
      const key = `${server.prefix("defrag")}k`;
      await ctl.ok("put", key, "kept");
      const lines = await ctl.lines(all(), "defrag");
      expect(lines).toEqual(
        server.deployment.endpoints.map((at) => `Finished defragmenting etcd member[${at}]`),
      );
      for (const { endpoint } of server.deployment.members) {
        expect(await ctl.ok(`--endpoints=${endpoint}`, "get", key)).toBe(`${key}\nkept\n`);
      }
    });

    test("a command whose endpoint does not answer fails with the deadline's text", async () => {
      const result = await ctl.run([
        "--endpoints=127.0.0.1:1",
        "--command-timeout=300ms",
        "get",
        "k",
      ]);
      expect(result).toMatchObject({ code: 1, stderr: "Error: context deadline exceeded" });
    });
  },
  { needs: [etcdctl] },
);
