import { beforeAll, expect, test } from "vitest";
import { clientsOf } from "../client/client-support.ts";
import { describeEachServer } from "../support/each-server.ts";
import { buildGoProgram, goWithEtcd } from "../support/go-program.ts";
import { runCommand } from "../support/run-command.ts";

describeEachServer(
  "services, together with Go's naming package",
  (server) => {
    const clients = clientsOf(server);
    let program = "";
    beforeAll(() => {
      program = buildGoProgram("interop/go-naming", "go-naming");
    }, 240_000);

    async function go(command: string, ...args: readonly string[]): Promise<string> {
      const all = [command, server.deployment.endpoints[0]!, ...args];
      const { code, stdout, stderr } = await runCommand(program, all);
      if (code !== 0) throw new Error(stderr);
      return stdout;
    }

    test("Go sees our instances, and we see Go's, with their weight and zone", async () => {
      const client = await clients.connect();
      const service = `${clients.namespace}catalog`; // As Go names it, who knows no namespaces.
      const instance = { addr: "ours:1", weight: 2, zone: "a", meta: { version: 1 } };
      await using _ours = await client.services.register("catalog", instance, { drain: 0 });
      await go("add", service, "theirs:1");
      expect(JSON.parse(await go("list", service))).toEqual({
        [`${service}/ours:1`]: {
          Addr: "ours:1",
          Metadata: {
            instance: expect.any(String),
            status: "up",
            weight: 2,
            zone: "a",
            meta: { version: 1 },
          },
        },
        [`${service}/theirs:1`]: {
          Addr: "theirs:1",
          Metadata: { weight: 3, zone: "b", by: "go" },
        },
      });
      await using catalog = await client.services.use("catalog");
      expect(catalog.endpoints).toMatchObject([
        { addr: "ours:1", weight: 2, zone: "a", meta: { version: 1 } },
        { addr: "theirs:1", weight: 3, zone: "b", meta: { weight: 3, zone: "b", by: "go" } },
      ]);
      expect(catalog.invalid.size).toBe(0);
    });
  },
  { sizes: [1], needs: [goWithEtcd] },
);
