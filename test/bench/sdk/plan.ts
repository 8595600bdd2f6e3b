import { spawnSync } from "node:child_process";
import manifest from "../../package.json" with { type: "json" };
import { conclaveServer, etcdServer, redisServer } from "../../support/tools.ts";
import type { Plan } from "./row.ts";
import { election } from "./rows/election.ts";
import { get } from "./rows/get.ts";
import { lockAlone } from "./rows/lock-alone.ts";
import { lockContended } from "./rows/lock-contended.ts";
import { put } from "./rows/put.ts";
import { txn } from "./rows/txn.ts";
import { watch } from "./rows/watch.ts";
import { member, redis } from "./servers.ts";

export const plan: Plan = {
  title: "The SDK beside npm etcd3 and redlock",
  notes: [
    [
      "One client process with one connection, one member. Conclave and etcd sync every write to the disk before they answer; Redis",
      "does so with `appendfsync always`, while with `everysec` a crash loses up to a second. CPU is that of all threads of the process,",
      "for each operation.",
    ].join("\n"),
    [
      "A lock of npm etcd3 is a key with a lease of its own and no queue: whoever finds it taken asks again, here every 10 ms. redlock",
      "asks again every 10 ms, too (5 ms of jitter); its default is 200 ms. Neither is fair, and neither has a fence.",
    ].join("\n"),
  ],
  rows: [put, get, txn, lockAlone, lockContended, election, watch],
  contestants: [
    { title: "our SDK on Conclave", library: "conclave", server: "conclave" },
    { title: "our SDK on etcd", library: "conclave", server: "etcd" },
    { title: "npm etcd3 on Conclave", library: "etcd3", server: "conclave" },
    { title: "npm etcd3 on etcd", library: "etcd3", server: "etcd" },
    { title: "redlock on Redis, everysec", library: "redlock", server: "redis everysec" },
    { title: "redlock on Redis, always", library: "redlock", server: "redis always" },
  ],
  servers: {
    conclave: member("conclave", conclaveServer),
    etcd: member("etcd", etcdServer),
    "redis everysec": redis("everysec"),
    "redis always": redis("always"),
  },
  versions: () => ({
    Node: process.versions.node,
    etcd: said(etcdServer.path, /etcd Version: (\S+)/),
    "npm etcd3": manifest.dependencies.etcd3,
    Redis: said(redisServer.path, /v=(\S+)/),
    redlock: manifest.dependencies.redlock,
  }),
};

function said(program: string, version: RegExp): string {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return version.exec(stdout ?? "")?.[1] ?? "(not installed)";
}
