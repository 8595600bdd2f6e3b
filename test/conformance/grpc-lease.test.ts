import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { MemberClients, prefixEnd } from "../support/member-clients.ts";
import { refusalOf } from "../support/raw-client.ts";

const notFound = { code: "NOT_FOUND", text: "etcdserver: requested lease not found" };

describeEachServer("gRPC Lease", (server) => {
  const clients = new MemberClients(server);
  const grant = (TTL: number, ID = 0n) => clients.call("Lease.LeaseGrant", { TTL, ID });
  const revoke = (ID: bigint) => clients.call("Lease.LeaseRevoke", { ID });
  const timeToLive = (ID: bigint, keys = false) =>
    clients.call("Lease.LeaseTimeToLive", { ID, keys });

  describe("grant", () => {
    test("picks a positive id of its own, and makes no revision", async () => {
      const before = await clients.revision();
      const [one, two] = [await grant(60), await grant(60)];
      expect(one.ID).toBeGreaterThan(0n);
      expect(two.ID).toBeGreaterThan(0n);
      expect(one.ID).not.toBe(two.ID);
      expect(one).toMatchObject({ TTL: 60, error: "" });
      expect(await clients.revision()).toBe(before);
    });

    test.each([1n, 0x7fff_ffff_ffff_ffffn, -1n, -0x8000_0000_0000_0000n])(
      "takes the id %s when asked, refuses it while it lives, and takes it again after",
      async (ID) => {
        expect(await grant(60, ID)).toMatchObject({ ID, TTL: 60 });
        expect(await refusalOf(grant(60, ID))).toEqual({
          code: "FAILED_PRECONDITION",
          text: "etcdserver: lease already exists",
        });
        expect(await timeToLive(ID)).toMatchObject({ ID, grantedTTL: 60 });
        await revoke(ID);
        expect(await grant(60, ID)).toMatchObject({ ID });
        await revoke(ID);
      },
    );

    // ceil(1.5 x election timeout): 2 s at the default of 1000 ms.
    test.each([0, 1, -5])("raises a TTL of %s to the least, 2 s", async (TTL) => {
      expect(await grant(TTL)).toMatchObject({ TTL: 2 });
    });

    test("takes 9,000,000,000 s and no more", async () => {
      const longest = await grant(9_000_000_000);
      expect(longest).toMatchObject({ TTL: 9_000_000_000 });
      await revoke(longest.ID);
      expect(await refusalOf(grant(9_000_000_001))).toEqual({
        code: "OUT_OF_RANGE",
        text: "etcdserver: too large lease TTL",
      });
    });
  });

  describe("revoke", () => {
    test("deletes the attached keys in one revision", async () => {
      const at = server.prefix("lease");
      const { ID: lease } = await grant(60);
      for (const key of ["b", "a"]) await clients.call("KV.Put", { key: at + key, lease });
      const before = await clients.revision();
      expect((await revoke(lease)).header.revision).toBe(before + 1);
      const range = { key: at, range_end: prefixEnd(at) };
      expect(await clients.call("KV.Range", range)).toMatchObject({ count: 0 });
    });

    test("without attached keys makes no revision", async () => {
      const { ID } = await grant(60);
      const before = await clients.revision();
      expect((await revoke(ID)).header.revision).toBe(before);
    });

    test("of a lease nobody has is refused", async () => {
      expect(await refusalOf(revoke(0x7abcn))).toEqual(notFound);
      expect(await refusalOf(revoke(0n))).toEqual(notFound);
    });
  });

  describe("time to live", () => {
    test("is the whole seconds left, with the keys if asked", async () => {
      const at = server.prefix("lease");
      const { ID: lease } = await grant(60);
      for (const key of ["a", "b"]) await clients.call("KV.Put", { key: at + key, lease });
      const answer = await timeToLive(lease, true);
      expect(answer).toMatchObject({ ID: lease, grantedTTL: 60 });
      expect([59, 60]).toContain(answer.TTL);
      expect(answer.keys.toSorted()).toEqual([`${at}a`, `${at}b`]);
      expect((await timeToLive(lease)).keys).toEqual([]);
    });

    test("a key that was deleted, or put without the lease, is not attached", async () => {
      const at = server.prefix("lease");
      const { ID: lease } = await grant(60);
      for (const key of ["a", "b", "c"]) await clients.call("KV.Put", { key: at + key, lease });
      await clients.call("KV.DeleteRange", { key: `${at}a` });
      await clients.call("KV.Put", { key: `${at}b` });
      expect((await timeToLive(lease, true)).keys).toEqual([`${at}c`]);
    });

    test("of a lease nobody has is -1, without an error", async () => {
      const answer = await timeToLive(0x7abcn, true);
      expect(answer).toMatchObject({ ID: 0x7abcn, TTL: -1, grantedTTL: 0, keys: [] });
    });
  });

  test("the list holds every live lease, on every member", async () => {
    const { ID } = await grant(60);
    const listed = () =>
      Promise.all(
        clients.all().map(async (client) => {
          const { leases } = await client.call("Lease.LeaseLeases", {});
          return leases.some((lease) => lease.ID === ID);
        }),
      );
    await expect.poll(listed).toEqual(clients.all().map(() => true));
    await revoke(ID);
    await expect.poll(listed).toEqual(clients.all().map(() => false));
  });

  describe("keep-alive", () => {
    test("answers in order on one stream, and 0 for a lease nobody has", async () => {
      const { ID } = await grant(60);
      using stream = clients.next().stream("Lease.LeaseKeepAlive");
      for (const id of [ID, 0x7abcn, 0n, ID]) stream.send({ ID: id });
      const answers = [];
      for (let index = 0; index < 4; index++) answers.push(await stream.next());
      expect(answers.map((answer) => ({ ID: answer.ID, TTL: answer.TTL }))).toEqual([
        { ID, TTL: 60 },
        { ID: 0x7abcn, TTL: 0 },
        { ID: 0n, TTL: 0 },
        { ID, TTL: 60 },
      ]);
      expect(answers[0]?.header.revision).toBeGreaterThan(0);
    });

    test("ends with OK when the client half-closes", async () => {
      using stream = clients.next().stream("Lease.LeaseKeepAlive");
      stream.send({ ID: 1n });
      await stream.next();
      stream.halfClose();
      expect(await stream.ended).toMatchObject({ code: "OK" });
    });

    test("of a lease granted through another member works at once", async () => {
      for (const granting of clients.all()) {
        const { ID } = await granting.call("Lease.LeaseGrant", { TTL: 60 });
        for (const client of clients.all()) {
          using stream = client.stream("Lease.LeaseKeepAlive");
          stream.send({ ID });
          expect(await stream.next()).toMatchObject({ ID, TTL: 60 });
        }
      }
    });

    test("fills the time to live up again", async () => {
      const { ID } = await grant(4);
      using stream = clients.next().stream("Lease.LeaseKeepAlive");
      await expect.poll(async () => (await timeToLive(ID)).TTL, { timeout: 8_000 }).toBeLessThan(3);
      stream.send({ ID });
      expect(await stream.next()).toMatchObject({ TTL: 4 });
      expect((await timeToLive(ID)).TTL).toBeGreaterThanOrEqual(3);
    });
  });

  test("an expired lease takes its keys along as one delete, and not before its time", async () => {
    const at = server.prefix("expiry");
    const { ID: lease, TTL } = await grant(2);
    const granted = performance.now();
    for (const key of ["a", "b"]) await clients.call("KV.Put", { key: at + key, lease });
    const before = await clients.revision();
    const range = { key: at, range_end: prefixEnd(at) };
    await expect
      .poll(() => clients.call("KV.Range", range), { timeout: 10_000 })
      .toMatchObject({ count: 0, header: { revision: before + 1 } });
    // From when the grant was answered: the lease may be older by the time the answer took.
    expect(performance.now() - granted).toBeGreaterThan(TTL * 1000 - 500);
    expect(await timeToLive(lease)).toMatchObject({ TTL: -1 });
    expect(await refusalOf(clients.call("KV.Put", { key: at, lease }))).toEqual(notFound);
  });
});
