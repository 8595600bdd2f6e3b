// Unary echo of a 256-byte put over our own transport, driven by h2load (Debian: nghttp2-client).
//   node test/bench/rpc-echo/bench.mjs [--rounds 3] [--seconds 3] [--profile]
// Prints requests per second and the CPU that the server spent on each. --profile writes a .cpuprofile beside it.

import { execFile, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../..");
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    profile: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const LOADS = [
  { connections: 16, streams: 16 },
  { connections: 1, streams: 256 },
  { connections: 100, streams: 10 },
];

/** esbuild comes with tsup; the project does not depend on it directly. */
async function bundle(outfile) {
  const fromTsup = createRequire(createRequire(join(root, "package.json")).resolve("tsup"));
  const esbuild = fromTsup("esbuild");
  await esbuild.build({
    entryPoints: [join(here, "server.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["conclave-source"],
    alias: {
      "@conclave/rpc": join(root, "packages/rpc/src/index.ts"),
      "@conclave/base": join(root, "packages/base/src/index.ts"),
    },
  });
}

/** A PutRequest of a 16-byte key and a 256-byte value, behind its gRPC prefix. */
function body() {
  const key = Buffer.alloc(16, "k");
  const value = Buffer.alloc(256, "v");
  const message = Buffer.concat([
    Buffer.from([0x0a, key.length]),
    key,
    Buffer.from([0x12, 0x80, 0x02]),
    value,
  ]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function once(child) {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the server exited with ${code}`)));
  });
}

async function h2load(port, bodyFile, { connections, streams }, duration) {
  const { stdout } = await promisify(execFile)("h2load", [
    ...["-D", String(duration), "--warm-up-time", "0", "-c", String(connections)],
    ...["-m", String(streams), "-d", bodyFile],
    ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
    `http://127.0.0.1:${port}/bench.Echo/Echo`,
  ]);
  const rate = Number(/finished in [^,]+, ([\d.]+) req\/s/.exec(stdout)?.[1]);
  const failed = /(\d+) failed, (\d+) errored/.exec(stdout);
  const trouble = Number(failed?.[1]) + Number(failed?.[2]);
  if (trouble !== 0) throw new Error(`h2load reports trouble:\n${stdout}`);
  return rate;
}

const directory = mkdtempSync(join(tmpdir(), "conclave-bench-"));
try {
  const bundled = join(directory, "server.mjs");
  const bodyFile = join(directory, "body");
  await bundle(bundled);
  writeFileSync(bodyFile, body());
  const execArgv = values.profile ? ["--cpu-prof", `--cpu-prof-dir=${process.cwd()}`] : [];
  const child = fork(bundled, { execArgv });
  const { port } = await once(child);
  await h2load(port, bodyFile, LOADS[0], 1);
  for (let round = 0; round < rounds; round += 1) {
    for (const load of LOADS) {
      child.send("start");
      const rate = await h2load(port, bodyFile, load, seconds);
      child.send("stop");
      const { calls, cpuMicros, rssMiB } = await once(child);
      console.log(
        `${load.connections} connections x ${load.streams} streams: ` +
          `${Math.round(rate)} req/s, ${(cpuMicros / calls).toFixed(2)} us CPU each, ` +
          `RSS ${rssMiB.toFixed(0)} MiB`,
      );
    }
  }
  child.removeAllListeners("exit");
  child.send("exit");
  await new Promise((resolve) => child.once("exit", resolve));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
