import { assert, type Prng, seededPrng, VirtualClock } from "@conclave/base";
import type { MemberId } from "@conclave/raft";
import { Channel, clockTurn, createRpcServer, type RpcServer } from "@conclave/rpc";
import {
  type Logger,
  MemberNode,
  registerServices,
  resolveServerConfig,
  type ServerConfig,
  silentLogger,
} from "@conclave/server/simulation";
import { IncarnationClock, microtasksDone } from "./clock.ts";
import { type DiskSpeed, MemberDisk } from "./disk.ts";
import { Network, type NetworkSpeed } from "./network.ts";
import { Trace } from "./trace.ts";

export interface ClusterOptions {
  readonly seed: number;
  /** Members. 1 to 5. */
  readonly size: number;
  readonly disk: DiskSpeed;
  readonly network: NetworkSpeed;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly preVote: boolean;
  /** Applied entries between two cuts of the log, and how many stay in memory behind the cut. Counts. */
  readonly snapshotCount: number;
  readonly keptEntriesMax: number;
  /** Last lines of the trace to keep. Default 400. */
  readonly traceLinesMax?: number;
  /** Waits until all that an event led to is done. Default: {@link microtasksDone}. */
  readonly settle?: () => Promise<void>;
  /** Told of a member that came up, before it takes part. */
  readonly onBooted?: (member: SimulatedMember, node: MemberNode) => void;
}

/** Events at one moment beyond which the members are said to spin. Count. */
const INSTANT_EVENTS_MAX = 20_000;

/** What looks at the cluster after every event. Throws if it sees what must not be. */
export interface Observer {
  onEvent(cluster: Cluster): void;
}

/** A cluster of whole members in one thread: one clock, one source of randomness, one event at a time. */
export class Cluster {
  readonly clock = new VirtualClock();
  readonly trace: Trace;
  readonly network: Network;
  readonly members: readonly SimulatedMember[];
  readonly options: ClusterOptions;
  /** Changes when the cluster is replaced by another one. */
  clusterId = 0xc1n;
  /** States replaced by a received snapshot, as the members log it. Count. */
  snapshotsInstalled = 0;
  /** The first thing that went wrong outside of an event: in a promise, or reported as fatal by a member. */
  #failure: unknown = null;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.trace = new Trace(options.traceLinesMax ?? 400);
    const prng = seededPrng(options.seed);
    this.network = new Network({
      clock: this.clock,
      prng: forkPrng(prng),
      speed: options.network,
      onDelivery: (from, to, bytes) => {
        this.trace.addQuietly(this.clock.nowMs(), from.charCodeAt(1), to.charCodeAt(1), bytes);
      },
    });
    const ids = Array.from({ length: options.size }, (_, at) => BigInt(at + 1));
    this.members = ids.map((id) => new SimulatedMember(this, id, ids, forkPrng(prng)));
  }

  /** Members whose process runs and has read its disk. */
  get running(): readonly SimulatedMember[] {
    return this.members.filter(({ node }) => node !== null);
  }

  note(text: string): void {
    this.trace.add(this.clock.nowMs(), text);
  }

  fail(error: unknown): void {
    this.#failure ??= error;
  }

  /**
   * Lets time pass until `untilMs`, or until `isDone`, looked at after every event. Between two events everything that promises had to do
   * is done, so the order of things is the clock's alone.
   */
  async run(
    untilMs: number,
    observer: Observer,
    isDone: () => boolean = () => false,
  ): Promise<boolean> {
    const { settle = microtasksDone } = this.options;
    await settle();
    let instantMs = -1;
    let atInstant = 0;
    while (!isDone() && this.clock.fireNext(untilMs)) {
      atInstant = this.clock.nowMs() === instantMs ? atInstant + 1 : 0;
      instantMs = this.clock.nowMs();
      assert(
        atInstant < INSTANT_EVENTS_MAX,
        "time stands still: something asks for turn after turn",
      );
      await settle();
      if (this.#failure !== null) throw this.#failure;
      observer.onEvent(this);
    }
    return isDone();
  }
}

/** A source of its own for each part, so that one more draw in one part does not change all the others. */
export function forkPrng(prng: Prng): Prng {
  return seededPrng(prng.nextUint32());
}

/** One member over all its lives. */
export class SimulatedMember {
  readonly id: MemberId;
  readonly name: string;
  readonly disk: MemberDisk;
  readonly #cluster: Cluster;
  readonly #ids: readonly MemberId[];
  readonly #prng: Prng;
  readonly #config: ServerConfig;
  #clock: IncarnationClock | null = null;
  #node: MemberNode | null = null;
  incarnation = 0;

  constructor(cluster: Cluster, id: MemberId, ids: readonly MemberId[], prng: Prng) {
    this.id = id;
    this.name = nameOf(id);
    this.#cluster = cluster;
    this.#ids = ids;
    this.#prng = prng;
    this.disk = new MemberDisk(forkPrng(prng), cluster.options.disk);
    const { heartbeatIntervalMs, electionTimeoutMs } = cluster.options;
    this.#config = resolveServerConfig({
      name: this.name,
      dataDirectory: { inMemory: true },
      heartbeatIntervalMs,
      electionTimeoutMs,
    });
  }

  /** Null while its process is down, or reads its disk. */
  get node(): MemberNode | null {
    return this.#node;
  }

  get isUp(): boolean {
    return this.#clock !== null;
  }

  /** Starts the process. It serves when the disk has been read, later. */
  start(): void {
    assert(this.#clock === null, "a process is started once");
    this.incarnation += 1;
    this.#cluster.note(`${this.name} starts`);
    const clock = new IncarnationClock(this.#cluster.clock);
    this.#clock = clock;
    this.#boot(clock).catch((error: unknown) => this.#cluster.fail(error));
  }

  /** The machine loses power. */
  crash(): void {
    assert(this.#clock !== null, "only what runs can crash");
    this.#cluster.note(`${this.name} crashes`);
    this.#clock.kill();
    this.#clock = null;
    this.#node = null;
    const { network } = this.#cluster;
    network.closePort(`${this.name}/peer`);
    network.closePort(`${this.name}/client`);
    network.kill(this.name);
    this.disk.crash();
  }

  async #boot(clock: IncarnationClock): Promise<void> {
    const { options, network, clusterId } = this.#cluster;
    const onFatal = (error: Error): void => this.#cluster.fail(error);
    const storage = await this.disk.mount(clock, {
      identity: { clusterId, memberId: this.id, name: this.name, members: [] },
      clock,
      onFatal,
    });
    const node = await MemberNode.create({
      id: this.id,
      clusterId,
      name: this.name,
      clientUrls: [`http://${this.name}:2379`],
      members: this.#ids.map((id) => ({ id, name: nameOf(id), peerUrls: [] })),
      storage,
      dial: (to) => this.#channelTo(nameOf(to), clock),
      clock,
      prng: forkPrng(this.#prng),
      defer: clockTurn(clock),
      logger: this.#logger(),
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      electionTimeoutMs: options.electionTimeoutMs,
      preVote: options.preVote,
      snapshotCount: options.snapshotCount,
      logLimits: {
        cutBytes: 64 * 1024,
        stretchBytes: 1024,
        keptEntriesMax: options.keptEntriesMax,
      },
      quotaBytes: Number.POSITIVE_INFINITY,
      watchProgressIntervalMs: 2_000,
      onFatal,
    });
    network.listen(`${this.name}/peer`, this.#peerServer(node, clock));
    network.listen(`${this.name}/client`, this.#clientServer(node, clock));
    options.onBooted?.(this, node);
    node.start();
    this.#node = node;
  }

  #peerServer(node: MemberNode, clock: IncarnationClock): RpcServer {
    const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock) });
    node.registerPeerMethods(server);
    return server;
  }

  #clientServer(node: MemberNode, clock: IncarnationClock): RpcServer {
    const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock) });
    registerServices(server, node, this.#config);
    return server;
  }

  #channelTo(peer: string, clock: IncarnationClock): Channel {
    return new Channel({
      endpoints: [`${peer}:2380`],
      clock,
      atTurnEnd: clockTurn(clock),
      prng: forkPrng(this.#prng),
      dial: this.#cluster.network.dialer(this.name, this.name, peer, `${peer}/peer`),
      connectTimeoutMs: 1_000,
      backoff: { initialMs: 50, maxMs: 500 },
    });
  }

  /** What a member logs is part of its trace: the same seed, the same lines. */
  #logger(): Logger {
    const write = (message: string, fields: object = {}): void => {
      const values = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
      if (message === "snapshot installed") this.#cluster.snapshotsInstalled += 1;
      this.#cluster.note(`${this.name}: ${[message, ...values].join(" ")}`);
    };
    const logger: Logger = {
      ...silentLogger,
      info: write,
      warn: write,
      error: write,
      fatal: write,
      with: () => logger,
    };
    return logger;
  }
}

function nameOf(id: MemberId): string {
  return `m${id}`;
}
