import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { Etcdctl } from "../support/etcdctl.ts";
import { etcdctl } from "../support/tools.ts";

/** The three blocks that `etcdctl txn` reads from stdin, each ended by an empty line. */
function txnInput(compares: string[], success: string[], failure: string[] = []): string {
  const block = (lines: string[]) => lines.map((line) => `${line}\n`).join("");
  return `${block(compares)}\n${block(success)}\n${block(failure)}\n`;
}

describeEachServer(
  "etcdctl txn",
  (server) => {
    const ctl = new Etcdctl(server);
    const txn = (input: string, ...flags: string[]) => ctl.run(["txn", ...flags], { input });

    test("takes the success branch when every compare holds", async () => {
      const at = server.prefix("txn");
      await ctl.ok("put", `${at}k`, "old");
      const input = txnInput(
        [`value("${at}k") = "old"`, `version("${at}k") = "1"`, `create("${at}absent") = "0"`],
        [`put ${at}k new`, `get ${at}k`],
        [`put ${at}k wrong`],
      );
      const { code, stdout } = await txn(input);
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: `SUCCESS\n\nOK\n\n${at}k\nnew\n`,
      });
    });

    test("takes the failure branch when one compare does not hold", async () => {
      const at = server.prefix("txn");
      await ctl.ok("put", `${at}k`, "old");
      const input = txnInput(
        [`value("${at}k") = "old"`, `version("${at}k") > "1"`],
        [`put ${at}k wrong`],
        [`put ${at}other made`, `del ${at}k`, `get ${at} --prefix`],
      );
      const { code, stdout } = await txn(input);
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: `FAILURE\n\nOK\n\n1\n\n${at}other\nmade\n`,
      });
    });

    test("interactive mode prompts for each block", async () => {
      const at = server.prefix("txn");
      const input = txnInput([`version("${at}k") = "0"`], [`put ${at}k v`]);
      const { code, stdout } = await txn(input, "-i");
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout:
          "compares:\nsuccess requests (get, put, del):\nfailure requests (get, put, del):\n" +
          "SUCCESS\n\nOK\n",
      });
      expect(await ctl.ok("get", `${at}k`)).toBe(`${at}k\nv\n`);
    });

    test.each([
      { compare: 'value("K") > "b"', holds: true },
      { compare: 'value("K") < "c"', holds: false },
      { compare: 'value("K") != "c"', holds: false },
      { compare: 'version("K") = "2"', holds: true },
      { compare: 'version("K") != "2"', holds: false },
      { compare: 'create("K") > "0"', holds: true },
      { compare: 'mod("K") < "2"', holds: false },
      { compare: 'value("absent") = ""', holds: false },
      { compare: 'value("absent") != "x"', holds: false },
      { compare: 'version("absent") = "0"', holds: true },
    ])("$compare of a key put twice, last as c: $holds", async ({ compare, holds }) => {
      const at = server.prefix("cmp");
      await ctl.ok("put", `${at}k`, "a");
      await ctl.ok("put", `${at}k`, "c");
      const compared = compare.replace("K", `${at}k`).replace("absent", `${at}absent`);
      const { stdout } = await txn(txnInput([compared], [`get ${at}k`], [`get ${at}k`]));
      expect(stdout.split("\n")[0]).toBe(holds ? "SUCCESS" : "FAILURE");
    });

    test("all changes share one revision; a branch without changes makes none", async () => {
      const at = server.prefix("txn");
      const before = await ctl.revision();
      await txn(txnInput([], [`put ${at}a 1`, `put ${at}b 2`]));
      expect(await ctl.revision()).toBe(before + 1);
      await txn(txnInput([`version("${at}a") = "7"`], [`put ${at}a 3`]));
      await txn(txnInput([], [`get ${at}a`]));
      await txn(txnInput([], [`del ${at}absent`]));
      expect(await ctl.revision()).toBe(before + 1);
      const { kvs } = await ctl.json<{ kvs: { mod_revision: number }[] }>("get", at, "--prefix");
      expect(kvs.map((kv) => kv.mod_revision)).toEqual([before + 1, before + 1]);
    });

    test.each([
      { why: "two puts of one key", ops: ["put K 1", "put K 2"], text: "duplicate key given" },
      {
        why: "a put and a delete of one key",
        ops: ["put K 1", "del K"],
        text: "duplicate key given",
      },
    ])("refuses $why and changes nothing", async ({ ops, text }) => {
      const key = `${server.prefix("dup")}k`;
      const before = await ctl.revision();
      const result = await txn(
        txnInput(
          [],
          ops.map((op) => op.replace("K", key)),
        ),
      );
      expect(result).toMatchObject({
        code: 1,
        grpcCode: "InvalidArgument",
        stderr: `Error: etcdserver: ${text} in txn request`,
      });
      expect(await ctl.revision()).toBe(before);
    });

    test("takes 128 operations and refuses 129", async () => {
      const at = server.prefix("many");
      const puts = Array.from({ length: 129 }, (_, index) => `put ${at}${index} v`);
      const refused = await txn(txnInput([], puts));
      expect(refused).toMatchObject({
        code: 1,
        grpcCode: "InvalidArgument",
        stderr: "Error: etcdserver: too many operations in txn request",
      });
      expect(await txn(txnInput([], puts.slice(1)))).toMatchObject({ code: 0 });
      const { count } = await ctl.json<{ count: number }>("get", at, "--prefix");
      expect(count).toBe(128);
    });

    test("one refused operation undoes the whole transaction", async () => {
      const at = server.prefix("txn");
      const before = await ctl.revision();
      const input = txnInput([], [`put ${at}a 1`, `put ${at}b 2 --lease=7abc`]);
      expect(await txn(input)).toMatchObject({
        code: 1,
        grpcCode: "NotFound",
        stderr: "Error: etcdserver: requested lease not found",
      });
      expect(await ctl.revision()).toBe(before);
      expect(await ctl.ok("get", at, "--prefix")).toBe("");
    });
  },
  { needs: [etcdctl] },
);
