import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { Etcdctl } from "../support/etcdctl.ts";
import { etcdctl } from "../support/tools.ts";

describeEachServer(
  "etcdctl lease",
  (server) => {
    const ctl = new Etcdctl(server);

    async function grant(ttlSeconds: number): Promise<string> {
      const output = await ctl.ok("lease", "grant", `${ttlSeconds}`);
      const id = /^lease ([0-9a-f]{16}) granted with TTL\((\d+)s\)\n$/.exec(output)?.[1];
      if (id === undefined) throw new Error(`not a grant: ${output}`);
      return id;
    }

    test("grant gives a lease that timetolive and list know", async () => {
      const id = await grant(100);
      expect(await ctl.ok("lease", "timetolive", id)).toMatch(
        new RegExp(`^lease ${id} granted with TTL\\(100s\\), remaining\\((99|100)s\\)\n$`),
      );
      await expect.poll(() => ctl.lines("lease", "list"), { timeout: 5_000 }).toContain(id);
    });

    test.each([["0"], ["1"], ["-5"]])("grant raises a TTL of %s to the least", async (ttl) => {
      expect(await ctl.ok("lease", "grant", "--", ttl)).toMatch(/granted with TTL\(2s\)/);
    });

    test("grant refuses a TTL over 9,000,000,000 s", async () => {
      expect(await ctl.run(["lease", "grant", "9000000001"])).toMatchObject({
        code: 1,
        grpcCode: "OutOfRange",
        stderr: "Error: failed to grant lease (etcdserver: too large lease TTL)",
      });
      await ctl.ok("lease", "revoke", await grant(9_000_000_000));
    });

    test("timetolive --keys lists the attached keys; a put without a lease detaches", async () => {
      const at = server.prefix("lease");
      const id = await grant(100);
      for (const key of ["b", "a", "c"]) await ctl.ok("put", at + key, "v", `--lease=${id}`);
      await ctl.ok("put", `${at}c`, "v");
      expect(await ctl.ok("lease", "timetolive", id, "--keys")).toMatch(
        new RegExp(`, attached keys\\(\\[(${at}a ${at}b|${at}b ${at}a)\\]\\)\n$`),
      );
      expect(await ctl.lines("get", `${at}a`, "-w", "fields")).toContain(
        `"Lease" : ${BigInt(`0x${id}`)}`,
      );
      expect(await ctl.lines("get", `${at}c`, "-w", "fields")).toContain(`"Lease" : 0`);
    });

    test("--ignore-lease keeps the lease of the key", async () => {
      const key = `${server.prefix("lease")}k`;
      const id = await grant(100);
      await ctl.ok("put", key, "v", `--lease=${id}`);
      await ctl.ok("put", key, "w", "--ignore-lease");
      const fields = await ctl.lines("get", key, "-w", "fields");
      expect(fields).toContain(`"Lease" : ${BigInt(`0x${id}`)}`);
      expect(fields).toContain(`"Value" : "w"`);
    });

    test("revoke deletes the attached keys in one revision", async () => {
      const at = server.prefix("lease");
      const id = await grant(100);
      for (const key of ["a", "b"]) await ctl.ok("put", at + key, "v", `--lease=${id}`);
      const before = await ctl.revision();
      expect(await ctl.ok("lease", "revoke", id)).toBe(`lease ${id} revoked\n`);
      expect(await ctl.revision()).toBe(before + 1);
      expect(await ctl.ok("get", at, "--prefix")).toBe("");
      expect(await ctl.ok("lease", "timetolive", id)).toBe(`lease ${id} already expired\n`);
    });

    test("revoke of a lease without keys makes no revision", async () => {
      const id = await grant(100);
      const before = await ctl.revision();
      await ctl.ok("lease", "revoke", id);
      expect(await ctl.revision()).toBe(before);
    });

    test("revoke refuses an unknown lease", async () => {
      expect(await ctl.run(["lease", "revoke", "1234"])).toMatchObject({
        code: 1,
        grpcCode: "NotFound",
        stderr: "Error: failed to revoke lease (etcdserver: requested lease not found)",
      });
    });

    test("timetolive of an unknown lease is an answer, not an error", async () => {
      expect(await ctl.run(["lease", "timetolive", "1234"])).toMatchObject({
        code: 0,
        stdout: "lease 0000000000001234 already expired\n",
      });
    });

    test("keep-alive --once renews; of an unknown lease it fails", async () => {
      const id = await grant(100);
      expect(await ctl.ok("lease", "keep-alive", "--once", id)).toBe(
        `lease ${id} keepalived with TTL(100)\n`,
      );
      expect(await ctl.run(["lease", "keep-alive", "--once", "1234"])).toMatchObject({
        code: 2,
        stderr: "Error: etcdserver: requested lease not found",
      });
    });

    test("keep-alive keeps a short lease beyond its TTL; unrenewed, it takes its keys along", async () => {
      const at = server.prefix("lease");
      const [renewed, left] = [await grant(2), await grant(2)];
      await using keepAlive = ctl.start("lease", "keep-alive", renewed);
      await ctl.ok("put", `${at}renewed`, "v", `--lease=${renewed}`);
      await ctl.ok("put", `${at}left`, "v", `--lease=${left}`);
      await expect
        .poll(() => ctl.ok("get", `${at}left`), { timeout: 10_000, interval: 200 })
        .toBe("");
      expect(await ctl.ok("lease", "timetolive", left)).toBe(`lease ${left} already expired\n`);
      expect(await ctl.ok("get", `${at}renewed`)).toBe(`${at}renewed\nv\n`);
      const line = `lease ${renewed} keepalived with TTL(2)\n`;
      await keepAlive.waitForOutput((output) => output.startsWith(line.repeat(3)));
      await ctl.ok("lease", "revoke", renewed);
      await keepAlive.waitForOutput(/expired or revoked/);
      const ended = await keepAlive.result();
      expect(ended.code).toBe(0);
      expect(ended.stdout.split("\n").at(-2)).toBe(`lease ${renewed} expired or revoked.`);
    });
  },
  { needs: [etcdctl] },
);
