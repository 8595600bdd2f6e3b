import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { Etcdctl } from "../support/etcdctl.ts";
import { etcdctl } from "../support/tools.ts";

describeEachServer(
  "etcdctl lock and elect",
  (server) => {
    const ctl = new Etcdctl(server);
    /** `<name>/<lease in hex>`, as the lock and election recipes build their keys. */
    const ownKey = (name: string) => new RegExp(`^${name}/[0-9a-f]+$`);

    test("lock runs a command with ETCD_LOCK_KEY and ETCD_LOCK_REV set, then lets go", async () => {
      const name = `${server.prefix("lock")}l`;
      const before = await ctl.revision();
      const output = await ctl.ok(
        ...["lock", name, "--", "sh", "-c", 'echo "$ETCD_LOCK_KEY $ETCD_LOCK_REV"'],
      );
      const [key, revision] = output.trimEnd().split(" ");
      expect(key).toMatch(ownKey(name));
      expect(Number(revision)).toBe(before + 1);
      expect(await ctl.ok("get", name, "--prefix")).toBe("");
    });

    test("lock fails when its command does", async () => {
      const name = `${server.prefix("lock")}l`;
      const { code, stderr } = await ctl.run(["lock", name, "--", "sh", "-c", "exit 7"]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: "Error: exit status 7" });
      expect(await ctl.ok("get", name, "--prefix")).toBe("");
    });

    test("of two contenders the second gets the lock when the first lets go", async () => {
      const name = `${server.prefix("lock")}l`;
      await using first = ctl.start("lock", name);
      const firstKey = (await first.waitForOutput(/\n/)).split("\n")[0] ?? "";
      expect(firstKey).toMatch(ownKey(name));
      await using second = ctl.start("lock", name);
      await expect
        .poll(async () => (await ctl.lines("get", name, "--prefix", "--keys-only")).length)
        .toBe(3); // two keys and the empty line between them: the second is in the queue
      expect(second.stdout).toBe("");
      first.kill("SIGTERM");
      expect((await first.result()).code).toBe(0);
      const secondKey = (await second.waitForOutput(/\n/)).split("\n")[0] ?? "";
      expect(secondKey).toMatch(ownKey(name));
      expect(secondKey).not.toBe(firstKey);
      second.kill("SIGTERM");
      expect((await second.result()).code).toBe(0);
      expect(await ctl.ok("get", name, "--prefix")).toBe("");
    });

    test("the lock of a holder that died is free once its lease has expired", async () => {
      const name = `${server.prefix("lock")}l`;
      await using first = ctl.start("lock", name, "--ttl=2");
      await first.waitForOutput(/\n/);
      first.kill("SIGKILL");
      await using second = ctl.start("lock", name);
      await second.waitForOutput(/\n/, 15_000);
      expect(second.stdout.split("\n")[0]).toMatch(ownKey(name));
      expect((await ctl.lines("get", name, "--prefix", "--keys-only")).length).toBe(1);
    });

    test("elect campaigns, and an observer sees each leader in turn", async () => {
      const name = `${server.prefix("elect")}e`;
      await using alice = ctl.start("elect", name, "alice");
      await alice.waitForOutput(/\nalice\n$/);
      expect(alice.stdout.split("\n")[0]).toMatch(ownKey(name));
      await using observer = ctl.start("elect", "-l", name);
      await observer.waitForOutput(/\nalice\n$/);
      expect(observer.stdout).toBe(alice.stdout);
      await using bob = ctl.start("elect", name, "bob");
      await expect.poll(() => ctl.lines("get", name, "--prefix")).toContain("bob");
      expect(bob.stdout).toBe("");
      alice.kill("SIGTERM");
      expect((await alice.result()).code).toBe(0);
      await bob.waitForOutput(/\nbob\n$/);
      await observer.waitForOutput(/\nbob\n$/);
      expect(observer.stdout).toBe(alice.stdout + bob.stdout);
      bob.kill("SIGTERM");
      expect((await bob.result()).code).toBe(0);
      expect(await ctl.ok("get", name, "--prefix")).toBe("");
    });
  },
  { needs: [etcdctl] },
);
