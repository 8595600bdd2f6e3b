import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Channel } from "@conclave/rpc";
import { Maintenance, type StatusResponse } from "@conclave/wire";
import { eventually } from "../support/eventually.ts";
import { MemberProcess } from "../support/member-process.ts";
import { callUnary } from "./call-unary.ts";
import { ClockShift, findFaketime } from "./clock-shift.ts";
import { Namespaces } from "./network/namespaces.ts";

const CLIENT_PORT = 2379;
const PEER_PORT = 2380;
const STATUS_TIMEOUT_MS = 500;

export interface ClusterOptions {
  /** The built command line. */
  readonly server: string;
  /** For data, logs and what else the run leaves. */
  readonly directory: string;
  readonly size: number;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly snapshotCount: number;
  /** Members have wall clocks that can be set; null says that libfaketime is not installed. */
  readonly hasClocks: boolean;
}

/** A member, and what may be done to it. */
export class ChaosMember {
  readonly process: MemberProcess;
  readonly clock: ClockShift | null;
  /** For questions to this very member. */
  readonly channel: Channel;
  isStopped = false;

  constructor(process: MemberProcess, clock: ClockShift | null) {
    this.process = process;
    this.clock = clock;
    this.channel = new Channel({
      endpoints: [process.endpoint],
      connectTimeoutMs: 500,
      backoff: { initialMs: 50, maxMs: 300 },
    });
  }

  get name(): string {
    return this.process.name;
  }

  /** SIGSTOP: it runs nothing until {@link goOn}. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.process.signal("SIGSTOP");
  }

  async goOn(): Promise<void> {
    this.isStopped = false;
    await this.process.signal("SIGCONT");
  }

  /** What it says of itself. @throws Error without an answer in time */
  async status(): Promise<StatusResponse> {
    const { response, status } = await callUnary(
      this.channel,
      Maintenance.Status,
      {},
      STATUS_TIMEOUT_MS,
    );
    if (response === null) throw new Error(`${this.name}: ${status.message}`);
    return response;
  }
}

/** Members as processes, each in a place of its own on a network that can fail. */
export class ChaosCluster implements AsyncDisposable {
  readonly options: ClusterOptions;
  readonly network: Namespaces;
  readonly members: readonly ChaosMember[];

  private constructor(options: ClusterOptions, network: Namespaces) {
    this.options = options;
    this.network = network;
    const names = namesOf(options.size);
    const initialCluster = names
      .map((name) => `${name}=http://${network.hostOf(name)}:${PEER_PORT}`)
      .join(",");
    this.members = names.map((name) => this.#makeMember(name, initialCluster));
  }

  /** Starts every member, and waits until all of them are healthy. */
  static async start(options: ClusterOptions): Promise<ChaosCluster> {
    mkdirSync(options.directory, { recursive: true });
    const cluster = new ChaosCluster(options, await Namespaces.create(namesOf(options.size)));
    for (const { process } of cluster.members) process.start();
    await cluster.healthy();
    return cluster;
  }

  #makeMember(name: string, initialCluster: string): ChaosMember {
    const { server, directory, hasClocks } = this.options;
    const preload = hasClocks ? findFaketime() : null;
    const clock =
      preload === null ? null : new ClockShift(preload, join(directory, `${name}.time`));
    const process_ = new MemberProcess({
      kind: "conclave",
      name,
      dataDir: directory,
      logFile: join(directory, `${name}.log`),
      clientPort: CLIENT_PORT,
      peerPort: PEER_PORT,
      initialCluster,
      host: this.network.hostOf(name),
      command: [...this.network.commandAt(name), process.execPath, server, "serve"],
      env: clock?.env ?? {},
      flags: [
        ["--heartbeat-interval", `${this.options.heartbeatIntervalMs}`],
        ["--election-timeout", `${this.options.electionTimeoutMs}`],
        ["--snapshot-count", `${this.options.snapshotCount}`],
      ].flat(),
    });
    return new ChaosMember(process_, clock);
  }

  get endpoints(): readonly string[] {
    return this.members.map(({ process }) => process.endpoint);
  }

  /** Everything runs and everything can be reached, once it has healed. */
  async healthy(): Promise<void> {
    await Promise.all(this.members.map(({ process }) => process.waitHealthy()));
  }

  /** The member that leads, by its own account and in the highest term. @throws Error while there is none */
  async leader(): Promise<ChaosMember> {
    const views = await Promise.all(
      this.members.map(async (member) => ({
        member,
        status: await member.status().catch(() => null),
      })),
    );
    const leading = views
      .filter(({ status }) => status !== null && status.leader === status.header?.memberId)
      .sort((a, b) => (b.status?.raftTerm ?? 0) - (a.status?.raftTerm ?? 0));
    const [first] = leading;
    if (first === undefined) throw new Error("no member says that it leads");
    return first.member;
  }

  /** {@link leader} once there is one. */
  awaitLeader(): Promise<ChaosMember> {
    return eventually(() => this.leader(), 20_000, 20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { channel } of this.members) channel.close();
    await Promise.all(this.members.map(({ process }) => process.kill()));
  }
}

function namesOf(size: number): string[] {
  return Array.from({ length: size }, (_, at) => `m${at + 1}`);
}
