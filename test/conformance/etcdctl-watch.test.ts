import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { Etcdctl } from "../support/etcdctl.ts";
import { etcdctl } from "../support/tools.ts";

interface JsonWatchResponse {
  readonly Header: { readonly revision: number };
  readonly Events: readonly {
    readonly type?: number;
    readonly kv: {
      readonly key: string;
      readonly create_revision?: number;
      readonly mod_revision: number;
      readonly version?: number;
      readonly value?: string;
    };
  }[];
}

const parseWatchResponse = (line: string) => JSON.parse(line) as JsonWatchResponse;

describeEachServer(
  "etcdctl watch",
  (server) => {
    const ctl = new Etcdctl(server);

    /** put a, put a, put b, del a under a fresh prefix; the first has revision `first`. */
    async function history(): Promise<{ at: string; first: number }> {
      const at = server.prefix("watch");
      const first = (await ctl.revision()) + 1;
      await ctl.ok("put", `${at}a`, "1");
      await ctl.ok("put", `${at}a`, "2");
      await ctl.ok("put", `${at}b`, "3");
      await ctl.ok("del", `${at}a`);
      return { at, first };
    }

    test("--rev replays history, then follows what happens", async () => {
      const { at, first } = await history();
      await using watch = ctl.start("watch", at, "--prefix", `--rev=${first}`);
      const past = `PUT\n${at}a\n1\nPUT\n${at}a\n2\nPUT\n${at}b\n3\nDELETE\n${at}a\n\n`;
      await watch.waitForOutput((output) => output.length >= past.length);
      expect(watch.stdout).toBe(past);
      await ctl.ok("put", `${at}c`, "4");
      await watch.waitForOutput(/4\n$/);
      expect(watch.stdout).toBe(`${past}PUT\n${at}c\n4\n`);
    });

    test("--rev from the middle replays only what came later", async () => {
      const { at, first } = await history();
      await using watch = ctl.start("watch", at, "--prefix", `--rev=${first + 2}`);
      const past = `PUT\n${at}b\n3\nDELETE\n${at}a\n\n`;
      await watch.waitForOutput((output) => output.length >= past.length);
      expect(watch.stdout).toBe(past);
    });

    test("a watch of one key sees no other", async () => {
      const { at, first } = await history();
      await using watch = ctl.start("watch", `${at}b`, `--rev=${first}`);
      await watch.waitForOutput(/3\n/);
      await ctl.ok("put", `${at}a`, "unseen");
      await ctl.ok("put", `${at}b0`, "unseen");
      await ctl.ok("put", `${at}b`, "seen");
      await watch.waitForOutput(/seen\n$/);
      expect(watch.stdout).toBe(`PUT\n${at}b\n3\nPUT\n${at}b\nseen\n`);
    });

    test("a range is half open", async () => {
      const { at, first } = await history();
      await using watch = ctl.start("watch", `${at}a`, `${at}b`, `--rev=${first}`);
      await watch.waitForOutput(/DELETE\n.*\n\n$/);
      expect(watch.stdout).toBe(`PUT\n${at}a\n1\nPUT\n${at}a\n2\nDELETE\n${at}a\n\n`);
    });

    test("--prev-kv shows what each event replaced", async () => {
      const { at, first } = await history();
      await using watch = ctl.start("watch", `${at}a`, "--prev-kv", `--rev=${first}`);
      await watch.waitForOutput(/DELETE(\n.*){4}\n$/);
      expect(watch.stdout).toBe(
        `PUT\n${at}a\n1\nPUT\n${at}a\n1\n${at}a\n2\nDELETE\n${at}a\n2\n${at}a\n\n`,
      );
    });

    test("-w json carries the revisions of every event", async () => {
      const { at, first } = await history();
      await using watch = ctl.start("watch", at, "--prefix", `--rev=${first}`, "-w", "json");
      const output = await watch.waitForOutput(/"type":1.*\n/);
      const responses = output.trimEnd().split("\n").map(parseWatchResponse);
      expect(responses.at(-1)?.Header.revision).toBe(first + 3);
      const a = Buffer.from(`${at}a`).toString("base64");
      const b = Buffer.from(`${at}b`).toString("base64");
      expect(
        responses.flatMap((response) => response.Events.map(({ type, kv }) => ({ type, ...kv }))),
      ).toEqual([
        { key: a, create_revision: first, mod_revision: first, version: 1, value: "MQ==" },
        { key: a, create_revision: first, mod_revision: first + 1, version: 2, value: "Mg==" },
        { key: b, create_revision: first + 2, mod_revision: first + 2, version: 1, value: "Mw==" },
        { type: 1, key: a, mod_revision: first + 3 }, // a delete carries only key and revision
      ]);
    });

    test("-- command runs once per event with ETCD_WATCH_* set", async () => {
      const { at, first } = await history();
      await using watch = ctl.start(
        ...["watch", `${at}a`, `--rev=${first}`, "--", "sh", "-c"],
        'echo "$ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE"',
      );
      const output = await watch.waitForOutput(/"DELETE" .*\n/);
      const ran = output.split("\n").filter((line) => line.includes('"'));
      expect(ran).toEqual([`"PUT" "${at}a" "1"`, `"PUT" "${at}a" "2"`, `"DELETE" "${at}a" ""`]);
    });

    test("-i watches several keys on one stream and asks for progress", async () => {
      const { at, first } = await history();
      await using watch = ctl.start("watch", "-i");
      watch.write(`watch ${at}b --rev=${first}\n`);
      await watch.waitForOutput(/3\n$/);
      watch.write(`watch ${at}a --rev=${first} --prev-kv\n`);
      await watch.waitForOutput(/DELETE(\n.*){4}\n$/);
      const revision = await ctl.revision();
      watch.write("progress\n");
      // On its own member's clock: a member that lags answers with the revision it has.
      const output = await watch.waitForOutput(/progress notify: \d+\n/);
      const notified = Number(/progress notify: (\d+)/.exec(output)?.[1]);
      expect(notified).toBeGreaterThanOrEqual(first + 3);
      expect(notified).toBeLessThanOrEqual(revision);
      watch.endInput();
      expect((await watch.result()).code).toBe(3);
    });

    test("a watch from a compacted revision is cancelled by the server", async () => {
      const { at, first } = await history();
      await ctl.ok("compaction", `${first + 2}`);
      const result = await ctl.run(["watch", at, "--prefix", `--rev=${first + 1}`]);
      expect(result).toMatchObject({
        code: 5,
        stdout: "",
        stderr:
          "watch was canceled (etcdserver: mvcc: required revision has been compacted)\n" +
          "Error: watch is canceled by the server",
      });
    });

    test("a watch from the compact revision itself is served", async () => {
      const { at, first } = await history();
      await ctl.ok("compaction", `${first + 2}`);
      await using watch = ctl.start("watch", at, "--prefix", `--rev=${first + 2}`);
      await watch.waitForOutput(/DELETE\n.*\n\n$/);
      expect(watch.stdout).toBe(`PUT\n${at}b\n3\nDELETE\n${at}a\n\n`);
    });

    test("an inverted range is cancelled by the server", async () => {
      expect(await ctl.run(["watch", "z", "a"])).toMatchObject({
        code: 5,
        stdout: "",
        stderr:
          "watch was canceled (mvcc: watcher range is empty)\n" +
          "Error: watch is canceled by the server",
      });
    });
  },
  { needs: [etcdctl] },
);
