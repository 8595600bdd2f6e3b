import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Term } from "@conclave/client";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { aborted, clientsOf } from "./client-support.ts";

const TXN = "/etcdserverpb.KV/Txn";

describeEachServer(
  "who leads after a term",
  (server) => {
    const clients = clientsOf(server);

    /** A leader, and candidates behind it in the order of their names. */
    const leaderAnd = async (...names: readonly string[]) => {
      const observer = await clients.connect();
      const term = await observer.election("e", { value: "leader" }).campaign();
      const terms = new Map<string, Promise<Term>>();
      for (const [at, name] of names.entries()) {
        const client = await clients.connect();
        const elected = client.election("e", { value: name }).campaign();
        elected.catch(() => {}); // Not every test waits for all of them.
        terms.set(name, elected);
        await eventually(async () => expect(await candidates(observer)).toHaveLength(at + 2));
      }
      const named = async (name: string) =>
        (await observer.election("e").candidates()).find(({ text }) => text === name)!;
      return { observer, term, terms, named };
    };
    const candidates = async (client: Client) =>
      (await client.election("e").candidates()).map(({ text }) => text);

    test("a term is handed to the candidate that was named, and those before it stand behind the others", async () => {
      const { observer, term, terms, named } = await leaderAnd("a", "b", "c", "d");
      await term.transfer(await named("c"));
      expect(term.signal.reason).toMatchObject({ code: "CLOSED" });
      expect(await term.resign()).toBe("released");
      const third = await terms.get("c")!;
      expect(third.fence > term.fence).toBe(true);
      await eventually(async () => {
        const [leader, next, ...others] = await candidates(observer);
        expect([leader, next, others.sort()]).toEqual(["c", "d", ["a", "b"]]);
      });
      await third.resign();
      await (await terms.get("d")!).resign();
      const last = ["a", "b"].map(async (name) => (await terms.get(name)!).resign());
      expect(await Promise.all(last)).toEqual(["released", "released"]);
      for (const prefix of ["e/", "conclave.transfer/"]) {
        await eventually(async () => expect(await observer.kv.count({ prefix })).toBe(0));
      }
    });

    test("no observer sees another leader, or none, in between", async () => {
      const { observer, term, terms, named } = await leaderAnd("a", "b");
      const seen: (string | null)[] = [];
      const controller = new AbortController();
      const watching = (async () => {
        const { signal } = controller;
        for await (const leader of observer.election("e").observe({ signal })) {
          seen.push(leader?.text ?? null);
        }
      })().catch(() => {});
      await eventually(() => expect(seen).toEqual(["leader"]));
      await term.transfer(await named("b"));
      await terms.get("b");
      await eventually(() => expect(seen).toEqual(["leader", "b"]));
      controller.abort();
      await watching;
    });

    test("a candidate that is not there is refused, and the term goes on", async () => {
      const { term, named } = await leaderAnd("a");
      const key = (await named("a")).key;
      for (const gone of [`${key.slice(0, -1)}x`, "e/none"]) {
        await expect(term.transfer(gone)).rejects.toMatchObject({
          code: "FAILED_PRECONDITION",
          outcome: "not-applied",
        });
      }
      await expect(term.transfer(term.key)).rejects.toThrow(TypeError);
      await term.verify();
      await term.proclaim("still here");
    });

    test.each(["drop-answer", "drop-request"] as const)(
      "a transfer that is lost (%s) takes effect once",
      async (fault) => {
        const { client, faults } = await clients.connectFaulty();
        const term = await client.election("e", { value: "leader" }).campaign();
        const other = await clients.connect();
        const next = other.election("e", { value: "a" }).campaign();
        await eventually(async () => expect(await candidates(other)).toHaveLength(2));
        const [, successor] = await other.election("e").candidates();
        faults.failNext(TXN, fault);
        await term.transfer(successor!);
        await (await next).verify();
      },
    );

    test("a term ends when its transfer took effect, though the answer is lost and nobody can be asked", async () => {
      const { client, faults } = await clients.connectFaulty();
      const term = await client.election("e", { value: "leader" }).campaign();
      const other = await clients.connect();
      const next = other.election("e", { value: "a" }).campaign();
      await eventually(async () => expect(await candidates(other)).toHaveLength(2));
      const [, successor] = await other.election("e").candidates();
      await sleep(80); // The watch on the own key is on by now.
      let wasSent = false;
      faults.faultOf = (path) => {
        if (path !== TXN && !wasSent) return undefined;
        const fault = wasSent ? "drop-request" : "drop-answer";
        wasSent = true;
        return fault;
      };
      let isSettled = false;
      const transferring = term.transfer(successor!, { timeout: "3s" }).finally(() => {
        isSettled = true;
      });
      transferring.catch(() => {});
      await (await next).verify();
      await aborted(term.signal);
      expect(isSettled).toBe(false);
      expect(() => term.assert()).toThrow("was released");
      faults.faultOf = () => undefined;
      await transferring;
      expect(await term.resign()).toBe("released");
    });

    test("a term that is over cannot be handed over", async () => {
      const { observer, term, named } = await leaderAnd("a");
      const successor = await named("a");
      await observer.kv.delete(term.key);
      const code = expect.stringMatching("LEADERSHIP_LOST");
      await expect(term.transfer(successor)).rejects.toMatchObject({ code });
      await expect(term.transfer(successor)).rejects.toMatchObject({ code });
    });

    test("supervised leaders are handed the lead and stand again", async () => {
      const observer = await clients.connect();
      const shutdown = new AbortController();
      const terms: string[] = [];
      const leading = ["a", "b", "c"].map(async (value, at) => {
        const client = await clients.connect();
        await eventually(async () => expect((await candidates(observer)).length).toBe(at));
        await client.election("e", { value }).lead(
          async (term) => {
            terms.push(value);
            if (terms.length === 1) {
              await eventually(async () => expect(await candidates(observer)).toHaveLength(3));
              await term.transfer((await observer.election("e").candidates()).at(-1)!);
            }
            await term.until();
          },
          { signal: shutdown.signal },
        );
      });
      await eventually(() => expect(terms).toEqual(["a", "c"]));
      await eventually(async () =>
        expect((await candidates(observer)).sort()).toEqual(["a", "b", "c"]),
      );
      shutdown.abort();
      await Promise.all(leading);
    });

    test("a term goes on in the process that takes the place of a dead one, with its fence and value", async () => {
      const { client: dead, faults } = await clients.connectFaulty();
      const term = await dead.election("e", { value: "old" }).campaign();
      await term.proclaim("proclaimed");
      faults.faultOf = () => "drop-request"; // It is not heard of again.
      faults.cutOffStreams();
      const heir = await clients.connect();
      const resumed = (await heir.election("e").resume(term.token))!;
      expect([resumed.fence.revision, resumed.key]).toEqual([term.fence.revision, term.key]);
      expect(new TextDecoder().decode(resumed.value)).toBe("proclaimed");
      await heir.leases.revoke(await dead.session.open());
      await resumed.verify();
      await resumed.proclaim("new");
      expect((await heir.election("e").leader())?.text).toBe("new");
      expect(await resumed.resign()).toBe("released");
    });

    test("a former holder that lives after all learns that its term was taken over", async () => {
      const former = await clients.connect();
      const term = await former.election("e").campaign();
      const heir = await clients.connect();
      const resumed = await heir.election("e").resume(term.token);
      await aborted(term.signal);
      expect(term.signal.reason).toMatchObject({ code: "LEADERSHIP_LOST", reason: "stolen" });
      expect(await term.resign()).toBe("already-lost");
      await resumed!.verify();
    });

    test("a term that is over is not resumed, whoever leads now", async () => {
      const client = await clients.connect();
      const election = client.election("e");
      const { token } = await election.campaign();
      await client.kv.deleteAll({ prefix: "e/" });
      const heir = await clients.connect();
      expect(await heir.election("e").resume(token)).toBeNull();
      await heir.election("e").campaign();
      const other = await clients.connect();
      expect(await other.election("e").resume(token, { session: "own" })).toBeNull();
    });

    test("a term is not resumed on the session that holds it", async () => {
      const client = await clients.connect();
      const term = await client.election("e").campaign();
      await expect(client.election("e").resume(term.token)).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
      });
      await term.verify();
    });

    test("a resumption whose answer is lost is found out", async () => {
      const former = await clients.connect();
      const { token } = await former.election("e").campaign();
      const { client: heir, faults } = await clients.connectFaulty();
      await heir.session.open();
      faults.failNext(TXN, "drop-answer");
      const resumed = await heir.election("e").resume(token);
      await resumed!.verify();
    });

    test("a resumption that is given up in doubt leaves no leader that nobody is", async () => {
      const former = await clients.connect();
      const { token } = await former.election("e").campaign();
      const { client: heir, faults } = await clients.connectFaulty();
      await heir.session.open();
      let wasTaken = false;
      faults.faultOf = (path) => {
        if (path === TXN && !wasTaken) {
          wasTaken = true;
          return "drop-answer";
        }
        return wasTaken ? "drop-request" : undefined;
      };
      const resuming = heir.election("e").resume(token, { timeout: 200 });
      await expect(resuming).rejects.toMatchObject({ code: "TIMEOUT" });
      faults.faultOf = () => undefined;
      await eventually(async () => expect(await candidates(former)).toEqual([]));
      heir.session.assert();
      expect(await heir.election("e").resume(token)).toBeNull();
    });

    test("a resumption that is cancelled while the key is moved leaves no leader that nobody is", async () => {
      const former = await clients.connect();
      const { token } = await former.election("e").campaign();
      const { client: heir, faults } = await clients.connectFaulty();
      await heir.session.open();
      const controller = new AbortController();
      faults.faultOf = (path) => {
        if (path === TXN) setImmediate(() => controller.abort());
        return path === TXN && !controller.signal.aborted ? "drop-answer" : undefined;
      };
      const resuming = heir.election("e").resume(token, { signal: controller.signal });
      await expect(resuming).rejects.toMatchObject({ code: "CANCELLED" });
      await eventually(async () => expect(await candidates(former)).toEqual([]));
      heir.session.assert();
    });

    test("a resumption on a session that the server has dropped says that the session was lost", async () => {
      const former = await clients.connect();
      const term = await former.election("e").campaign();
      const heir = await clients.connect();
      await former.leases.revoke(await heir.session.open());
      const resuming = heir.election("e").resume(term.token);
      await expect(resuming).rejects.toMatchObject({ code: "SESSION_LOST" });
      await (await heir.election("e").resume(term.token))!.verify();
    });

    test("no observer sees that a term is resumed", async () => {
      const former = await clients.connect();
      const { token } = await former.election("e", { value: "value" }).campaign();
      const observer = await clients.connect();
      const leaders = observer.election("e").observe();
      expect((await leaders.next()).value).toMatchObject({ text: "value" });
      const next = leaders.next();
      const heir = await clients.connect();
      const resumed = await heir.election("e").resume(token);
      await sleep(50); // An observer that is told of the resumption is told by now.
      await resumed!.proclaim("next");
      expect((await next).value).toMatchObject({ text: "next" });
      await leaders.return();
    });

    test("what is no token of the election is a TypeError", async () => {
      const client = await clients.connect();
      const { token } = await client.election("e/1").campaign();
      for (const [name, wrong] of [
        ["e/1", "no token"],
        ["e/1", ""],
        ["e", token],
        ["f", token],
      ]) {
        await expect(client.election(name!).resume(wrong!)).rejects.toThrow(TypeError);
      }
    });

    /** A term whose holder lives, but is cut off from its watches, and the term that took its place. */
    const formerAndHeir = async () => {
      const { client, faults } = await clients.connectFaulty();
      const term = await client.election("e").campaign();
      faults.cutOffStreams();
      const heir = await clients.connect();
      const resumed = (await heir.election("e").resume(term.token))!;
      return { term, faults, heir, resumed };
    };

    test("a former holder neither writes nor resigns for its heir, though it does not know yet", async () => {
      const { term, resumed } = await formerAndHeir();
      await expect(term.kv.put("x", "1")).rejects.toMatchObject({ code: "LEADERSHIP_LOST" });
      expect(await term.resign()).toBe("already-lost");
      await resumed.verify();
    });

    test("a former holder cannot verify, and its resignation frees nothing", async () => {
      const { term, resumed } = await formerAndHeir();
      await expect(term.verify()).rejects.toMatchObject({ code: "LEADERSHIP_LOST" });
      await resumed.verify();
    });

    test("a former holder does not take its heir's writes for a proclamation of its own", async () => {
      const { term, faults, heir, resumed } = await formerAndHeir();
      faults.failNext(TXN, "drop-request");
      const lost = { code: "LEADERSHIP_LOST" };
      await expect(term.proclaim("one")).rejects.toMatchObject(lost);
      await expect(term.proclaim("two")).rejects.toMatchObject(lost);
      expect((await heir.election("e").leader())?.text).toBe("");
      await resumed.verify();
    });

    test("a candidate that had to step back stands again although the new leader is gone", async () => {
      const { observer, term, named } = await leaderAnd();
      const { client: slow, faults } = await clients.connectFaulty();
      const elected = slow.election("e", { value: "slow" }).campaign();
      await eventually(async () => expect(await candidates(observer)).toHaveLength(2));
      const other = await clients.connect();
      const next = other.election("e", { value: "next" }).campaign();
      await eventually(async () => expect(await candidates(observer)).toHaveLength(3));
      faults.cutOffStreams();
      await term.transfer(await named("next"));
      await next;
      await other.close();
      faults.restoreStreams();
      await (await elected).verify();
    });

    test("a transfer whose answer is lost for good says that it may have taken place", async () => {
      const { client, faults } = await clients.connectFaulty();
      const term = await client.election("e").campaign();
      const other = await clients.connect();
      const next = other.election("e", { value: "a" }).campaign();
      await eventually(async () => expect(await candidates(other)).toHaveLength(2));
      const [, to] = await other.election("e").candidates();
      let sent = 0;
      faults.faultOf = (path) => {
        if (path === TXN) sent += 1;
        if (sent === 0) return undefined;
        return path === TXN && sent === 1 ? "drop-answer" : "drop-request";
      };
      const handing = term.transfer(to!, { timeout: 500 });
      await expect(handing).rejects.toMatchObject({ outcome: "unknown" });
      await (await next).verify();
    });

    test("neither a lock's waiter nor the leader of a longer name is thrown out by a transfer", async () => {
      const { observer, term, terms, named } = await leaderAnd();
      const waiter = await clients.connect();
      const stop = new AbortController();
      const lock = waiter.locks.acquire("e", { signal: stop.signal });
      lock.catch(() => {});
      await eventually(async () => expect(await candidates(observer)).toHaveLength(2));
      const longer = await waiter.election("e/eu").campaign();
      const last = waiter.election("e", { value: "last" }).campaign();
      last.catch(() => {});
      await eventually(async () => expect(await candidates(observer)).toHaveLength(4));
      const refused = { code: "FAILED_PRECONDITION", outcome: "not-applied" };
      await expect(term.transfer(await named("last"))).rejects.toMatchObject(refused);
      stop.abort();
      await eventually(async () => expect(await candidates(observer)).toHaveLength(3));
      await expect(term.transfer(await named("last"))).rejects.toMatchObject(refused);
      await longer.verify();
      expect(terms.size).toBe(0);
    });

    test("a candidate of another client, which cannot step back, is named, and nothing changes", async () => {
      const client = await clients.connect();
      const term = await client.election("e", { value: "leader" }).campaign();
      // As Go's concurrency package, etcdctl and the v3election service name their keys.
      const { leaseId } = await client.leases.grant("60s");
      await client.kv.put(`e/${leaseId.toString(16)}`, "foreign", { leaseId });
      const next = (await clients.connect()).election("e", { value: "a" }).campaign();
      next.catch(() => {});
      await eventually(async () => expect(await candidates(client)).toHaveLength(3));
      const [, foreign, last] = await client.election("e").candidates();
      await expect(term.transfer(last!)).rejects.toThrow("cannot step back");
      expect(await candidates(client)).toEqual(["leader", "foreign", "a"]);
      await term.transfer(foreign!);
      expect(await candidates(client)).toEqual(["foreign", "a"]);
    });
  },
  { sizes: [1] },
);
