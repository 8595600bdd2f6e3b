import { spawn } from "node:child_process";
import { symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nextBelow, seededPrng, systemClock } from "@conclave/base";
import { build } from "vite";
import { expect, test } from "vitest";
import { openStorage } from "./recovery.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const IDENTITY = {
  clusterId: 0xc1n,
  memberId: 0xa1n,
  name: "one",
  members: [{ id: 0xa1n, name: "one", peerUrls: ["http://127.0.0.1:2380"] }],
};

/** Bundles the writer into one file that plain Node runs. */
async function bundleWriter(directory: string): Promise<string> {
  await symlink(join(HERE, "../../node_modules"), join(directory, "node_modules"));
  await build({
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["conclave-source", "import", "module", "node", "default"] },
    ssr: {
      noExternal: [/^@conclave\//],
      external: ["level"],
      resolve: { conditions: ["conclave-source", "import", "module", "node", "default"] },
    },
    build: {
      ssr: join(HERE, "testing/storage-writer.ts"),
      outDir: directory,
      emptyOutDir: false,
      target: "node20",
      rollupOptions: { output: { format: "es", entryFileNames: "writer.mjs" } },
    },
  });
  return join(directory, "writer.mjs");
}

/** Runs the writer and kills it. @returns the last index it said was durable. */
function runAndKill(program: string, directory: string, afterMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, directory], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), afterMs));
    child.stdout.on("data", (chunk) => {
      printed += chunk;
    });
    child.on("close", (_, signal) => {
      if (signal !== "SIGKILL") reject(new Error(`the writer ended by itself: ${errors}`));
      else resolve(Number(printed.trimEnd().split("\n").at(-1)));
    });
  });
}

test("after kill -9, again and again, every acknowledged entry is there and the state is as of one index (F1)", async () => {
  const base = await temporaryDirectory();
  const program = await bundleWriter(base);
  const directory = join(base, "data");
  const prng = seededPrng(9);
  let acknowledged = 0;
  for (let round = 0; round < 5; round += 1) {
    const last = await runAndKill(program, directory, 50 + nextBelow(prng, 250));
    expect(last).toBeGreaterThan(acknowledged);
    acknowledged = last;
    const storage = await openStorage(directory, {
      identity: IDENTITY,
      clock: systemClock(),
      onFatal: (error) => {
        throw error;
      },
      segmentBytes: 64 * 1024,
    });
    const { recovered, store } = storage;
    const lastIndex = recovered.entries.at(-1)?.index ?? recovered.floor?.index ?? 0;
    expect(lastIndex).toBeGreaterThanOrEqual(acknowledged);
    expect(recovered.appliedIndex).toBeLessThanOrEqual(lastIndex);
    const { appliedIndex } = recovered;
    if (appliedIndex > 0) {
      expect(Buffer.from(store.get("last") ?? "").toString()).toBe(`${appliedIndex}`);
    }
    for (let index = 1; index <= lastIndex; index += 1) {
      expect(store.get(`entry ${index}`) !== undefined).toBe(index <= appliedIndex);
    }
    await storage.close();
  }
}, 60_000);
