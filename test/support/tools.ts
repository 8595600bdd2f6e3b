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

/** Whether it is there is asked when somebody wants to know, and once. */
function tool(name: string, path: string, isPresent: () => boolean): Tool {
  let present: boolean | undefined;
  return {
    name,
    path,
    get present() {
      present ??= isPresent();
      return present;
    },
  };
}

function answers(path: string, args: readonly string[]): boolean {
  return spawnSync(path, args, { stdio: "ignore", timeout: 20_000 }).status === 0;
}

const etcdPath = process.env.ETCD_BINARY ?? "etcd";
const etcdctlPath = process.env.ETCDCTL_BINARY ?? "etcdctl";
const conclavePath = fileURLToPath(new URL("../../packages/server/dist/cli.js", import.meta.url));

export const etcdServer = tool("etcd", etcdPath, () => answers(etcdPath, ["--version"]));

export const etcdctl = tool("etcdctl", etcdctlPath, () => answers(etcdctlPath, ["version"]));

export const openssl = tool("openssl", "openssl", () => answers("openssl", ["version"]));

/** The interpreter of the distribution, for which python3-etcd3 is packaged. */
export const pythonEtcd3 = tool("python3-etcd3", "/usr/bin/python3", () =>
  answers("/usr/bin/python3", ["-c", "import etcd3"]),
);

/** The built command line; `npm test` builds it before the tests run. */
export const conclaveServer = tool("conclave", conclavePath, () => existsSync(conclavePath));

const redisPath = process.env.REDIS_SERVER_BINARY ?? "redis-server";

export const redisServer = tool("redis-server", redisPath, () => answers(redisPath, ["--version"]));

export const h2load = tool("h2load", "h2load", () => answers("h2load", ["--version"]));

export const strace = tool("strace", "strace", () => answers("strace", ["-V"]));

const bunPath = process.env.BUN_BINARY ?? "bun";
const denoPath = process.env.DENO_BINARY ?? "deno";

export const bun = tool("bun", bunPath, () => answers(bunPath, ["--version"]));

export const deno = tool("deno", denoPath, () => answers(denoPath, ["--version"]));

const builtClientPath = fileURLToPath(new URL("../../packages/client/dist", import.meta.url));

/** The built SDK; `npm test` builds it before the tests run. */
export const builtClient = tool("the built SDK", builtClientPath, () =>
  existsSync(join(builtClientPath, "index.js")),
);

const builtTestingKitPath = fileURLToPath(new URL("../../packages/testing/dist", import.meta.url));

/** The built testing kit; `npm test` builds it before the tests run. */
export const builtTestingKit = tool("the built testing kit", builtTestingKitPath, () =>
  existsSync(join(builtTestingKitPath, "index.js")),
);
