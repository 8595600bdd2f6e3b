import { setTimeout as sleep } from "node:timers/promises";
import { webLocks } from "@conclave/client/web-locks";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

/** What the web platform tests of the Web Locks API check, told by their facts; two managers stand for two agents. */
describeEachServer(
  "the Web Locks API",
  (server) => {
    const clients = clientsOf(server);
    const manager = async () => webLocks(await clients.connect());
    const never = () => new Promise<never>(() => {});
    const named = (name: string) => expect.objectContaining({ name });

    test("a request resolves with what its callback returned, and rejects with what it threw", async () => {
      const locks = await manager();
      expect(await locks.request("a", (lock) => `${lock.name} ${lock.mode}`)).toBe("a exclusive");
      expect(await locks.request("a", async () => 123)).toBe(123);
      const thrown = new Error("from the callback");
      await expect(
        locks.request("a", () => {
          throw thrown;
        }),
      ).rejects.toBe(thrown);
      expect(await locks.query()).toEqual({ held: [], pending: [] });
    });

    test("requests of two agents are granted in order, shared ones together", async () => {
      const [one, two, three] = [await manager(), await manager(), await manager()];
      const order: string[] = [];
      let release = () => {};
      const first = one.request("a", () => {
        order.push("first");
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      });
      await eventually(() => expect(order).toEqual(["first"]));
      const readers = [two, three].map((each) =>
        each.request("a", { mode: "shared" }, async () => {
          order.push("shared in");
          await sleep(50);
          order.push("shared out");
        }),
      );
      await eventually(async () => expect((await two.query()).pending.length).toBe(2));
      release();
      await Promise.all([first, ...readers]);
      expect(order).toEqual(["first", "shared in", "shared in", "shared out", "shared out"]);
    });

    test("ifAvailable calls back with null if the lock is not free", async () => {
      const [one, two] = [await manager(), await manager()];
      await one.request("a", async () => {
        const seen = await two.request("a", { ifAvailable: true }, (lock) => lock);
        expect(seen).toBeNull();
      });
      const seen = await two.request("a", { ifAvailable: true }, (lock) => lock?.name);
      expect(seen).toBe("a");
    });

    test("a stolen lock rejects its request with AbortError at once; those that wait go on waiting", async () => {
      const [one, two, three] = [await manager(), await manager(), await manager()];
      const held = one.request("a", never);
      await eventually(async () => expect((await two.query()).held).toEqual([named("a")]));
      const waiting = three.request("a", () => "waited");
      await eventually(async () => expect((await two.query()).pending).toEqual([named("a")]));
      const rejected = expect(held).rejects.toMatchObject({ name: "AbortError" });
      expect(await two.request("a", { steal: true }, () => "stolen")).toBe("stolen");
      await rejected;
      expect(await waiting).toBe("waited");
    });

    test("an aborted signal gives up a request with its reason, and does nothing to a granted one", async () => {
      const [one, two] = [await manager(), await manager()];
      const giveUp = new AbortController();
      await one.request("a", async () => {
        const waiting = two.request("a", { signal: giveUp.signal }, () => "not reached");
        await eventually(async () => expect((await one.query()).pending.length).toBe(1));
        giveUp.abort("reason");
        await expect(waiting).rejects.toBe("reason");
      });
      await expect(one.request("a", { signal: giveUp.signal }, () => 1)).rejects.toBe("reason");
      const later = new AbortController();
      const granted = one.request("a", { signal: later.signal }, async () => {
        later.abort();
        return "finished";
      });
      expect(await granted).toBe("finished");
    });

    test("query shows what is held and what waits, with mode and agent", async () => {
      const [one, two] = [await manager(), await manager()];
      await one.request("a", { mode: "shared" }, async () => {
        const giveUp = new AbortController();
        const waiting = two.request("a", { signal: giveUp.signal }, () => {});
        await eventually(async () => expect((await one.query()).pending.length).toBe(1));
        const { held, pending } = await two.query();
        expect(held).toEqual([{ name: "a", mode: "shared", clientId: expect.any(String) }]);
        expect(pending).toEqual([{ name: "a", mode: "exclusive", clientId: expect.any(String) }]);
        giveUp.abort();
        await expect(waiting).rejects.toThrow();
      });
    });

    test.each(["", "a/b", "a", "über", "\u{1f512}", "a\0b", " "])(
      "any text but one with a leading '-' is a name, and no name is another's: %j",
      async (name) => {
        const locks = await manager();
        await locks.request(name, async (lock) => {
          expect(lock.name).toBe(name);
          expect((await locks.query()).held).toEqual([named(name)]);
          expect(await locks.request(`${name}/x`, () => "free")).toBe("free");
        });
      },
    );

    describe("a request that is refused", () => {
      const signal = new AbortController().signal;
      test.each([
        { why: "a name with a leading '-'", name: "-a", options: {}, error: "NotSupportedError" },
        {
          why: "steal and ifAvailable",
          name: "a",
          options: { steal: true, ifAvailable: true },
          error: "NotSupportedError",
        },
        {
          why: "a shared theft",
          name: "a",
          options: { steal: true, mode: "shared" as const },
          error: "NotSupportedError",
        },
        {
          why: "a signal and steal",
          name: "a",
          options: { steal: true, signal },
          error: "NotSupportedError",
        },
        {
          why: "a signal and ifAvailable",
          name: "a",
          options: { ifAvailable: true, signal },
          error: "NotSupportedError",
        },
        {
          why: "an unknown mode",
          name: "a",
          options: { mode: "foo" as "shared" },
          error: "TypeError",
        },
      ])("$why: $error", async ({ name, options, error }) => {
        const locks = await manager();
        await expect(locks.request(name, options, () => {})).rejects.toMatchObject({ name: error });
      });

      test("what is no callback: TypeError", async () => {
        const locks = await manager();
        const broken = locks.request as unknown as (
          name: string,
          callback: string,
        ) => Promise<void>;
        await expect(broken.call(locks, "a", "no function")).rejects.toThrow(TypeError);
      });
    });
  },
  { sizes: [1] },
);
