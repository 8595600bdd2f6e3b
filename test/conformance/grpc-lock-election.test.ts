import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { MemberClients, prefixEnd } from "../support/member-clients.ts";
import { refusalOf } from "../support/raw-client.ts";

/** etcd's own recipes run inside the server, so their refusals arrive without a code of their own. */
const unknown = (text: string) => ({ code: "UNKNOWN", text });

describeEachServer("gRPC Lock and Election", (server) => {
  const clients = new MemberClients(server);
  const aLease = async (TTL = 60) => (await clients.call("Lease.LeaseGrant", { TTL })).ID;
  const keyOf = (name: string, lease: bigint) => `${name}/${lease.toString(16)}`;
  const present = async (key: string) => (await clients.call("KV.Range", { key })).count === 1;
  const queueLength = async (name: string) =>
    (await clients.call("KV.Range", { key: `${name}/`, range_end: prefixEnd(`${name}/`) })).count;

  describe("Lock", () => {
    test("answers with the key that stands for the hold, named by the lease", async () => {
      const name = `${server.prefix("lock")}l`;
      const lease = await aLease();
      const before = await clients.revision();
      const { key, header } = await clients.call("Lock.Lock", { name, lease });
      expect(key).toBe(keyOf(name, lease));
      expect(header.revision).toBe(before + 1);
      const { kvs } = await clients.call("KV.Range", { key });
      expect(kvs).toMatchObject([{ value: "", lease, create_revision: before + 1 }]);
      await clients.call("Lock.Unlock", { key });
      expect(await present(key)).toBe(false);
    });

    test("makes the next wait until the holder unlocks, in the order they came", async () => {
      const name = `${server.prefix("lock")}l`;
      const order: number[] = [];
      const first = await clients.call("Lock.Lock", { name, lease: await aLease() });
      const waiting = [];
      for (const turn of [1, 2, 3]) {
        const lease = await aLease();
        waiting.push(
          clients.call("Lock.Lock", { name, lease }).then(({ key }) => {
            order.push(turn);
            return clients.call("Lock.Unlock", { key });
          }),
        );
        await expect.poll(() => queueLength(name)).toBe(turn + 1);
      }
      expect(order).toEqual([]);
      await clients.call("Lock.Unlock", { key: first.key });
      await Promise.all(waiting);
      expect(order).toEqual([1, 2, 3]);
      expect(await queueLength(name)).toBe(0);
    });

    test("with the same lease again is held at once", async () => {
      const name = `${server.prefix("lock")}l`;
      const lease = await aLease();
      const first = await clients.call("Lock.Lock", { name, lease });
      expect((await clients.call("Lock.Lock", { name, lease })).key).toBe(first.key);
    });

    test("passes on when the holder's lease is revoked", async () => {
      const name = `${server.prefix("lock")}l`;
      const [mine, theirs] = [await aLease(), await aLease()];
      await clients.call("Lock.Lock", { name, lease: mine });
      const next = clients.call("Lock.Lock", { name, lease: theirs });
      await expect.poll(() => queueLength(name)).toBe(2);
      await clients.call("Lease.LeaseRevoke", { ID: mine });
      expect((await next).key).toBe(keyOf(name, theirs));
    });

    test("given up while waiting leaves the queue", async () => {
      const name = `${server.prefix("lock")}l`;
      const holder = await clients.call("Lock.Lock", { name, lease: await aLease() });
      const abort = new AbortController();
      const lease = await aLease();
      const waiting = clients.call("Lock.Lock", { name, lease }, { signal: abort.signal });
      await expect.poll(() => queueLength(name)).toBe(2);
      abort.abort();
      expect((await refusalOf(waiting)).code).toBe("CANCELLED");
      await expect.poll(() => queueLength(name), { timeout: 5_000 }).toBe(1);
      expect(await present(holder.key)).toBe(true);
    });

    test("without a lease gets one of 60 s that outlives the call", async () => {
      const name = `${server.prefix("lock")}l`;
      const { key } = await clients.call("Lock.Lock", { name });
      const lease = (await clients.call("KV.Range", { key })).kvs[0]?.lease ?? 0n;
      expect(key).toBe(keyOf(name, lease));
      const left = await clients.call("Lease.LeaseTimeToLive", { ID: lease });
      expect(left.grantedTTL).toBe(60);
    });

    test("with a lease nobody has is refused without a code", async () => {
      const refused = clients.call("Lock.Lock", { name: "lock", lease: 0x7abcn });
      expect(await refusalOf(refused)).toEqual(unknown("etcdserver: requested lease not found"));
    });

    test("Unlock of a key that is not there is fine", async () => {
      const before = await clients.revision();
      const { header } = await clients.call("Lock.Unlock", { key: "no-such-lock/1" });
      expect(header.revision).toBe(before);
    });
  });

  describe("Election", () => {
    const campaign = async (name: string, value: string) => {
      const lease = await aLease();
      return clients.call("Election.Campaign", { name, lease, value });
    };

    test("Campaign answers with the proof of leadership; Leader shows the leader", async () => {
      const name = `${server.prefix("elect")}e`;
      const { leader } = await campaign(name, "alice");
      expect(leader.name).toBe(name);
      expect(leader.key).toBe(keyOf(name, leader.lease));
      const answer = await clients.call("Election.Leader", { name });
      expect(answer.kv).toMatchObject({
        key: leader.key,
        value: "alice",
        create_revision: leader.rev,
        lease: leader.lease,
      });
    });

    test("Campaign waits for the leader to resign", async () => {
      const name = `${server.prefix("elect")}e`;
      const { leader } = await campaign(name, "alice");
      const next = campaign(name, "bob");
      await expect.poll(() => queueLength(name)).toBe(2);
      expect((await clients.call("Election.Leader", { name })).kv.value).toBe("alice");
      await clients.call("Election.Resign", { leader });
      expect((await next).leader.key).not.toBe(leader.key);
      expect((await clients.call("Election.Leader", { name })).kv.value).toBe("bob");
    });

    test("Campaign with the lease that leads proclaims its new value", async () => {
      const name = `${server.prefix("elect")}e`;
      const { leader } = await campaign(name, "one");
      const { lease } = leader;
      const again = await clients.call("Election.Campaign", { name, lease, value: "two" });
      expect(again.leader).toEqual(leader);
      expect((await clients.call("Election.Leader", { name })).kv.value).toBe("two");
    });

    test("Proclaim changes the value and keeps the leadership", async () => {
      const name = `${server.prefix("elect")}e`;
      const { leader } = await campaign(name, "one");
      await clients.call("Election.Proclaim", { leader, value: "two" });
      const { kv } = await clients.call("Election.Leader", { name });
      expect(kv).toMatchObject({ value: "two", create_revision: leader.rev, version: 2 });
    });

    test("Proclaim is refused to one who does not lead; Resign is not", async () => {
      const name = `${server.prefix("elect")}e`;
      const { leader } = await campaign(name, "alice");
      await clients.call("Election.Resign", { leader });
      const proclaim = clients.call("Election.Proclaim", { leader, value: "late" });
      expect(await refusalOf(proclaim)).toEqual(unknown("election: not leader"));
      await clients.call("Election.Resign", { leader });
    });

    test("a leader key that was superseded resigns nobody", async () => {
      const name = `${server.prefix("elect")}e`;
      const { leader } = await campaign(name, "alice");
      await clients.call("Election.Resign", { leader: { ...leader, rev: leader.rev - 1 } });
      expect(await present(leader.key)).toBe(true);
    });

    test("Proclaim and Resign without a leader key are refused", async () => {
      const missing = unknown('"leader" field must be provided');
      expect(await refusalOf(clients.call("Election.Proclaim", { value: "v" }))).toEqual(missing);
      expect(await refusalOf(clients.call("Election.Resign", {}))).toEqual(missing);
    });

    test("Campaign with a lease nobody has is refused without a code", async () => {
      const refused = clients.call("Election.Campaign", { name: "e", lease: 0x7abcn });
      expect(await refusalOf(refused)).toEqual(unknown("etcdserver: requested lease not found"));
    });

    test("Leader of an election without one is refused without a code", async () => {
      const name = `${server.prefix("elect")}e`;
      const refused = clients.call("Election.Leader", { name });
      expect(await refusalOf(refused)).toEqual(unknown("election: no leader"));
    });

    test("Observe waits for a leader, then shows each leader and proclaimed value", async () => {
      const name = `${server.prefix("elect")}e`;
      using observed = clients.next().stream("Election.Observe");
      observed.send({ name });
      observed.halfClose();
      const { leader } = await campaign(name, "alice");
      expect((await observed.next()).kv).toMatchObject({ key: leader.key, value: "alice" });
      await clients.call("Election.Proclaim", { leader, value: "alice again" });
      expect((await observed.next()).kv).toMatchObject({ value: "alice again", version: 2 });
      const next = campaign(name, "bob");
      await expect.poll(() => queueLength(name)).toBe(2);
      await clients.call("Election.Resign", { leader });
      await next;
      expect((await observed.next()).kv.value).toBe("bob");
    });
  });
});
