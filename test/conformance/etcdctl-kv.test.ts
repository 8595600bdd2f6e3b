import { describe, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { Etcdctl } from "../support/etcdctl.ts";
import { etcdctl } from "../support/tools.ts";

interface JsonKeyValue {
  readonly key: string;
  readonly value?: string;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly lease?: number;
}

interface JsonRange {
  readonly header: { readonly cluster_id: string; readonly revision: number };
  readonly kvs?: readonly JsonKeyValue[];
  readonly more?: boolean;
  readonly count?: number;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

describeEachServer(
  "etcdctl put, get, del and compaction",
  (server) => {
    const ctl = new Etcdctl(server);

    describe("put", () => {
      test("stores a value and says OK", async () => {
        const key = `${server.prefix("put")}k`;
        expect(await ctl.ok("put", key, "v")).toBe("OK\n");
        expect(await ctl.ok("get", key)).toBe(`${key}\nv\n`);
      });

      test("takes the value from stdin when it is not an argument", async () => {
        const key = `${server.prefix("put")}k`;
        const { code, stdout } = await ctl.run(["put", key], { input: "from stdin" });
        expect({ code, stdout }).toEqual({ code: 0, stdout: "OK\n" });
        expect(await ctl.ok("get", key, "--print-value-only")).toBe("from stdin\n");
      });

      test("--prev-kv shows the pair that was replaced", async () => {
        const key = `${server.prefix("put")}k`;
        await ctl.ok("put", key, "old");
        expect(await ctl.ok("put", key, "new", "--prev-kv")).toBe(`OK\n${key}\nold\n`);
      });

      test("--ignore-value keeps the value and advances the version", async () => {
        const key = `${server.prefix("put")}k`;
        await ctl.ok("put", key, "kept");
        await ctl.ok("put", key, "--ignore-value");
        const { kvs } = await ctl.json<JsonRange>("get", key);
        expect(kvs).toMatchObject([{ value: base64("kept"), version: 2 }]);
      });

      test("recreating a deleted key starts a new generation", async () => {
        const key = `${server.prefix("put")}k`;
        await ctl.ok("put", key, "1");
        await ctl.ok("put", key, "2");
        await ctl.ok("del", key);
        await ctl.ok("put", key, "3");
        const { header, kvs } = await ctl.json<JsonRange>("get", key);
        const { revision } = header;
        expect(kvs).toMatchObject([
          { create_revision: revision, mod_revision: revision, version: 1 },
        ]);
      });

      test.each([
        {
          why: "an empty key",
          args: ["put", "", "v"],
          grpcCode: "InvalidArgument",
          text: "Error: etcdserver: key is not provided",
        },
        {
          why: "a lease that does not exist",
          args: ["put", "refused", "v", "--lease=7abc"],
          grpcCode: "NotFound",
          text: "Error: etcdserver: requested lease not found",
        },
        {
          why: "--ignore-value on an absent key",
          args: ["put", "absent-key", "--ignore-value"],
          grpcCode: "InvalidArgument",
          text: "Error: etcdserver: key not found",
        },
        {
          why: "--ignore-lease on an absent key",
          args: ["put", "absent-key", "v", "--ignore-lease"],
          grpcCode: "InvalidArgument",
          text: "Error: etcdserver: key not found",
        },
        {
          why: "--ignore-lease together with a lease",
          args: ["put", "refused", "v", "--ignore-lease", "--lease=1"],
          grpcCode: "InvalidArgument",
          text: "Error: etcdserver: lease is provided",
        },
      ])("refuses $why and writes nothing", async ({ args, grpcCode, text }) => {
        const before = await ctl.revision();
        expect(await ctl.run(args)).toEqual({ code: 1, stdout: "", stderr: text, grpcCode });
        expect(await ctl.revision()).toBe(before);
      });
    });

    describe("get", () => {
      test("prints nothing and succeeds for an absent key", async () => {
        expect(await ctl.run(["get", "absent-key"])).toMatchObject({ code: 0, stdout: "" });
      });

      test("reads one key, a prefix, a half-open range, and from a key on", async () => {
        const at = server.prefix("zz"); // last in the key space, so that --from-key ends here
        for (const key of ["a", "b", "c", "d"]) await ctl.ok("put", at + key, key);
        const values = (...args: string[]) => ctl.lines("get", ...args, "--print-value-only");
        expect(await values(`${at}b`)).toEqual(["b"]);
        expect(await values(at, "--prefix")).toEqual(["a", "b", "c", "d"]);
        expect(await values(`${at}b`, `${at}d`)).toEqual(["b", "c"]);
        expect(await values(`${at}c`, "--from-key")).toEqual(["c", "d"]);
        expect(await values(`${at}d`, `${at}b`)).toEqual([]);
      });

      test("an empty key with --prefix reads everything", async () => {
        const at = server.prefix("everything");
        await ctl.ok("put", `${at}k`, "v");
        expect(await ctl.lines("get", "", "--prefix", "--keys-only")).toContain(`${at}k`);
      });

      test("--limit cuts the answer but not the count", async () => {
        const at = server.prefix("limit");
        for (const key of ["a", "b", "c"]) await ctl.ok("put", at + key, key);
        const answer = await ctl.json<JsonRange>("get", at, "--prefix", "--limit=2");
        expect(answer).toMatchObject({ more: true, count: 3 });
        expect(answer.kvs?.map((kv) => kv.key)).toEqual([base64(`${at}a`), base64(`${at}b`)]);
        const whole = await ctl.json<JsonRange>("get", at, "--prefix", "--limit=3");
        expect(whole.more).toBeUndefined();
      });

      test("--keys-only leaves the values out", async () => {
        const at = server.prefix("keys");
        for (const key of ["a", "b"]) await ctl.ok("put", at + key, "secret");
        expect(await ctl.ok("get", at, "--prefix", "--keys-only")).toBe(`${at}a\n\n${at}b\n\n`);
      });

      test("--rev reads the past", async () => {
        const key = `${server.prefix("rev")}k`;
        await ctl.ok("put", key, "first");
        const then = await ctl.revision();
        await ctl.ok("put", key, "second");
        await ctl.ok("del", key);
        expect(await ctl.ok("get", key, `--rev=${then}`)).toBe(`${key}\nfirst\n`);
        expect(await ctl.ok("get", key, `--rev=${then + 1}`)).toBe(`${key}\nsecond\n`);
        expect(await ctl.ok("get", key, `--rev=${then + 2}`)).toBe("");
        const answer = await ctl.json<JsonRange>("get", key, `--rev=${then}`);
        expect(answer.header.revision).toBe(then + 2); // the store's revision, not the one asked for
      });

      test("a negative --rev reads the present", async () => {
        const key = `${server.prefix("rev")}k`;
        await ctl.ok("put", key, "now");
        expect(await ctl.ok("get", key, "--rev=-5")).toBe(`${key}\nnow\n`);
      });

      test("a --rev that is yet to come is refused", async () => {
        expect(await ctl.run(["get", "k", "--rev=1000000"])).toEqual({
          code: 1,
          stdout: "",
          stderr: "Error: etcdserver: mvcc: required revision is a future revision",
          grpcCode: "OutOfRange",
        });
      });

      test("--consistency=s reads what this member has", async () => {
        const key = `${server.prefix("serializable")}k`;
        await ctl.ok("put", key, "v");
        for (const member of server.deployment.members) {
          await expect
            .poll(() => ctl.ok(`--endpoints=${member.endpoint}`, "get", key, "--consistency=s"))
            .toBe(`${key}\nv\n`);
        }
      });

      test("-w fields and -w json carry revisions, version and count", async () => {
        const key = `${server.prefix("fields")}k`;
        await ctl.ok("put", key, "1");
        await ctl.ok("put", key, "2");
        const revision = await ctl.revision();
        const fields = await ctl.lines("get", key, "-w", "fields");
        expect(fields).toEqual(
          expect.arrayContaining([
            `"Revision" : ${revision}`,
            `"Key" : "${key}"`,
            `"CreateRevision" : ${revision - 1}`,
            `"ModRevision" : ${revision}`,
            `"Version" : 2`,
            `"Value" : "2"`,
            `"Lease" : 0`,
            `"More" : false`,
            `"Count" : 1`,
          ]),
        );
      });
    });

    describe("get --sort-by", () => {
      // Four orders that all differ: creation b a c, change a c b, version (changes) b:3 a:2 c:1.
      const writes = ["b=1", "a=9", "c=5", "b=2", "a=8", "c=7", "b=3"] as const;
      const expected = {
        KEY: ["a", "b", "c"],
        CREATE: ["b", "a", "c"],
        MODIFY: ["a", "c", "b"],
        VALUE: ["b", "c", "a"],
      };
      const cases = Object.entries(expected).flatMap(([target, ascending]) => [
        { target, order: "ASCEND", keys: ascending },
        { target, order: "DESCEND", keys: ascending.toReversed() },
      ]);

      test.each(cases)("$target $order", async ({ target, order, keys }) => {
        const at = server.prefix("sort");
        for (const write of writes) {
          const [key, value] = write.split("=");
          await ctl.ok("put", `${at}${key}`, value ?? "");
        }
        const sort = [`--sort-by=${target}`, `--order=${order}`];
        const sorted = await ctl.lines("get", at, "--prefix", ...sort, "--keys-only");
        expect(sorted.filter((line) => line !== "")).toEqual(keys.map((key) => at + key));
        const first = await ctl.json<JsonRange>("get", at, "--prefix", ...sort, "--limit=1");
        expect(first).toMatchObject({ kvs: [{ key: base64(at + keys[0]) }], more: true, count: 3 });
      });

      test.each([
        { order: "ASCEND", keys: ["c", "a", "b"] },
        { order: "DESCEND", keys: ["b", "a", "c"] },
      ])("VERSION $order", async ({ order, keys }) => {
        const at = server.prefix("sort");
        for (const key of ["b", "b", "b", "a", "a", "c"]) await ctl.ok("put", at + key, "v");
        const sorted = await ctl.lines(
          ...["get", at, "--prefix", "--sort-by=VERSION", `--order=${order}`, "--keys-only"],
        );
        expect(sorted.filter((line) => line !== "")).toEqual(keys.map((key) => at + key));
      });
    });

    describe("del", () => {
      test("counts what it deleted, and changes nothing when there is nothing", async () => {
        const at = server.prefix("del");
        await ctl.ok("put", `${at}a`, "1");
        expect(await ctl.ok("del", `${at}a`)).toBe("1\n");
        const before = await ctl.revision();
        expect(await ctl.ok("del", `${at}a`)).toBe("0\n");
        expect(await ctl.revision()).toBe(before);
      });

      test("--prefix, a range and --from-key each delete in one revision", async () => {
        const at = server.prefix("zzz");
        const keys = ["a", "b", "c", "d", "e"];
        for (const key of keys) await ctl.ok("put", at + key, key);
        const before = await ctl.revision();
        expect(await ctl.ok("del", `${at}a`, `${at}c`)).toBe("2\n");
        expect(await ctl.ok("del", `${at}e`, "--from-key")).toBe("1\n");
        expect(await ctl.ok("del", at, "--prefix")).toBe("2\n");
        expect(await ctl.revision()).toBe(before + 3);
        expect(await ctl.ok("get", at, "--prefix")).toBe("");
      });

      test("--prev-kv shows every pair that went", async () => {
        const at = server.prefix("del");
        for (const key of ["a", "b"]) await ctl.ok("put", at + key, key.toUpperCase());
        expect(await ctl.ok("del", at, "--prefix", "--prev-kv")).toBe(`2\n${at}a\nA\n${at}b\nB\n`);
      });

      test("refuses an empty key", async () => {
        expect(await ctl.run(["del", ""])).toEqual({
          code: 1,
          stdout: "",
          stderr: "Error: etcdserver: key is not provided",
          grpcCode: "InvalidArgument",
        });
      });
    });

    describe("compaction", () => {
      const compacted = {
        code: 1,
        stdout: "",
        stderr: "Error: etcdserver: mvcc: required revision has been compacted",
        grpcCode: "OutOfRange",
      };

      test.each([{ flags: [] }, { flags: ["--physical"] }])(
        "forgets what is older than the revision, and keeps that one readable ($flags)",
        async ({ flags }) => {
          const key = `${server.prefix("compact")}k`;
          for (const value of ["1", "2", "3"]) await ctl.ok("put", key, value);
          const at = (await ctl.revision()) - 1;
          expect(await ctl.ok("compaction", `${at}`, ...flags)).toBe(`compacted revision ${at}\n`);
          expect(await ctl.run(["get", key, `--rev=${at - 1}`])).toEqual(compacted);
          expect(await ctl.ok("get", key, `--rev=${at}`)).toBe(`${key}\n2\n`);
          expect(await ctl.ok("get", key)).toBe(`${key}\n3\n`);
        },
      );

      test("refuses a revision that is compacted already", async () => {
        await ctl.ok("put", `${server.prefix("compact")}k`, "v");
        const at = await ctl.revision();
        await ctl.ok("compaction", `${at}`);
        expect(await ctl.run(["compaction", `${at}`])).toEqual(compacted);
        expect(await ctl.run(["compaction", "1"])).toEqual(compacted);
      });

      test("refuses a revision that is yet to come", async () => {
        expect(await ctl.run(["compaction", "1000000"])).toEqual({
          code: 1,
          stdout: "",
          stderr: "Error: etcdserver: mvcc: required revision is a future revision",
          grpcCode: "OutOfRange",
        });
      });

      test("does not change the revision", async () => {
        await ctl.ok("put", `${server.prefix("compact")}k`, "v");
        const revision = await ctl.revision();
        await ctl.ok("compaction", `${revision}`);
        expect(await ctl.revision()).toBe(revision);
      });
    });
  },
  { needs: [etcdctl] },
);
