import { fileURLToPath } from "node:url";
import { closeOnSignals } from "@conclave/client/shutdown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { RunningCommand } from "../support/run-command.ts";
import { sourceProgram } from "../support/source-program.ts";
import { clientsOf } from "./client-support.ts";

let program: Awaited<ReturnType<typeof sourceProgram>>;
beforeAll(async () => {
  program = await sourceProgram(fileURLToPath(new URL("shutdown-program.ts", import.meta.url)));
});
afterAll(() => program[Symbol.asyncDispose]());

describeEachServer(
  "SDK shutdown",
  (server) => {
    const clients = clientsOf(server);

    /** Starts a holder whose session lasts 30 s, and tells it to end. Returns what it printed, and how it ended. */
    async function endHolder(endsAfterMs: number, grace: string) {
      const [endpoint = ""] = server.deployment.endpoints;
      const args = [program.file, endpoint, clients.namespace, `${endsAfterMs}`, grace];
      await using holder = new RunningCommand(process.execPath, args);
      await holder.waitForOutput(/held/);
      holder.kill("SIGTERM");
      const { stdout, stderr, signal } = await holder.result();
      expect(stderr).toBe("");
      return { lines: stdout.trim().split("\n"), signal };
    }

    // Failure mode 20.
    test("a holder that is told to end gets the time to be tidy, takes nothing new, and leaves the lock free", async () => {
      const { lines, signal } = await endHolder(200, "5s");
      expect(lines).toEqual(["held", "told: CLOSED", "nothing new: CLOSED", "tidy", "done"]);
      expect(signal).toBe("SIGTERM");
      const next = await clients.connect();
      await using lock = await next.locks.try("job");
      expect(lock).not.toBeNull();
      expect((await next.kv.get("state"))?.text).toBe("tidy");
    });

    test("a holder that does not end within the grace loses the lock, which is free at once", async () => {
      const { lines, signal } = await endHolder(10_000, "300ms");
      expect(lines.slice(0, 3)).toEqual(["held", "told: CLOSED", "nothing new: CLOSED"]);
      expect(lines).not.toContain("tidy");
      expect(signal).toBe("SIGTERM");
      const next = await clients.connect();
      await using lock = await next.locks.try("job");
      expect(lock).not.toBeNull();
    });

    test("while a client closes with a grace, what waits is refused and what is held still writes", async () => {
      const [a, b] = [await clients.connect(), await clients.connect()];
      const theirs = await b.locks.acquire("theirs");
      const waiting = expect(a.locks.acquire("theirs")).rejects.toMatchObject({ code: "CLOSED" });
      const campaigning = expect(
        a.election("theirs").campaign({ session: "own" }),
      ).rejects.toMatchObject({ code: "CLOSED" });
      const ours = await a.locks.acquire("ours");
      const closing = a.close({ grace: "10s" });
      expect(ours.signal.reason).toMatchObject({ code: "CLOSED" });
      await Promise.all([waiting, campaigning]);
      ours.assert();
      await ours.kv.put("state", "tidy");
      expect(await ours.release()).toBe("released");
      await closing;
      await theirs.release();
      expect(await b.kv.count("theirs/")).toBe(0);
    });

    test("a watch over signals that was disposed of listens no more, and its clients stay open", async () => {
      const client = await clients.connect();
      const before = process.listenerCount("SIGUSR2");
      const shutdown = closeOnSignals(client, { signals: ["SIGUSR2"] });
      expect(process.listenerCount("SIGUSR2")).toBe(before + 1);
      shutdown[Symbol.dispose]();
      expect(process.listenerCount("SIGUSR2")).toBe(before);
      await client.kv.put("a", "1");
    });

    test("where somebody else listens for the signal, the process is theirs to end", async () => {
      const client = await clients.connect();
      const lock = await client.locks.acquire("job");
      const heard = new Promise((resolve) => process.once("SIGUSR2", resolve));
      process.on("SIGUSR2", () => {}); // stays, as a service's own handler would
      const shutdown = closeOnSignals([client], { signals: ["SIGUSR2"], grace: 0 });
      process.kill(process.pid, "SIGUSR2");
      await Promise.all([heard, shutdown.closed]);
      expect(shutdown.signal.aborted).toBe(true);
      expect(lock.signal.reason).toMatchObject({ reason: "shutdown" });
      process.removeAllListeners("SIGUSR2");
    });
  },
  { sizes: [1] },
);
