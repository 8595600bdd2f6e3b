import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "@conclave/client";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { Etcdctl } from "../support/etcdctl.ts";
import { eventually } from "../support/eventually.ts";
import { etcdctl } from "../support/tools.ts";
import { aborted, clientsOf } from "./client-support.ts";

const TXN = "/etcdserverpb.KV/Txn";

describeEachServer(
  "SDK elections",
  (server) => {
    const clients = clientsOf(server);

    test("candidates lead in the order of candidacy, each with a higher fence", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const first = await a.election("e", { value: "a" }).campaign();
      const waiting = b.election("e", { value: "b" }).campaign();
      await eventually(async () => expect(await a.election("e").candidates()).toHaveLength(2));
      expect(await b.election("e").leader()).toMatchObject({ text: "a", fence: first.fence });
      expect(await first.resign()).toBe("released");
      const second = await waiting;
      expect(second.fence > first.fence).toBe(true);
      expect((await a.election("e").leader())?.text).toBe("b");
      await second.resign();
      expect(await a.election("e").leader()).toBeNull();
    });

    test("a candidacy that its timeout ends is withdrawn", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      await using term = await a.election("e").campaign();
      const late = b.election("e").campaign({ timeout: 80 });
      await expect(late).rejects.toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
      await eventually(async () => expect(await a.election("e").candidates()).toHaveLength(1));
      term.assert();
    });

    test("what is proclaimed is what observers see, and the term goes on", async () => {
      const client = await clients.connect();
      const term = await client.election("e", { value: { zone: "a" } }).campaign();
      expect((await client.election("e").leader())?.json()).toEqual({ zone: "a" });
      await Promise.all([term.proclaim({ zone: "b" }), term.proclaim({ zone: "c" })]);
      const leader = await client.election("e").leader();
      expect(leader?.json()).toEqual({ zone: "c" });
      expect(leader?.fence.revision).toBe(term.fence.revision);
      await sleep(80); // The watch on the own key is on by now, and takes no proclamation for a theft.
      await term.proclaim({ zone: "d" });
      await sleep(30);
      term.assert();
    });

    // Failure mode 7.
    test.each(["drop-answer", "drop-request"] as const)(
      "a proclamation that is lost (%s) takes effect once",
      async (fault) => {
        const { client, faults } = await clients.connectFaulty();
        const term = await client.election("e", { value: "0" }).campaign();
        faults.failNext(TXN, fault);
        await term.proclaim("1");
        const entry = await client.kv.get(term.key);
        expect(entry).toMatchObject({ text: "1", version: 2 });
        await term.proclaim("2");
        expect((await client.election("e").leader())?.text).toBe("2");
      },
    );

    // Failure mode 25.
    test("a leader whose key is deleted loses its term, and cannot proclaim", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const term = await a.election("e").campaign();
      await b.kv.delete(term.key);
      await expect(term.proclaim("x")).rejects.toMatchObject({
        code: "LEADERSHIP_LOST",
        outcome: "not-applied",
      });
      expect(term.signal.reason).toMatchObject({ code: "LEADERSHIP_LOST", reason: "deleted" });
      await term.until();
      expect(await term.resign()).toBe("already-lost");
    });

    test("observers see every leader that stays long enough, and null while there is none", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const seen: (string | null)[] = [];
      const stop = new AbortController();
      const observing = (async () => {
        for await (const leader of b.election("e").observe({ signal: stop.signal })) {
          seen.push(leader?.text ?? null);
        }
      })();
      const ended = expect(observing).rejects.toMatchObject({ code: "CANCELLED" });
      const saw = (...texts: (string | null)[]) => eventually(() => expect(seen).toEqual(texts));
      await saw(null);
      const term = await a.election("e", { value: "one" }).campaign();
      await saw(null, "one");
      await term.proclaim("two");
      await saw(null, "one", "two");
      await term.resign();
      await saw(null, "one", "two", null);
      stop.abort();
      await ended;
    });

    // Failure mode 11: Go's Observe closes its channel on any error.
    test("an observer outlives cuts of its stream and compaction", async () => {
      const { client, faults } = await clients.connectFaulty();
      const writer = await clients.connect();
      const leaders = client.election("e").observe();
      expect((await leaders.next()).value).toBeNull();
      for (let n = 0; n < 3; n += 1) {
        faults.cutStreams();
        const { revision } = await writer.kv.put("filler", String(n));
        await writer.kv.compact(revision);
      }
      const next = leaders.next();
      const term = await writer.election("e", { value: "still seen" }).campaign();
      expect(((await next).value as Leader).text).toBe("still seen");
      await term.resign();
      await leaders.return();
    });

    // Failure mode 6.
    test("lead runs its body again in a new term after one was lost, and never two at once", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const stop = new AbortController();
      const fences: number[] = [];
      let bodies = 0;
      const leading = a.election("e").lead(
        async (term) => {
          bodies += 1;
          expect(bodies).toBe(1);
          fences.push(term.fence.revision);
          if (fences.length < 3) void b.kv.delete(term.key);
          else stop.abort();
          await term.until();
          await sleep(20); // Winding down, while nobody of this client leads again.
          bodies -= 1;
        },
        { signal: stop.signal },
      );
      await leading;
      expect(fences).toHaveLength(3);
      expect([...fences].sort((x, y) => x - y)).toEqual(fences);
      expect(await b.election("e").leader()).toBeNull();
    });

    // Failure mode 5: the session died, and the process never came back to the election.
    test("lead comes back after the session was lost", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const stop = new AbortController();
      let terms = 0;
      await a.election("e").lead(
        async (term) => {
          terms += 1;
          if (terms === 1) await b.leases.revoke(await a.session.open());
          else stop.abort();
          await term.until();
          term.signal.throwIfAborted(); // A body that ends with the reason of its term has not failed.
        },
        { signal: stop.signal },
      );
      expect(terms).toBe(2);
    });

    test("stopping lead aborts the term's signal, and gives the lead up only when the body has ended", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const stop = new AbortController();
      let leaderWhileEnding: Leader | null = null;
      const leading = a.election("e", { value: "a" }).lead(
        async (term) => {
          setTimeout(() => stop.abort(), 5);
          await aborted(term.signal);
          expect(term.signal.reason).toMatchObject({ code: "CANCELLED" });
          leaderWhileEnding = await b.election("e").leader();
          await term.kv.put("handover", "written by the leader");
        },
        { signal: stop.signal },
      );
      await leading;
      expect(leaderWhileEnding).toMatchObject({ text: "a" });
      expect((await b.kv.get("handover"))?.text).toBe("written by the leader");
      expect(await b.election("e").leader()).toBeNull();
    });

    test("an error of the body itself ends lead, after resigning", async () => {
      const client = await clients.connect();
      const leading = client.election("e").lead(() => {
        throw new Error("the body's own");
      });
      await expect(leading).rejects.toThrow("the body's own");
      expect(await client.election("e").leader()).toBeNull();
    });

    test("a body that overruns its grace is reported", async () => {
      const client = await clients.connect();
      const stop = new AbortController();
      let overran = false;
      await client.election("e").lead(
        async (term) => {
          stop.abort();
          await term.until();
          await sleep(60);
        },
        { signal: stop.signal, grace: 20, onOverrun: () => (overran = true) },
      );
      expect(overran).toBe(true);
    });
  },
  { sizes: [1] },
);

describe("SDK elections beside other clients", () => {
  describeEachServer(
    "in one queue with etcdctl",
    (server) => {
      const clients = clientsOf(server);

      // Failure mode 28.
      test("etcdctl elect leads after us, and we see its value", async () => {
        const client = await clients.connect({ namespace: "" });
        const name = `${clients.namespace}elect`;
        const term = await client.election(name, { value: "ours" }).campaign();
        const foreign = new Etcdctl(server).start("elect", name, "theirs");
        await eventually(async () =>
          expect(await client.election(name).candidates()).toHaveLength(2),
        );
        await term.resign();
        await eventually(async () => {
          expect((await client.election(name).leader())?.text).toBe("theirs");
        });
        await eventually(() => expect(foreign.stdout).toContain("theirs"));
        foreign.kill("SIGINT");
        await eventually(async () => expect(await client.election(name).leader()).toBeNull());
      });
    },
    { sizes: [1], needs: [etcdctl] },
  );
});
