import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { dataPlace } from "../support/data-place.ts";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/free-ports.ts";
import { MemberProcess } from "../support/member-process.ts";
import { RawClient } from "../support/raw-client.ts";

export interface DiskClusterOptions {
  readonly size: 1 | 3;
  /** Variables for the environment of a member. */
  readonly env?: (directory: string, name: string) => Readonly<Record<string, string>>;
  /** Where a member has its data. Default: a directory of the cluster's. */
  readonly dataDir?: (name: string) => string | undefined;
}

/** Members as processes on disks that a test spoils. */
export class DiskCluster implements AsyncDisposable {
  readonly members: readonly MemberProcess[];
  readonly directory: string;
  readonly #clients = new Map<string, RawClient>();

  private constructor(members: readonly MemberProcess[], directory: string) {
    this.members = members;
    this.directory = directory;
  }

  static async start(options: DiskClusterOptions): Promise<DiskCluster> {
    const cluster = await DiskCluster.create(options);
    for (const member of cluster.members) member.start();
    await Promise.all(cluster.members.map((member) => member.waitHealthy(60_000)));
    return cluster;
  }

  /** None of its members is started. */
  static async create(options: DiskClusterOptions): Promise<DiskCluster> {
    const directory = await mkdtemp(join(await dataPlace(), "disks-"));
    const ports = await freePorts(2 * options.size);
    const names = Array.from({ length: options.size }, (_, at) => `m${at + 1}`);
    const peerPortOf = (at: number): number => ports[options.size + at] ?? 0;
    const initialCluster = names
      .map((name, at) => `${name}=http://127.0.0.1:${peerPortOf(at)}`)
      .join(",");
    const members = names.map(
      (name, at) =>
        new MemberProcess({
          kind: "conclave",
          name,
          dataDir: options.dataDir?.(name) ?? directory,
          logFile: join(directory, `${name}.log`),
          clientPort: ports[at] ?? 0,
          peerPort: peerPortOf(at),
          initialCluster,
          flags: [],
          env: options.env?.(directory, name) ?? {},
        }),
    );
    return new DiskCluster(members, directory);
  }

  member(name: string): MemberProcess {
    const found = this.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  client(member: MemberProcess): RawClient {
    const known = this.#clients.get(member.name);
    if (known !== undefined) return known;
    const client = new RawClient(member.endpoint);
    this.#clients.set(member.name, client);
    return client;
  }

  /** Who leads, as one of `asked` knows it. */
  leader(asked: readonly MemberProcess[] = this.members): Promise<MemberProcess> {
    return eventually(async () => {
      for (const member of asked) {
        const status = await this.client(member).call("Maintenance.Status", {});
        if (status.header.member_id === status.leader) return member;
      }
      throw new Error("nobody leads");
    }, 30_000);
  }

  log(member: MemberProcess): Promise<string> {
    return readFile(member.settings.logFile, "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients.values()) client[Symbol.dispose]();
    await Promise.all(this.members.map((member) => member.kill()));
    await rm(this.directory, { recursive: true, force: true });
  }
}
