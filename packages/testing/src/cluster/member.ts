import {
  assert,
  InvariantViolation,
  nextBelow,
  nextChance,
  type Prng,
  type VirtualClock,
} from "@conclave/base";
import type { MemberId, RaftConfig } from "@conclave/raft";
import { Channel, clockTurn, createRpcServer, type RpcServer } from "@conclave/rpc";
import {
  DataDirectoryError,
  type Logger,
  MemberNode,
  MemberRemoved,
  NeverWelcomed,
  type PeerCaller,
  type RecoveredMember,
  registerServices,
  resolveServerConfig,
  type ServerConfig,
  silentLogger,
  tellingRefusals,
  WalCorruption,
} from "@conclave/server/simulation";
import { IncarnationClock } from "./clock.ts";
import { type DiskCopy, type DiskSpeed, MemberDisk } from "./disk.ts";
import type { FailpointAction, Failpoints } from "./failpoints.ts";
import type { Network } from "./network.ts";
import { PeerSeam } from "./peer-seam.ts";
import { forkPrng } from "./prng.ts";
import type { Steps } from "./steps.ts";
import type { MessageTampering } from "./tampering.ts";

/** Little, so that pairs are read back from the store as well. */
const VALUE_CACHE_BYTES_MAX = 16 * 1024;
/** What a member says that its peers do not let take part. */
const REFUSED_BY_PEER = /^a peer refuses member .*: its data directory is /;
/** How long a step takes that is delayed. Milliseconds. */
const DELAY_MS_MAX = 2_000;

/** Starts that its peers know of: they all refuse it. Or only what it acknowledged in this one: its leader refuses it. */
export type Forgotten = "starts" | "entries";

/** How the members of a cluster are set up. */
export interface MemberTerms {
  readonly disk: DiskSpeed;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly preVote: boolean;
  /** What differs from the members' usual limits. */
  readonly raft?: Partial<RaftConfig>;
  readonly watchProgressIntervalMs?: number;
  /** Of one stream to a client, before its watchers become cursors. Default: the server's. Bytes. */
  readonly streamHighWaterBytes?: number;
  /** Applied entries between two cuts of the log, and how many stay in memory behind the cut. Counts. */
  readonly snapshotCount: number;
  readonly keptEntriesMax: number;
  /** A member whose log is damaged has from its peers what it lost, as a real one; else it refuses to start. Default false. */
  readonly repairs?: boolean;
  /** Changes of the membership are refused that would leave too few healthy members, as the server does by default. Default true. */
  readonly strictReconfigCheck?: boolean;
}

/** What a member asks of the cluster around it. */
export interface Surroundings {
  readonly options: MemberTerms;
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly failpoints: Failpoints;
  readonly tampering: MessageTampering;
  readonly clusterId: bigint;
  snapshotsInstalled: number;
  note(text: string): void;
  fail(error: unknown): void;
  onBooted(member: SimulatedMember, node: MemberNode): void;
  onClockJump(byMs: number): void;
}

/** One member over all its lives. */
export class SimulatedMember {
  readonly id: MemberId;
  readonly name: string;
  readonly disk: MemberDisk;
  /** Of its clock, in one millisecond of the shared one, from its next start on. Milliseconds. */
  clockRate = 1;
  /** Called when its process has ended, however it did. */
  onDown: () => void = () => {};
  /** It stays down for ever. */
  isBroken = false;
  /** It was removed from the cluster, and ended for that. */
  isRemoved = false;
  incarnation = 0;
  /** What its disk gave back at its last start. */
  recovered: RecoveredMember | null = null;
  /** It found its disk damaged, or was told that it is not the one that it had, and refuses to start ever again; else null. */
  refusal: Error | null = null;
  /** What its directory does not tell of, though it was promised from it; null: nothing. Its peers are to refuse it. */
  #forgot: Forgotten | null = null;
  /** States of its own replaced by a received snapshot, as it logs it. Count. */
  snapshotsInstalled = 0;
  /** Times that it found its disk damaged and began anew with what of it is certain. Count. */
  repairs = 0;
  readonly #cluster: Surroundings;
  readonly #ids: readonly MemberId[];
  /** Who the members were when it was added; of those who formed the cluster, nobody. */
  readonly #contacts: readonly MemberId[];
  readonly #prng: Prng;
  /** For what its environment does to it, so that the member's own draws stay the same. */
  readonly #fate: Prng;
  readonly #steps: Steps;
  readonly #config: ServerConfig;
  #clock: IncarnationClock | null = null;
  #node: MemberNode | null = null;
  #isRotten = false;
  /** Names of the peers that know the start of it that is running, durably. */
  readonly #welcomedBy = new Set<string>();

  constructor(
    cluster: Surroundings,
    id: MemberId,
    ids: readonly MemberId[],
    prng: Prng,
    contacts: readonly MemberId[] = [],
  ) {
    this.id = id;
    this.#contacts = contacts;
    this.name = nameOf(id);
    this.#cluster = cluster;
    this.#ids = ids;
    this.#prng = prng;
    const { heartbeatIntervalMs, electionTimeoutMs, disk } = cluster.options;
    this.#fate = forkPrng(prng);
    this.#steps = {
      reach: (point) => this.#reach(point),
      drawDelayMs: () => nextBelow(this.#fate, DELAY_MS_MAX),
    };
    this.disk = new MemberDisk(forkPrng(prng), disk, this.#steps);
    this.#config = resolveServerConfig({
      name: this.name,
      dataDirectory: { inMemory: true },
      heartbeatIntervalMs,
      electionTimeoutMs,
    });
  }

  /** One of those who formed the cluster. */
  get isFounder(): boolean {
    return this.#ids.includes(this.id);
  }

  get forgot(): Forgotten | null {
    return this.#forgot;
  }

  /** Null while its process is down, or reads its disk. */
  get node(): MemberNode | null {
    return this.#node;
  }

  get isUp(): boolean {
    return this.#clock !== null;
  }

  get isPaused(): boolean {
    return this.#cluster.network.isStopped(this.name);
  }

  /** Starts the process. It serves when the disk has been read, later. */
  start(): void {
    assert(this.#clock === null, "a process is started once");
    assert(this.refusal === null, "who refused once is not asked again");
    this.incarnation += 1;
    this.#cluster.note(`${this.name} starts`);
    const { clock: shared, network } = this.#cluster;
    const clock = new IncarnationClock(shared, {
      rate: this.clockRate,
      whenRunning: (callback) => network.whenRunning(this.name, callback),
    });
    this.#clock = clock;
    this.#welcomedBy.clear();
    this.#boot(clock).catch((error: unknown) => this.#onFatal(clock, error));
  }

  /** The machine loses power. */
  crash(): void {
    this.#end("crashes");
    this.disk.crash();
    this.onDown();
  }

  /** The process is ended; what it wrote is still in the machine's memory. */
  kill(): void {
    this.#end("is killed");
    this.disk.detach();
    this.onDown();
  }

  /** Nothing of the process runs for so long; then everything is late at once. As SIGSTOP, or a loop that stalls. */
  pause(ms: number): void {
    if (this.#clock === null || this.isPaused) return;
    this.#cluster.note(`${this.name} pauses for ${ms} ms`);
    const { network, clock } = this.#cluster;
    const { incarnation } = this;
    network.stop(this.name);
    if (!Number.isFinite(ms)) return;
    clock.setTimer(ms, () => {
      if (this.incarnation === incarnation && this.isPaused) network.goOn(this.name);
    });
  }

  /** Its clock shows more from one moment to the next. */
  jumpClock(byMs: number): void {
    this.#cluster.note(`the clock of ${this.name} jumps by ${byMs} ms`);
    this.#cluster.onClockJump(byMs);
    this.#clock?.jump(byMs);
  }

  /** The disk decays. Requires: the member is down. @returns whether there was something that can be noticed */
  rot(kind: Parameters<MemberDisk["rot"]>[0]): boolean {
    if (!this.disk.rot(kind, this.#fate)) return false;
    this.#cluster.note(`the disk of ${this.name} rots: ${kind}`);
    this.#isRotten = true;
    return true;
  }

  /** The state on its disk decays. Requires: the member is down. @returns whether there was any */
  rotState(): boolean {
    if (!this.disk.rotState(this.#fate)) return false;
    this.#cluster.note(`the state of ${this.name} rots`);
    this.#isRotten = true;
    return true;
  }

  /** All that is on its disk now. Requires: the member is down. */
  copyDisk(): DiskCopy {
    return this.disk.copy(this.#fate);
  }

  /** All that its disk does not lie about from now on. Requires: the member runs. */
  copyDurably(): DiskCopy {
    return this.disk.durableCopy(this.#fate);
  }

  /** Its directory is lost (F14), or a copy takes its place (F15, F42). Requires: the member is down. */
  forget(forgot: Forgotten, copy: DiskCopy | null): void {
    this.#cluster.note(
      `${this.name}: ${copy === null ? "directory lost" : "an old copy put back"}`,
    );
    this.#forgot = forgot;
    if (copy === null) this.disk.wipe();
    else this.disk.putBack(copy);
  }

  /** Whether a peer has said that it remembers the start that is running. */
  isKnownTo(peer: SimulatedMember): boolean {
    return this.#welcomedBy.has(peer.name);
  }

  #end(how: string): void {
    assert(this.#clock !== null, "only what runs can end");
    this.#cluster.note(`${this.name} ${how}`);
    this.#clock.kill();
    this.#clock = null;
    this.#node = null;
    const { network } = this.#cluster;
    network.closePort(`${this.name}/peer`);
    network.closePort(`${this.name}/client`);
    network.kill(this.name);
    if (this.isPaused) network.goOn(this.name);
  }

  /** A failpoint: a crash happens here, the rest is the caller's. */
  #reach(point: string): FailpointAction | null {
    if (this.#clock === null) return null;
    const action = this.#cluster.failpoints.take(point);
    if (action === null) return null;
    this.#cluster.note(`${this.name} at "${point}": ${action}`);
    if (action === "crash") {
      if (nextChance(this.#fate, 0.5)) this.crash();
      else this.kill();
    }
    return action;
  }

  /** What a member reports when it cannot go on. Its process ends, if a fault made it so; else the run has failed. */
  #onFatal(clock: IncarnationClock, error: unknown): void {
    if (!clock.isAlive) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#cluster.note(`${this.name} gives up: ${reason}`);
    if (error instanceof MemberRemoved) this.#onRemoved(clock);
    else if (error instanceof NeverWelcomed) this.kill();
    else if (error instanceof Error && this.#isRefusal(error)) {
      this.refusal = error;
      this.kill();
    } else if (this.disk.troubles.isCauseOf(error)) this.kill();
    else this.#cluster.fail(error);
  }

  /** Told of a commit that its disk lost, before it was refused for that, it ends all the same. */
  #onThrown(error: unknown): boolean {
    if (this.#forgot !== "entries" || !(error instanceof InvariantViolation)) return false;
    if (!error.message.includes("this disk lost entries")) return false;
    this.#cluster.note(`${this.name} ends: ${error.message}`);
    this.refusal = error;
    this.kill();
    return true;
  }

  /** Whether what it refuses for was done to it. */
  #isRefusal(error: Error): boolean {
    if (this.#forgot !== null) return REFUSED_BY_PEER.test(error.message);
    return (
      this.#isRotten && (error instanceof WalCorruption || error instanceof DataDirectoryError)
    );
  }

  #onRepair(message: string): void {
    // A repair that crashed before the state was dropped is made again.
    assert(this.#isRotten || this.disk.isStateDamaged, "what is sound is not repaired");
    this.#cluster.note(`${this.name} repairs itself: ${message}`);
    this.#isRotten = false;
    this.repairs += 1;
  }

  #onSnapshotInstalled(): void {
    this.snapshotsInstalled += 1;
    this.#cluster.snapshotsInstalled += 1;
  }

  /** It is no member any more: its process ends, as the server's does. */
  #onRemoved(clock: IncarnationClock): void {
    if (!clock.isAlive) return;
    this.isRemoved = true;
    this.kill();
  }

  async #boot(clock: IncarnationClock): Promise<void> {
    const { options, network, clusterId } = this.#cluster;
    const onFatal = (error: Error): void => this.#onFatal(clock, error);
    const founders = this.#ids.map(knownMember);
    const members = options.repairs === true ? founders : [];
    const storage = await this.disk.mount(clock, {
      identity: { clusterId, memberId: this.id, name: this.name, members },
      clock,
      onFatal,
      onRepair: (message) => this.#onRepair(message),
    });
    const { recovered } = storage;
    // A start that crashed may have repaired it.
    assert(!this.#isRotten || this.disk.hasDroppedDamage, "a damaged disk is noticed");
    this.#isRotten = false;
    this.recovered = recovered;
    const seam = new PeerSeam({
      self: this.name,
      clock,
      steps: this.#steps,
      tampering: this.#cluster.tampering,
      stall: (ms) => this.pause(ms),
      breakWith: (peer) => network.resetLate(this.name, peer, 0),
      onThrown: (error) => this.#onThrown(error),
      onWelcome: (peer) => this.#welcomedBy.add(peer),
    });
    const node = await MemberNode.create({
      id: this.id,
      clusterId,
      name: this.name,
      clientUrls: [`http://${this.name}:2379`],
      peerUrls: [peerUrlOf(this.id)],
      founders,
      contacts: this.#contacts.map(knownMember),
      strictReconfigCheck: options.strictReconfigCheck ?? true,
      storage,
      dial: (to, _urls, onRefused) =>
        seam.outgoing(nameOf(to), this.#channelTo(nameOf(to), clock, onRefused)),
      clock,
      prng: forkPrng(this.#prng),
      defer: clockTurn(clock),
      logger: this.#logger(),
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      electionTimeoutMs: options.electionTimeoutMs,
      preVote: options.preVote,
      ...(options.raft === undefined ? {} : { raft: options.raft }),
      snapshotCount: options.snapshotCount,
      logLimits: {
        cutBytes: 64 * 1024,
        stretchBytes: 1024,
        keptEntriesMax: options.keptEntriesMax,
      },
      quotaBytes: Number.POSITIVE_INFINITY,
      valueCacheBytesMax: VALUE_CACHE_BYTES_MAX,
      watchProgressIntervalMs: options.watchProgressIntervalMs ?? 2_000,
      onFatal,
      onRemoved: () => this.#onRemoved(clock),
    });
    if (!clock.isAlive) return;
    network.listen(`${this.name}/peer`, this.#peerServer(node, clock, seam));
    network.listen(`${this.name}/client`, this.#clientServer(node, clock));
    this.#cluster.onBooted(this, node);
    node.start();
    this.#node = node;
  }

  #peerServer(node: MemberNode, clock: IncarnationClock, seam: PeerSeam): RpcServer {
    const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock) });
    node.registerPeerMethods(server);
    seam.incoming(server);
    return server;
  }

  #clientServer(node: MemberNode, clock: IncarnationClock): RpcServer {
    const { streamHighWaterBytes } = this.#cluster.options;
    const server = createRpcServer({
      clock,
      atTurnEnd: clockTurn(clock),
      limits: streamHighWaterBytes === undefined ? {} : { streamHighWaterBytes },
    });
    registerServices(server, node, this.#config);
    return server;
  }

  #channelTo(peer: string, clock: IncarnationClock, onRefused: () => void): PeerCaller {
    const { network } = this.#cluster;
    return new Channel({
      endpoints: [`${peer}:2380`],
      clock,
      atTurnEnd: clockTurn(clock),
      prng: forkPrng(this.#prng),
      dial: tellingRefusals(network.dialer(this.name, this.name, peer, `${peer}/peer`), onRefused),
      connectTimeoutMs: 1_000,
      backoff: { initialMs: 50, maxMs: 500 },
    });
  }

  /** What a member logs is part of its trace: the same seed, the same lines. */
  #logger(): Logger {
    const write = (message: string, fields: object = {}): void => {
      const values = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
      if (message === "snapshot installed") this.#onSnapshotInstalled();
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

function knownMember(id: MemberId) {
  return { id, name: nameOf(id), peerUrls: [peerUrlOf(id)] };
}

function peerUrlOf(id: MemberId): string {
  return `http://${nameOf(id)}:2380`;
}

function nameOf(id: MemberId): string {
  return `m${id}`;
}
