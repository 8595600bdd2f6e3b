import { type Client, DeadlockError, type Lock, type LockOptions } from "@conclave/client";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

describeEachServer(
  "SDK lock queries and deadlocks",
  (server) => {
    const clients = clientsOf(server);

    async function queued(
      client: Client,
      name: string,
      options: LockOptions = {},
    ): Promise<{ lock: Promise<Lock> }> {
      const before = await client.kv.count(`${name}/`);
      const lock = client.locks.acquire(name, options);
      lock.catch(() => {});
      await eventually(async () => expect(await client.kv.count(`${name}/`)).toBe(before + 1));
      return { lock };
    }

    describe("query", () => {
      test("shows who holds and who waits, with position, owner and fence, at one revision", async () => {
        const [a, b] = [await clients.connect(), await clients.connect()];
        const lock = await a.locks.acquire("order/42", { label: "pay" });
        const { lock: second } = await queued(b, "order/42", { label: "ship" });
        const reader = await b.locks.acquire("order/7", { mode: "shared" });
        const { held, pending, isTruncated, revision } = await b.locks.query("order/");
        expect(isTruncated).toBe(false);
        expect(revision).toBeGreaterThanOrEqual(reader.fence.revision);
        expect(held).toMatchObject([
          {
            name: "order/42",
            mode: "exclusive",
            key: lock.key,
            owner: { pid: process.pid, label: "pay" },
          },
          { name: "order/7", mode: "shared", key: reader.key },
        ]);
        expect(held[0]!.fence.revision).toBe(lock.fence.revision);
        expect(held[0]!.since!.getTime()).toBeGreaterThan(Date.now() - 60_000);
        expect(pending).toMatchObject([
          { name: "order/42", position: 1, waitingOn: [lock.key], owner: { label: "ship" } },
        ]);
        await lock.release();
        await (await second).release();
        await reader.release();
        expect(await b.locks.query("order/")).toMatchObject({ held: [], pending: [] });
      });

      test("shows foreign entries as exclusive, and passes over keys that are none", async () => {
        const { kv, leases, locks, election } = await clients.connect().then((client) => ({
          kv: client.kv,
          leases: client.leases,
          locks: client.locks,
          election: client.election("vote"),
        }));
        const { leaseId } = await leases.grant("30s");
        const hex = leaseId.toString(16);
        await kv.put(`job/${hex}`, "from Go", { leaseId });
        await kv.put("job/state", "{}");
        await kv.put(`job/${hex}-but-on-no-lease`, "");
        await using _term = await election.campaign({ value: "me" });
        const { held } = await locks.query();
        expect(held).toMatchObject([
          { name: "job", mode: "exclusive", owner: null, since: null, leaseId },
          { name: "vote", mode: "exclusive", owner: null },
        ]);
        await leases.revoke(leaseId);
      });

      test("says when there was more than its limit", async () => {
        const { locks } = await clients.connect();
        await using _locks = await locks.acquire(["a", "b", "c"]);
        expect(await locks.query("", { limit: 2 })).toMatchObject({ isTruncated: true });
        await expect(locks.query("", { limit: 0 })).rejects.toThrow(RangeError);
      });
    });

    // Failure mode 17.
    describe("deadlocks", () => {
      /** Holds `first`, waits for `second` within it, and frees everything. */
      async function nested(
        client: Client,
        first: string,
        second: string,
        label: string,
        ready: () => Promise<void>,
      ) {
        await using outer = await client.locks.acquire(first, { label: `${label} outer` });
        await ready();
        await using _inner = await client.locks.acquire(second, { within: outer, label });
        return label;
      }

      /** Resolves for everybody once `count` have come. */
      function meeting(count: number): () => Promise<void> {
        let come = 0;
        let open = () => {};
        const all = new Promise<void>((resolve) => {
          open = resolve;
        });
        return () => {
          come += 1;
          if (come === count) open();
          return all;
        };
      }

      test.each([
        { who: "two clients", names: ["a", "b"], distinct: true },
        { who: "three clients", names: ["a", "b", "c"], distinct: true },
        { who: "two tasks of one client", names: ["a", "b"], distinct: false },
      ])(
        "$who that wait for each other: the youngest gives up with the cycle, the others go on",
        async ({ names, distinct }) => {
          const shared = await clients.connect();
          const ready = meeting(names.length);
          const outcomes = await Promise.allSettled(
            names.map(async (name, at) =>
              nested(
                distinct ? await clients.connect() : shared,
                name,
                names[(at + 1) % names.length]!,
                `task ${at}`,
                ready,
              ),
            ),
          );
          const victims = outcomes.filter((outcome) => outcome.status === "rejected");
          expect(victims.length).toBe(1);
          const error: DeadlockError = victims[0]!.reason;
          expect(error).toBeInstanceOf(DeadlockError);
          expect(error).toMatchObject({ code: "DEADLOCK", outcome: "not-applied" });
          expect(error.cycle.map(({ name }) => name).sort()).toEqual(names);
          expect(error.cycle.every(({ label }) => label?.startsWith("task"))).toBe(true);
          await eventually(async () =>
            expect(await shared.locks.query()).toMatchObject({ held: [], pending: [] }),
          );
        },
        30_000,
      );

      test("a long wait without a circle is no deadlock", async () => {
        const [a, b] = [await clients.connect(), await clients.connect()];
        const inTheWay = await a.locks.acquire("b");
        const outer = await b.locks.acquire("a");
        const waiting = b.locks.acquire("b", { within: outer });
        await eventually(async () => {
          // It has looked, and found nothing: its held entry says what it waits with.
          expect((await a.kv.get(outer.key))?.text).toContain("waitsWith");
        });
        await inTheWay.release();
        await (await waiting).release();
        await outer.release();
      });
    });
  },
  { sizes: [1] },
);
