import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { runCommand } from "../support/run-command.ts";
import { pythonEtcd3 } from "../support/tools.ts";

const script = fileURLToPath(new URL("python-etcd3.py", import.meta.url));
const instruments = ["key", "equal", "wait_until"];
const cases = [...readFileSync(script, "utf8").matchAll(/^def (\w+)\(/gm)]
  .map((match) => match[1] ?? "")
  .filter((name) => !instruments.includes(name));

describeEachServer(
  "python-etcd3",
  (server) => {
    test.each(cases)("%s", async (name) => {
      const { endpoint } = server.deployment.nextMember();
      const { code, stderr } = await runCommand(
        pythonEtcd3.path,
        [script, endpoint, server.prefix("python"), name],
        { timeoutMs: 30_000 },
      );
      expect(code, stderr).toBe(0);
    });
  },
  { needs: [pythonEtcd3] },
);
