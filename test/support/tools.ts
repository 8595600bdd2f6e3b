import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Programs that the suites drive but the repository does not hold; a missing one skips by name. */
export interface Tool {
  readonly name: string;
  readonly path: string;
  readonly present: boolean;
}

function answers(path: string, args: readonly string[]): boolean {
  return spawnSync(path, args, { stdio: "ignore", timeout: 20_000 }).status === 0;
}

const etcdPath = process.env.ETCD_BINARY ?? "etcd";
const etcdctlPath = process.env.ETCDCTL_BINARY ?? "etcdctl";
const conclavePath = fileURLToPath(new URL("../../packages/server/dist/cli.js", import.meta.url));

export const etcdServer: Tool = {
  name: "etcd",
  path: etcdPath,
  present: answers(etcdPath, ["--version"]),
};

export const etcdctl: Tool = {
  name: "etcdctl",
  path: etcdctlPath,
  present: answers(etcdctlPath, ["version"]),
};

export const openssl: Tool = {
  name: "openssl",
  path: "openssl",
  present: answers("openssl", ["version"]),
};

/** The interpreter of the distribution, for which python3-etcd3 is packaged. */
export const pythonEtcd3: Tool = {
  name: "python3-etcd3",
  path: "/usr/bin/python3",
  present: answers("/usr/bin/python3", ["-c", "import etcd3"]),
};

/** The built command line; `npm test` builds it before the tests run. */
export const conclaveServer: Tool = {
  name: "conclave",
  path: conclavePath,
  present: existsSync(conclavePath),
};

const redisPath = process.env.REDIS_SERVER_BINARY ?? "redis-server";

export const redisServer: Tool = {
  name: "redis-server",
  path: redisPath,
  present: answers(redisPath, ["--version"]),
};

const bunPath = process.env.BUN_BINARY ?? "bun";
const denoPath = process.env.DENO_BINARY ?? "deno";

export const bun: Tool = {
  name: "bun",
  path: bunPath,
  present: answers(bunPath, ["--version"]),
};

export const deno: Tool = {
  name: "deno",
  path: denoPath,
  present: answers(denoPath, ["--version"]),
};

const builtClientPath = fileURLToPath(new URL("../../packages/client/dist", import.meta.url));

/** The built SDK; `npm test` builds it before the tests run. */
export const builtClient: Tool = {
  name: "the built SDK",
  path: builtClientPath,
  present: existsSync(join(builtClientPath, "index.js")),
};

const builtTestingKitPath = fileURLToPath(new URL("../../packages/testing/dist", import.meta.url));

/** The built testing kit; `npm test` builds it before the tests run. */
export const builtTestingKit: Tool = {
  name: "the built testing kit",
  path: builtTestingKitPath,
  present: existsSync(join(builtTestingKitPath, "index.js")),
};
