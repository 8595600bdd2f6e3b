import { fenceRevision } from "@conclave/client/fencing";
import { KV } from "@conclave/wire";
import { expect, test } from "vitest";
import { z } from "zod";
import { connectOver } from "../../packages/client/src/client.ts";
import { ScriptedCaller } from "../../packages/client/src/testing/scripted-caller.ts";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";

/** The first whole number that a JavaScript number cannot tell from its neighbour: 2^53 + 1. */
const UNSAFE = 2n ** 53n + 1n;
const UNSAFE_VARINT = "8180808080808010";

/** A RangeResponse whose header's revision (field 3 of field 1) is that number. */
const ANSWER = Buffer.from(`0a0918${UNSAFE_VARINT}`, "hex");

test("failure mode 27, the rounded number: a revision that would be rounded is an error, not another revision", async () => {
  const caller = new ScriptedCaller();
  const connecting = connectOver(() => caller, {});
  caller.takeUnary().reply(KV.Range, { header: { revision: Number.MAX_SAFE_INTEGER } });
  const client = await connecting;
  const reading = client.kv.count("anything");
  const refused = expect(reading).rejects.toMatchObject({
    code: "PROTOCOL",
    cause: { name: "UnsafeIntegerError" },
  });
  caller.takeUnary().replyBytes(ANSWER);
  await refused;
  await client.close();
});

test("failure mode 27, the rounded number: a fence that would be rounded is refused at the resource", () => {
  expect(fenceRevision("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => fenceRevision(String(UNSAFE))).toThrow(RangeError);
  expect(() => fenceRevision(Number(UNSAFE))).toThrow(RangeError);
});

describeEachServer(
  "failure mode 27, the rounded number",
  (server) => {
    const clients = clientsOf(server);

    test("leases whose ids differ in the last bit are two", async () => {
      const client = await clients.connect();
      const [even, odd] = [UNSAFE - 1n, UNSAFE];
      await client.leases.grant("60s", { leaseId: even });
      await client.leases.grant("60s", { leaseId: odd });
      await client.kv.put("even", "", { leaseId: even });
      await client.kv.put("odd", "", { leaseId: odd });
      await client.leases.revoke(even);
      expect(await client.kv.get("even")).toBeNull();
      expect((await client.kv.get("odd"))?.leaseId).toBe(odd);
      await client.leases.revoke(odd);
    });

    test("a bigint in a typed value comes back as it was written", async () => {
      const client = await clients.connect();
      const account = client.key("account/:id", z.object({ cents: z.bigint() }));
      await client.kv.put(account("a"), { cents: UNSAFE });
      expect((await client.kv.get(account("a")))?.value).toEqual({ cents: UNSAFE });
    });
  },
  { sizes: [1] },
);
