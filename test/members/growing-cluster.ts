import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { dataPlace } from "../support/data-place.ts";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/free-ports.ts";
import { MemberProcess, type ServerKind } from "../support/member-process.ts";
import { runCommand } from "../support/run-command.ts";
import { etcdctl } from "../support/tools.ts";

/** A member that etcdctl lists. */
export interface ListedMember {
  /** 16 hexadecimal digits at most. */
  readonly id: string;
  readonly isStarted: boolean;
  readonly name: string;
  readonly peerUrl: string;
  readonly isLearner: boolean;
}

export interface EtcdctlAnswer {
  readonly code: number | null;
  readonly output: string;
}

/** Until a change is refused no more for the health of the cluster, which takes 5 s of connection. */
const HEALTHY_WITHIN_MS = 30_000;

/** Processes whose cluster is changed while they run, by etcdctl as it is packaged. */
export class GrowingCluster implements AsyncDisposable {
  readonly #directory: string;
  readonly #kind: ServerKind;
  readonly #members = new Map<string, MemberProcess>();
  #logTail = "";

  private constructor(directory: string, kind: ServerKind) {
    this.#directory = directory;
    this.#kind = kind;
  }

  /** Forms a cluster of members m1, m2, …, and waits until they are healthy. */
  static async formed(size: number, kind: ServerKind = "conclave"): Promise<GrowingCluster> {
    const cluster = new GrowingCluster(await mkdtemp(join(await dataPlace(), "members-")), kind);
    const ports = await freePorts(2 * size);
    const names = Array.from({ length: size }, (_, at) => `m${at + 1}`);
    const initialCluster = names
      .map((name, at) => `${name}=http://127.0.0.1:${ports[size + at]}`)
      .join(",");
    for (const [at, name] of names.entries()) {
      cluster.#make(name, ports[at] ?? 0, ports[size + at] ?? 0, initialCluster, "new").start();
    }
    await Promise.all([...cluster.#members.values()].map((member) => member.waitHealthy()));
    return cluster;
  }

  #make(
    name: string,
    clientPort: number,
    peerPort: number,
    initialCluster: string,
    initialClusterState: "new" | "existing",
  ): MemberProcess {
    const member = new MemberProcess({
      kind: this.#kind,
      name,
      dataDir: this.#directory,
      logFile: join(this.#directory, `${name}.log`),
      clientPort,
      peerPort,
      initialCluster,
      initialClusterState,
      flags: [],
    });
    this.#members.set(name, member);
    return member;
  }

  member(name: string): MemberProcess {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  dataDirectoryOf(name: string): string {
    return join(this.#directory, name);
  }

  get running(): readonly MemberProcess[] {
    return [...this.#members.values()].filter((member) => member.running);
  }

  /** Runs etcdctl once, against one member. */
  async etcdctl(by: string, ...args: readonly string[]): Promise<EtcdctlAnswer> {
    const { endpoint } = this.member(by);
    const all = ["--endpoints", endpoint, "--command-timeout=20s", ...args];
    const env = Object.entries(process.env).filter(([name]) => !name.startsWith("ETCD"));
    const { code, stdout, stderr } = await runCommand(etcdctl.path, all, {
      env: { ...Object.fromEntries(env), ETCDCTL_API: "3" },
    });
    return { code, output: `${stdout}${stderr}` };
  }

  /** @throws Error unless it succeeds at last: the cluster may have to be healthy for a while first */
  async succeed(by: string, ...args: readonly string[]): Promise<string> {
    return eventually(
      async () => {
        const { code, output } = await this.etcdctl(by, ...args);
        if (code !== 0) throw new Error(`etcdctl ${args.join(" ")} by ${by}: ${output}`);
        return output;
      },
      HEALTHY_WITHIN_MS,
      500,
    );
  }

  async members(by: string): Promise<ListedMember[]> {
    const output = await this.succeed(by, "member", "list");
    return output
      .trim()
      .split("\n")
      .map((line) => {
        const [id = "", status, name = "", peerUrl = "", , isLearner] = line.split(", ");
        const isStarted = status === "started";
        return { id, isStarted, name, peerUrl, isLearner: isLearner === "true" };
      });
  }

  async idOf(name: string, by: string): Promise<string> {
    const { peerPort } = this.member(name).settings;
    const found = (await this.members(by)).find(({ peerUrl }) => peerUrl.endsWith(`:${peerPort}`));
    if (found === undefined) throw new Error(`${by} knows no member ${name}`);
    return found.id;
  }

  /** `member add`, then a start as etcdctl says: with its environment as flags. Not waited for. */
  async add(name: string, by: string, ...flags: readonly string[]): Promise<MemberProcess> {
    const [clientPort = 0, peerPort = 0] = await freePorts(2);
    const url = `http://127.0.0.1:${peerPort}`;
    const output = await this.succeed(by, "member", "add", name, `--peer-urls=${url}`, ...flags);
    const initialCluster = /ETCD_INITIAL_CLUSTER="([^"]+)"/.exec(output)?.[1];
    if (initialCluster === undefined) throw new Error(`no cluster to join in ${output}`);
    return this.#make(name, clientPort, peerPort, initialCluster, "existing");
  }

  /** Adds a member and waits until it serves. */
  async grow(name: string, by: string): Promise<MemberProcess> {
    const member = await this.add(name, by);
    member.start();
    await member.waitHealthy();
    return member;
  }

  async put(key: string, value: string, by: string): Promise<void> {
    await this.succeed(by, "put", key, value);
  }

  /** A linearizable read by one member. */
  async get(key: string, by: string): Promise<string> {
    return (await this.succeed(by, "get", key, "--print-value-only")).trim();
  }

  /** Name of the member that leads, as one member sees it. */
  async leader(by: string): Promise<string> {
    return eventually(async () => {
      const status = await this.succeed(by, "endpoint", "status", "-w", "fields");
      const leader = /"Leader" : (\d+)/.exec(status)?.[1];
      const id = BigInt(leader ?? 0).toString(16);
      const found = (await this.members(by)).find((member) => member.id === id);
      if (found === undefined) throw new Error(`${by} knows no leader: ${status}`);
      return found.name;
    });
  }

  logTail(): string {
    return this.#logTail || [...this.#members.values()].map((one) => one.logTail(25)).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#members.values()].map((member) => member.kill()));
    this.#logTail = this.logTail();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
