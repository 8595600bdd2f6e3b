import { type Client, op, type StandardSchema } from "@conclave/client";
import * as v from "valibot";
import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { describeEachServer } from "../support/each-server.ts";
import { clientsOf } from "./client-support.ts";

interface Account {
  cents: bigint;
  note?: string | undefined;
}

/** The same schema by two libraries. */
const zodAccount = z.object({ cents: z.bigint().min(0n), note: z.string().optional() });
const valibotAccount = v.object({
  cents: v.pipe(v.bigint(), v.minValue(0n)),
  note: v.optional(v.string()),
});
const schemas: { library: string; schema: StandardSchema<Account> }[] = [
  { library: "zod", schema: zodAccount },
  { library: "valibot", schema: valibotAccount },
];

const refusal = (why: RegExp) => ({
  code: "INVALID_VALUE",
  outcome: "not-applied",
  message: expect.stringMatching(why),
});

describeEachServer(
  "SDK typed keys",
  (server) => {
    const clients = clientsOf(server);

    test("are typed by the schema they were made with", async () => {
      const client = await clients.connect();
      const byZod = await client.kv.get(client.key("acct/:id", zodAccount)("a"));
      expectTypeOf(byZod?.value.cents).toEqualTypeOf<bigint | undefined>();
      const byValibot = await client.kv.get(client.key("acct/:id", valibotAccount)("a"));
      expectTypeOf(byValibot?.value.note).toEqualTypeOf<string | undefined>();
      // @ts-expect-error The schema says bigint.
      void (() => client.kv.put(client.key("acct/:id", zodAccount)("a"), { cents: 1 }));
    });

    test.each(schemas)(
      "$library: a value is read as it was written, alone and in a transaction",
      async ({ schema }) => {
        const client = await clients.connect();
        const acct = client.key("acct/:id", schema);
        const { revision } = await client.kv.put(acct("a"), { cents: 7n, note: "é" });
        expect(await client.kv.get(acct("a"))).toMatchObject({
          keyText: "acct/a",
          value: { cents: 7n, note: "é" },
          modRevision: revision,
        });
        expect(await client.kv.get(acct("b"))).toBeNull();
        const done = await client
          .txn()
          .if(acct("a").value.eq({ cents: 7n, note: "é" }), acct("b").absent())
          .then(op.put(acct("a"), { cents: 6n }), op.put(acct("b"), { cents: 1n }))
          .commit();
        expect(done.succeeded).toBe(true);
        const { results } = await client
          .txn()
          .then(op.get(acct("a")), op.get(acct("b")))
          .commit();
        expect(results.map((pair) => pair?.value)).toEqual([{ cents: 6n }, { cents: 1n }]);
      },
    );

    test.each(schemas)(
      "$library: what the schema does not take is not written",
      async ({ schema }) => {
        const client = await clients.connect();
        const account = client.key("acct/:id", schema)("a");
        const refused = refusal(/^the value of "acct\/a" is not valid: ./);
        await expect(client.kv.put(account, { cents: -1n })).rejects.toMatchObject(refused);
        const writing = async () =>
          client
            .txn()
            .then(op.put(account, { cents: -1n }))
            .commit();
        await expect(writing()).rejects.toMatchObject(refused);
        await expect(
          client.transact((tx) => tx.put(account, { cents: -1n })),
        ).rejects.toMatchObject(refused);
        expect(await client.kv.get("acct/a")).toBeNull();
      },
    );

    test.each(schemas)(
      "$library: what others stored and the schema does not take is an error that names the key",
      async ({ schema }) => {
        const client = await clients.connect();
        const account = client.key("acct/:id", schema)("a");
        for (const { text, why } of [
          { text: "not json", why: /"acct\/a".*JSON/ },
          { text: "", why: /"acct\/a".*JSON/ },
          { text: '{"cents":7}', why: /"acct\/a" is not valid: .*bigint/ },
          { text: '{"cents":{"$bigint":"seven"}}', why: /"acct\/a" is not valid: .*seven/ },
        ]) {
          await client.kv.put("acct/a", text);
          await expect(client.kv.get(account), text).rejects.toMatchObject(refusal(why));
          await expect(client.txn().then(op.get(account)).commit(), text).rejects.toMatchObject(
            refusal(why),
          );
          await expect(
            client.transact((tx) => tx.get(account)),
            text,
          ).rejects.toMatchObject(refusal(why));
        }
        // As plain text it can still be read, and mended.
        expect((await client.kv.get(account.key))?.text).toContain("seven");
        await client.kv.put(account, { cents: 7n });
        expect((await client.kv.get(account))?.value).toEqual({ cents: 7n });
      },
    );

    test("a schema that validates asynchronously is refused by a TypeError, before anything is sent", async () => {
      const client = await clients.connect();
      const slow = client.key(
        "slow/:id",
        z.string().refine(async () => true),
      )("a");
      await expect(client.kv.put(slow, "x")).rejects.toThrow(TypeError);
      expect(await client.kv.count("slow/")).toBe(0);
    });

    test("all keys of a template are read as a range, without those of other forms below the same prefix", async () => {
      const client = await clients.connect();
      const acct = client.key("acct/:id", zodAccount);
      const sum = () =>
        client.transact(async (tx) => {
          const accounts = await tx.getAll(acct.all);
          return accounts.reduce((total, { value }) => total + value.cents, 0n);
        });
      await put(client, { "acct/a/note": "free text", "acct/": "no id" });
      await client.kv.put(acct("a"), { cents: 1n });
      await client.kv.put(acct("b"), { cents: 2n });
      expect((await sum()).value).toBe(3n);
      await client.kv.put("acct/c", "garbage");
      await expect(sum()).rejects.toMatchObject(refusal(/"acct\/c"/));
    });
  },
  { sizes: [1] },
);

async function put(client: Client, pairs: Record<string, string>): Promise<void> {
  for (const [key, value] of Object.entries(pairs)) await client.kv.put(key, value);
}
