import { beforeAll, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { buildGoProgram, goWithEtcd } from "../support/go-program.ts";
import { runCommand } from "../support/run-command.ts";

// Each opens a stream, and resets it when it was answered: who takes that for an attack cuts the client's watches off, too.
describeEachServer(
  "single renewals of a lease by etcd's Go client",
  (server) => {
    let program = "";
    beforeAll(() => {
      program = buildGoProgram("interop/go-renewals", "go-renewals");
    }, 240_000);

    test("come as quick as they can on one connection, which stays", async () => {
      const endpoint = server.deployment.endpoints[0]!;
      const { code, stdout, stderr } = await runCommand(program, [endpoint, "1000"]);
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(stdout.trim()).toBe("1");
    }, 60_000);
  },
  { sizes: [1], needs: [goWithEtcd] },
);
