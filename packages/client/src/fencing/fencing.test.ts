import { spawnSync } from "node:child_process";
import { seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { Fence } from "../ownership/fence.ts";
import {
  expressFence,
  FENCE_HEADER,
  fastifyFence,
  fenceGate,
  fenceHeaders,
  fenceRevision,
  fenceText,
  grpcFenced,
  honoFence,
  memoryFenceStore,
  objectPrecondition,
  setFenceMetadata,
  sqlFence,
} from "./index.ts";

const stale = { code: "STALE_FENCE" };

test("a fence is taken as the SDK gives it, as a number, and as text that sorts like the number", () => {
  for (const token of [new Fence(42), 42, "42", "0000000000000042"]) {
    expect(fenceText(token)).toBe("0000000000000042");
  }
  expect(fenceText(new Fence(9_007_199_254_740_991))).toBe("9007199254740991");
  for (const wrong of [0, -1, 1.5, Number.NaN, "", "0x10", "1e3", " 1", "9007199254740993"]) {
    expect(() => fenceRevision(wrong)).toThrow(RangeError);
  }
});

// Failure mode 1: whoever was paused past its lease writes with a smaller fence than its successor.
test("a gate refuses a former holder, and lets the present one in again", async () => {
  const gate = fenceGate(memoryFenceStore());
  await gate.admit("a", 5);
  await gate.admit("a", 7);
  await gate.admit("a", 7);
  await expect(gate.admit("a", 5)).rejects.toMatchObject({ ...stale, fence: 5, highest: 7 });
  await gate.admit("b", 5);
});

test("whatever the order of racing callers, nothing smaller is let through after something greater", async () => {
  const prng = seededPrng(testSeed());
  const memory = memoryFenceStore();
  const turn = async () => {
    for (let n = prng.nextUint32() % 4; n >= 0; n -= 1) await Promise.resolve();
  };
  const stored: number[] = [];
  const gate = fenceGate({
    read: async (resource) => {
      await turn();
      return memory.read(resource);
    },
    compareAndSet: async (resource, expected, next) => {
      await turn();
      const isSet = await memory.compareAndSet(resource, expected, next);
      if (isSet) stored.push(next);
      return isSet;
    },
  });
  const fences = Array.from({ length: 50 }, () => 1 + (prng.nextUint32() % 100));
  await Promise.allSettled(fences.map((fence) => gate.admit("a", fence)));
  expect(stored).toEqual([...new Set(stored)].sort((a, b) => a - b));
  expect(await memory.read("a")).toBe(Math.max(...fences));
});

describe("SQL", () => {
  const change = { set: { state: "paid" }, where: { id: 42 } };

  test.each([
    {
      dialect: "postgres" as const,
      text: 'UPDATE "orders" SET "state" = $1, "fence" = $2 WHERE "id" = $3 AND ("fence" IS NULL OR "fence" <= $4)',
    },
    {
      dialect: "mysql" as const,
      text: "UPDATE `orders` SET `state` = ?, `fence` = ? WHERE `id` = ? AND (`fence` IS NULL OR `fence` <= ?)",
    },
  ])("an update in $dialect compares and sets in one statement", ({ dialect, text }) => {
    const fenced = sqlFence({ dialect, table: "orders" }, 7);
    expect(fenced.update(change)).toEqual({ text, values: ["paid", 7, 42, 7] });
    expect(() => fenced.assertApplied(0)).toThrow("orders");
    fenced.assertApplied(1);
  });

  test("names are quoted, and fragments number their placeholders from where one says", () => {
    const fenced = sqlFence({ dialect: "postgres", table: "t", column: 'a"b' }, 7);
    expect(fenced.condition(3).text).toBe('("a""b" IS NULL OR "a""b" <= $3)');
    expect(fenced.assignment(2)).toEqual({ text: '"a""b" = $2', values: [7] });
  });

  const sqlite = spawnSync("python3", ["-c", "import sqlite3"]).status === 0;
  test.skipIf(!sqlite)("a real sqlite row refuses a former holder", () => {
    const writes = [5, 7, 5, 7].map((fence) => {
      const fenced = sqlFence({ dialect: "sqlite", table: "orders" }, fence);
      return fenced.update({ set: { state: `by ${fence}` }, where: { id: 42 } });
    });
    const script = `
import json, sqlite3, sys
db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE orders (id INTEGER, state TEXT, fence INTEGER)")
db.execute("INSERT INTO orders VALUES (42, 'new', NULL)")
print(json.dumps([db.execute(w["text"], w["values"]).rowcount for w in json.load(sys.stdin)]))`;
    const run = spawnSync("python3", ["-c", script], { input: JSON.stringify(writes) });
    expect(JSON.parse(run.stdout.toString())).toEqual([1, 1, 0, 1]);
  });
});

/** What a service answers, through each kind of middleware, to requests with these fences. */
describe.each(["express", "fastify", "hono"] as const)("middleware of the shape of %s", (kind) => {
  function service() {
    const gate = fenceGate(memoryFenceStore());
    return async (fence: string | undefined): Promise<number> => {
      const headers = fence === undefined ? {} : { [FENCE_HEADER]: fence };
      let status = 0;
      const answer = (code: number) => {
        status = code;
        return { json: () => {}, send: () => {} };
      };
      if (kind === "express") {
        const middleware = expressFence({ gate, resource: () => "r" });
        await new Promise<void>((resolve) => {
          const json = () => resolve();
          const next = () => {
            status = 200;
            resolve();
          };
          const response = { status: (code: number) => ({ ...answer(code), json }) };
          middleware({ headers }, response, next);
        });
      } else if (kind === "fastify") {
        const reply = { code: answer };
        const sent = await fastifyFence({ gate, resource: () => "r" })({ headers }, reply);
        if (sent === undefined) status = 200;
      } else {
        const context = {
          req: { header: (name: string) => new Headers(headers).get(name) ?? undefined },
        };
        const next = async () => void answer(200);
        const refused = await honoFence({ gate, resource: () => "r" })(context, next);
        if (refused !== undefined) status = refused.status;
      }
      return status;
    };
  }

  test("a stale fence is 412, a missing one 428, a malformed one 400", async () => {
    const request = service();
    expect(await request(fenceHeaders(new Fence(7))[FENCE_HEADER])).toBe(200);
    expect(await request("0000000000000005")).toBe(412);
    expect(await request("7")).toBe(200);
    expect(await request(undefined)).toBe(428);
    expect(await request("seven")).toBe(400);
  });
});

test("a gRPC handler runs only with a fence that is not stale", async () => {
  const gate = fenceGate(memoryFenceStore());
  const answers: unknown[] = [];
  const call = (fence: number | null) =>
    new Promise<void>((resolve) => {
      const values = new Map<string, string>();
      const metadata = {
        set: (key: string, value: string) => void values.set(key, value),
        get: (key: string) => (values.has(key) ? [values.get(key)!] : []),
      };
      if (fence !== null) setFenceMetadata(metadata, fence);
      const handler = grpcFenced({ gate, resource: () => "r" }, () => {
        answers.push("ran");
        resolve();
      });
      handler({ metadata }, ({ code }) => {
        answers.push(code);
        resolve();
      });
    });
  for (const fence of [7, 5, 7, null]) await call(fence);
  expect(answers).toEqual(["ran", 9, "ran", 9]);
});

test("an object is replaced only as it was found, and never by a former holder", () => {
  const first = objectPrecondition("o", null, 5);
  expect(first.headers).toEqual({ "if-none-match": "*" });
  expect(first.ifGenerationMatch).toBe("0");
  const found = { metadata: first.metadata, version: '"etag"' };
  expect(objectPrecondition("o", found, 7).headers).toEqual({ "if-match": '"etag"' });
  expect(() => objectPrecondition("o", found, 4)).toThrow(expect.objectContaining(stale));
});
