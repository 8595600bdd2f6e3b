import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Tool } from "./tools.ts";

/** Where Debian's golang-*-dev packages put their sources. */
const GOPATH = "/usr/share/gocode";
const cache = fileURLToPath(new URL("../.cache/", import.meta.url));

const version = spawnSync("go", ["version"], { encoding: "utf8" }).stdout ?? "";
const hasSources = existsSync(`${GOPATH}/src/go.etcd.io/etcd/clientv3`);

export const goWithEtcd: Tool = {
  name: hasSources ? "golang-go" : "golang-go and golang-etcd-server-dev",
  path: "go",
  present: version !== "" && hasSources,
};

/**
 * Builds the Go program of a folder of test/, unless the same sources were built by the same compiler before.
 * @returns the program's path
 * @throws Error with what the compiler says
 */
export function buildGoProgram(folder: string, name: string): string {
  const sources = fileURLToPath(new URL(`../${folder}/`, import.meta.url));
  const hash = createHash("sha256").update(version);
  for (const file of readdirSync(sources)) hash.update(readFileSync(join(sources, file)));
  const program = join(cache, `${name}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const building = `${program}.${process.pid}`;
  const { status, stderr } = spawnSync("go", ["build", "-o", building, "."], {
    cwd: sources,
    env: { ...process.env, GO111MODULE: "off", GOPATH, GOFLAGS: "" },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`go build: ${stderr}`);
  renameSync(building, program); // whole, or not there: another run may look at this moment
  return program;
}
