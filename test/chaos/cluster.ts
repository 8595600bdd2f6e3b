import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
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
/** Nothing has failed yet, but other runs may begin at the same moment. Milliseconds. */
const START_TIMEOUT_MS = 60_000;

export interface ClusterOptions {
  /** The built command line. */
  readonly server: string;
  /** For data, logs and what else the run leaves. */
  readonly directory: string;
  readonly size: number;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly snapshotCount: number;
  /** Changes of the membership wait until the members have been connected for a while. */
  readonly isStrict?: boolean;
  /** There is a place where no member is at first, for one that comes later. */
  readonly hasSpare?: boolean;
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

/** Members as processes, each in a place of its own on a network that can fail. A member has the name of its place. */
export class ChaosCluster implements AsyncDisposable {
  readonly options: ClusterOptions;
  readonly network: Namespaces;
  readonly #members: ChaosMember[];
  readonly #retired = new Map<string, ChaosMember>();
  #spare: string | null;

  private constructor(options: ClusterOptions, network: Namespaces) {
    this.options = options;
    this.network = network;
    const names = placesOf({ size: options.size });
    const initialCluster = names.map((name) => `${name}=${this.peerUrlOf(name)}`).join(",");
    this.#members = names.map((name) => this.#makeMember(name, initialCluster, "new"));
    this.#spare = placesOf(options).find((place) => !names.includes(place)) ?? null;
  }

  /** Those that belong to the cluster now. */
  get members(): readonly ChaosMember[] {
    return this.#members;
  }

  /** Those that were removed while they ran, and are to end by themselves. */
  get retired(): readonly ChaosMember[] {
    return [...this.#retired.values()];
  }

  /** Starts every member, and waits until all of them are healthy. */
  static async start(options: ClusterOptions): Promise<ChaosCluster> {
    mkdirSync(options.directory, { recursive: true });
    const cluster = new ChaosCluster(options, await Namespaces.create(placesOf(options)));
    for (const { process } of cluster.members) process.start();
    await cluster.healthy(START_TIMEOUT_MS);
    return cluster;
  }

  #makeMember(
    name: string,
    initialCluster: string,
    initialClusterState: "new" | "existing",
  ): ChaosMember {
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
      initialClusterState,
      host: this.network.hostOf(name),
      command: [...this.network.commandAt(name), process.execPath, server, "serve"],
      env: clock?.env ?? {},
      flags: [
        ["--heartbeat-interval", `${this.options.heartbeatIntervalMs}`],
        ["--election-timeout", `${this.options.electionTimeoutMs}`],
        ["--snapshot-count", `${this.options.snapshotCount}`],
        [`--strict-reconfig-check=${this.options.isStrict ?? true}`],
      ].flat(),
    });
    return new ChaosMember(process_, clock);
  }

  /** Of all places, those too where no member is now. */
  get endpoints(): readonly string[] {
    return placesOf(this.options).map((place) => `${this.network.hostOf(place)}:${CLIENT_PORT}`);
  }

  peerUrlOf(place: string): string {
    return `http://${this.network.hostOf(place)}:${PEER_PORT}`;
  }

  placeOf(peerUrl: string): string {
    const place = placesOf(this.options).find((each) => this.peerUrlOf(each) === peerUrl);
    if (place === undefined) throw new Error(`nobody has ever been at ${peerUrl}`);
    return place;
  }

  /** The place where no member is, until {@link leaveSpare}; null if somebody has it: members are replaced one at a time. */
  takeSpare(): string | null {
    const spare = this.#spare;
    this.#spare = null;
    return spare;
  }

  leaveSpare(place: string): void {
    this.#spare = place;
  }

  /** The power cord, and a new disk. */
  async loseDirectory({ name, process }: ChaosMember): Promise<void> {
    await process.kill();
    await rm(join(this.options.directory, name), { recursive: true, force: true });
  }

  /** Nothing is left of who was there before. */
  async clear(place: string): Promise<void> {
    const before = this.#retired.get(place);
    if (before === undefined) return;
    const code = before.process.running ? 0 : await before.process.ended();
    if (code !== 0) throw new Error(`${place} was removed and ended with ${code}`);
    await this.loseDirectory(before);
    this.#retired.delete(place);
  }

  /** It is removed while it runs: it is to end by itself, and its directory stays until {@link clear}. */
  retire(member: ChaosMember): void {
    this.#retired.set(member.name, member);
  }

  /** Another member is in `place` now, with an empty directory, and the old one in the list no more. Not started. */
  succeed(old: ChaosMember, place: string, initialCluster: string): ChaosMember {
    old.channel.close();
    const newcomer = this.#makeMember(place, initialCluster, "existing");
    this.#members[this.#members.indexOf(old)] = newcomer;
    return newcomer;
  }

  /** Everything runs and everything can be reached, once it has healed. */
  async healthy(timeoutMs?: number): Promise<void> {
    await Promise.all(this.members.map(({ process }) => process.waitHealthy(timeoutMs)));
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
    await Promise.all([...this.members, ...this.retired].map(({ process }) => process.kill()));
  }
}

function placesOf({ size, hasSpare = false }: Pick<ClusterOptions, "size" | "hasSpare">): string[] {
  return Array.from({ length: hasSpare ? size + 1 : size }, (_, at) => `m${at + 1}`);
}
