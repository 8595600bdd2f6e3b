import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import type { Compare, TxnRequest } from "../support/etcd-messages.ts";
import { MemberClients, prefixEnd } from "../support/member-clients.ts";
import { rangeOp } from "../support/txn-ops.ts";

describeEachServer("gRPC Txn: compares", (server) => {
  const clients = new MemberClients(server);
  const txn = (request: TxnRequest) => clients.call("KV.Txn", request);
  const put = (key: string, value = "v") => clients.call("KV.Put", { key, value });
  /** With a read in each branch: etcd answers a transaction of compares alone from stale state. */
  const holds = async (...compare: Compare[]) =>
    (await txn({ compare, success: [rangeOp("k")], failure: [rangeOp("k")] })).succeeded;

  describe("compares", () => {
    test("of every target and result", async () => {
      const key = `${server.prefix("cmp")}k`;
      const { ID: lease } = await clients.call("Lease.LeaseGrant", { TTL: 100 });
      const create_revision = (await put(key, "l")).header.revision;
      const { header } = await clients.call("KV.Put", { key, value: "m", lease });
      const exact = [
        { target: "VERSION", equal: { version: 2 }, less: { version: 1 }, more: { version: 3 } },
        {
          target: "CREATE",
          equal: { create_revision },
          less: { create_revision: create_revision - 1 },
          more: { create_revision: create_revision + 1 },
        },
        {
          target: "MOD",
          equal: { mod_revision: header.revision },
          less: { mod_revision: header.revision - 1 },
          more: { mod_revision: header.revision + 1 },
        },
        { target: "VALUE", equal: { value: "m" }, less: { value: "lz" }, more: { value: "m\x00" } },
        {
          target: "LEASE",
          equal: { lease },
          less: { lease: lease - 1n },
          more: { lease: lease + 1n },
        },
      ] as const;
      for (const { target, equal, less, more } of exact) {
        const compare = (result: "EQUAL" | "NOT_EQUAL" | "GREATER" | "LESS", operand: object) =>
          holds({ key, target, result, ...operand });
        expect(await compare("EQUAL", equal), target).toBe(true);
        expect(await compare("EQUAL", more), target).toBe(false);
        expect(await compare("NOT_EQUAL", equal), target).toBe(false);
        expect(await compare("NOT_EQUAL", less), target).toBe(true);
        expect(await compare("GREATER", less), target).toBe(true);
        expect(await compare("GREATER", equal), target).toBe(false);
        expect(await compare("LESS", more), target).toBe(true);
        expect(await compare("LESS", equal), target).toBe(false);
      }
    });

    test("an absent key is all zero, but for its value, of which nothing is true", async () => {
      const key = `${server.prefix("cmp")}absent`;
      expect(await holds({ key, target: "VERSION", version: 0 })).toBe(true);
      expect(await holds({ key, target: "CREATE", create_revision: 0 })).toBe(true);
      expect(await holds({ key, target: "MOD", mod_revision: 0 })).toBe(true);
      expect(await holds({ key, target: "LEASE", lease: 0n })).toBe(true);
      expect(await holds({ key, target: "VERSION", result: "GREATER", version: 0 })).toBe(false);
      for (const result of ["EQUAL", "NOT_EQUAL", "GREATER", "LESS"] as const) {
        expect(await holds({ key, target: "VALUE", result, value: "" }), result).toBe(false);
        expect(await holds({ key, target: "VALUE", result, value: "x" }), result).toBe(false);
      }
    });

    test("an operand left out is zero or empty", async () => {
      const key = `${server.prefix("cmp")}k`;
      expect(await holds({ key, target: "CREATE" })).toBe(true);
      await put(key, "");
      expect(await holds({ key, target: "VALUE" })).toBe(true);
      expect(await holds({ key, target: "CREATE" })).toBe(false);
    });

    test("of a range hold if they hold for every key in it", async () => {
      const at = server.prefix("cmp");
      for (const key of ["a", "b"]) await put(at + key, key);
      const within = { key: at, range_end: prefixEnd(at) };
      const newest = { ...within, target: "VERSION", version: 1 } as const;
      expect(await holds(newest)).toBe(true);
      await put(`${at}b`, "b");
      expect(await holds(newest)).toBe(false);
      expect(await holds({ ...newest, result: "GREATER", version: 0 })).toBe(true);
      expect(await holds({ ...within, target: "VALUE", result: "LESS", value: "c" })).toBe(true);
      expect(await holds({ ...within, target: "VALUE", result: "LESS", value: "b" })).toBe(false);
    });

    test("of an empty range are those of one absent key", async () => {
      const at = server.prefix("cmp");
      const within = { key: at, range_end: prefixEnd(at) };
      expect(await holds({ ...within, target: "CREATE", create_revision: 0 })).toBe(true);
      expect(await holds({ ...within, target: "CREATE", result: "GREATER" })).toBe(false);
      expect(await holds({ ...within, target: "VALUE", value: "" })).toBe(false);
    });

    test("must all hold; none at all holds", async () => {
      const key = `${server.prefix("cmp")}k`;
      const yes = { key, target: "VERSION", version: 0 } as const;
      const no = { key, target: "VERSION", version: 1 } as const;
      expect(await holds()).toBe(true);
      expect(await holds(yes, yes)).toBe(true);
      expect(await holds(yes, no)).toBe(false);
    });
  });
});
