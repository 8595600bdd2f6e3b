import {
  type MemberId,
  type Message,
  Raft,
  type Restored,
  type SnapshotMark,
} from "@conclave/raft";
import type { RpcServer } from "@conclave/rpc";
import { StateMachine } from "@conclave/state-machine";
import { AlarmType, type EtcdError } from "@conclave/wire";
import { encodeClaim } from "../peer/claim.ts";
import { OpenLinks } from "../peer/open-links.ts";
import { DamagedFrames } from "../peer/peer-frame.ts";
import { formatId, PeerPath } from "../peer/peer-protocol.ts";
import { registerPeerService } from "../peer/peer-service.ts";
import { PeerTransport } from "../peer/peer-transport.ts";
import { SnapshotReceiver } from "../peer/snapshot-receiver.ts";
import { SnapshotSender } from "../peer/snapshot-sender.ts";
import type { KnownBoots } from "../storage/acquaintance-file.ts";
import { Acquaintances, type HeardPromise } from "./acquaintances.ts";
import { ClusterAlarms } from "./cluster-alarms.ts";
import { CompactionSweeper } from "./compaction-sweeper.ts";
import { DiskSpaceWatch } from "./disk-space.ts";
import { DiskWatchdog } from "./disk-watchdog.ts";
import { handOver } from "./hand-over.ts";
import { answerOf, Introduction } from "./introduction.ts";
import { leaderLeasesOver } from "./leader-questions.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { LogKeeper } from "./log-keeper.ts";
import { LongReads } from "./long-reads.ts";
import { LoopWatchdog } from "./loop-watchdog.ts";
import { Member } from "./member.ts";
import type { MemberNodeOptions } from "./member-node-options.ts";
import { MembershipChanges } from "./membership-changes.ts";
import { NeverWelcomed, Newcomer } from "./newcomer.ts";
import { DEFAULT_PROPOSER_LIMITS, Proposer } from "./proposer.ts";
import { Quota } from "./quota.ts";
import { RaftDriver } from "./raft-driver.ts";
import { ReadGate } from "./read-gate.ts";
import { Removal } from "./removal.ts";
import { restoreRaft } from "./restore-raft.ts";
import { SelfPublication } from "./self-publication.ts";
import { StateGuard } from "./state-guard.ts";
import { StateLoading } from "./state-loading.ts";
import { TermWatch } from "./term-watch.ts";
import { WatchPace } from "./watch-pace.ts";

/** Linearizable reads waiting before new ones are refused. Count. */
const READS_MAX = 100_000;
/** Election timeouts are drawn in ticks: fine ones make it unlikely that two members draw the same. */
const TICKS_PER_HEARTBEAT = 10;
/** How long what etcd gives up on after 5 s plus two election timeouts may take. Milliseconds. */
const REQUEST_TIMEOUT_BASE_MS = 5_000;

/** One member of a cluster at work: consensus, state, leases and links, wired together. No listening, no services. */
export class MemberNode {
  readonly member: Member;
  readonly #o: MemberNodeOptions;
  readonly #raft: Raft;
  readonly #machine: StateMachine;
  readonly #proposer: Proposer;
  readonly #reads: ReadGate;
  readonly #driver: RaftDriver;
  readonly #leases: LeaseKeeper;
  readonly #logKeeper: LogKeeper;
  readonly #sweeper: CompactionSweeper;
  readonly #longReads: LongReads;
  readonly #transport: PeerTransport;
  readonly #snapshots: SnapshotReceiver;
  readonly #sender: SnapshotSender;
  readonly #alarms: ClusterAlarms;
  readonly #stateGuard: StateGuard;
  readonly #watchdog: DiskWatchdog;
  readonly #damagedFrames: DamagedFrames;
  readonly #loop: LoopWatchdog;
  readonly #terms: TermWatch;
  readonly #openLinks = new OpenLinks();
  readonly #acquaintances: Acquaintances | null;
  readonly #introduction: Introduction | null;
  readonly #diskSpace: DiskSpaceWatch | null;
  readonly #publication: SelfPublication;
  readonly #loading: StateLoading;
  readonly #changes: MembershipChanges;
  readonly #watchPace: WatchPace;
  readonly #removal: Removal;
  /** Null once it has been sent what the others know. */
  #newcomer: Newcomer | null = null;
  readonly #onTick: ((nowMs: number) => void)[] = [];
  readonly #onRefusing: ((error: EtcdError) => void)[] = [];
  #isStarted = false;
  #isStopped = false;

  /**
   * Loads the state and wires the parts; {@link start} sets them in motion.
   * @throws MemberRemoved
   */
  static async create(options: MemberNodeOptions): Promise<MemberNode> {
    const known = await options.storage.memory?.acquaintances.read();
    const node = new MemberNode(options, await restoreRaft(options), known ?? new Map());
    await node.#loading.load();
    const { error } = node.#removal;
    if (error !== null) throw error;
    return node;
  }

  private constructor(options: MemberNodeOptions, restored: Restored, known: KnownBoots) {
    const { id, clusterId, storage, clock, prng, defer, logger } = options;
    const { store, wal } = storage;
    this.#o = options;
    this.#machine = new StateMachine({
      store,
      // Raised before a grant is proposed: members need not agree on their election timeouts for that.
      leaseTtlSecondsMin: 1,
      ...(options.valueCacheBytesMax === undefined
        ? {}
        : { valueCacheBytesMax: options.valueCacheBytesMax }),
      founders: options.founders,
      watch: {
        header: () => ({ clusterId, memberId: id, raftTerm: this.#raft.term }),
        onCatchUpNeeded: () => this.#watchPace.catchUp(),
      },
    });
    this.#watchPace = new WatchPace({
      hub: this.#machine.watchHub,
      clock,
      defer,
      progressIntervalMs: options.watchProgressIntervalMs,
    });
    const tickMs = options.heartbeatIntervalMs / TICKS_PER_HEARTBEAT;
    const config = {
      ...options.raft,
      heartbeatTicks: TICKS_PER_HEARTBEAT,
      electionTicks: Math.round(options.electionTimeoutMs / tickMs),
      preVote: options.preVote,
    };
    this.#raft = new Raft({ id, config, prng, restored });
    const timeoutMs = REQUEST_TIMEOUT_BASE_MS + 2 * options.electionTimeoutMs;
    this.#proposer = new Proposer({
      origin: prng.nextUint32(),
      limits: { ...DEFAULT_PROPOSER_LIMITS, timeoutMs },
      clock,
    });
    this.#reads = new ReadGate({
      limits: { waitersMax: READS_MAX, timeoutMs, retryMs: options.electionTimeoutMs },
      clock,
      askRaft: (readId) => this.#raft.readIndex(readId),
    });
    this.#logKeeper = new LogKeeper({
      raft: this.#raft,
      wal,
      store,
      entriesMax: options.snapshotCount,
      ...(options.logLimits === undefined ? {} : { limits: options.logLimits }),
    });
    this.#sweeper = new CompactionSweeper({ machine: this.#machine, store, defer });
    this.#longReads = new LongReads({
      clock,
      defer,
      hold: (revision) => this.#sweeper.hold(revision),
      isReadable: () => this.#machine.isLoaded && !this.#isStopped,
    });
    this.#sender = new SnapshotSender({
      self: id,
      raft: this.#raft,
      store,
      logger,
      callerTo: (to) => this.#transport.callerTo(to),
      onReported: () => this.#driver.wake(),
    });
    this.#damagedFrames = new DamagedFrames(logger);
    this.#loop = new LoopWatchdog(logger);
    this.#terms = new TermWatch(restored.hardState.term, logger);
    this.#transport = new PeerTransport({
      self: id,
      clusterId,
      clock,
      logger,
      peerUrls: options.peerUrls,
      boot: storage.memory?.boot.nonce ?? null,
      dial: options.dial,
      onSnapshotWanted: (to, message) => this.#sender.send(to, message),
      onUnreachable: (peer) => {
        this.#raft.reportUnreachable(peer);
        this.#driver.wake();
      },
      onGone: (peer) => {
        this.#raft.reportGone(peer);
        this.#driver.wake();
      },
      onRemoved: () => this.#removal.onTold(),
      callTimeoutMs: timeoutMs,
      damagedFrames: this.#damagedFrames,
    });
    this.#removal = new Removal({
      self: id,
      machine: this.#machine,
      clock,
      onRemoved: options.onRemoved,
    });
    this.#driver = new RaftDriver({
      raft: this.#raft,
      log: {
        append: (batch, onDurable) => {
          this.#logKeeper.onAppended(batch.entries ?? []);
          wal.append(batch, onDurable);
        },
        get isFull() {
          return wal.isFull;
        },
      },
      store,
      machine: this.#machine,
      proposer: this.#proposer,
      reads: this.#reads,
      links: this.#transport,
      events: this.#driverEvents(),
      clock,
      tickMs,
      defer,
    });
    this.#acquaintances =
      storage.memory === null
        ? null
        : new Acquaintances(storage.memory.acquaintances, known, (from) => this.#heardFrom(from));
    this.#introduction = this.#makeIntroduction();
    this.#snapshots = new SnapshotReceiver({
      self: id,
      storage,
      logger,
      step: (message) => this.#step(message),
    });
    this.#alarms = new ClusterAlarms({
      machine: this.#machine,
      propose: (kind, body, waiter) => this.member.propose(kind, body, waiter, true),
    });
    this.#stateGuard = new StateGuard({
      self: id,
      raft: this.#raft,
      machine: this.#machine,
      driver: this.#driver,
      alarms: this.#alarms,
      transport: this.#transport,
      snapshots: this.#snapshots,
      clock,
      logger,
      replaceState: (state) => this.#loading.replaceBy(state),
      handOver: () => this.handOver(),
      onRefusing: (error) => {
        for (const callback of this.#onRefusing) callback(error);
      },
    });
    this.#diskSpace = this.#watchDiskSpace();
    this.#watchdog = new DiskWatchdog({
      wal,
      patienceMs: options.electionTimeoutMs,
      isLeader: () => this.#raft.role === "leader",
      handOver: () => this.handOver(),
      logger,
    });
    this.#leases = new LeaseKeeper({
      machine: this.#machine,
      clock,
      leaderLeases: leaderLeasesOver(this.#transport),
      // A member in quarantine may be wrong about which leases there are.
      isLeading: () => this.#driver.isLeading && !this.#stateGuard.quarantine.isQuarantined,
      leader: () => this.#raft.leader,
      propose: (kind, body, waiter) => this.member.propose(kind, body, waiter, true),
      readLinearizable: (waiter) => this.member.readLinearizable(waiter, true),
      electionTimeoutMs: options.electionTimeoutMs,
      timeoutMs,
    });
    this.#loading = new StateLoading({
      store,
      machine: this.#machine,
      sweeper: this.#sweeper,
      clock,
      logger,
      onLoaded: () => this.#onLoaded(),
      onFatal: options.onFatal,
    });
    this.#publication = new SelfPublication({
      id,
      name: options.name,
      clientUrls: options.clientUrls,
      machine: this.#machine,
      hasLeader: () => this.#raft.leader !== 0n,
      propose: (kind, body, waiter) => this.member.propose(kind, body, waiter),
    });
    this.#changes = new MembershipChanges({
      self: id,
      raft: this.#raft,
      machine: this.#machine,
      driver: this.#driver,
      transport: this.#transport,
      clock,
      prng,
      logger,
      isStrict: options.strictReconfigCheck,
      handOver: () => this.handOver(),
      timeoutMs,
    });
    this.member = new Member({
      id,
      clusterId,
      raft: this.#raft,
      driver: this.#driver,
      proposer: this.#proposer,
      reads: this.#reads,
      machine: this.#machine,
      store,
      leases: this.#leases,
      quota: new Quota(this.#machine, options.quotaBytes, () => this.#raiseNoSpace()),
      stateGuard: this.#stateGuard,
      damagedFrames: this.#damagedFrames,
      loop: this.#loop,
      terms: this.#terms,
      sweeper: this.#sweeper,
      longReads: this.#longReads,
      clock,
      prng,
      membershipChanges: this.#changes,
      leaseTtlSecondsMin: Math.ceil((1.5 * options.electionTimeoutMs) / 1000),
    });
  }

  start(): void {
    this.#isStarted = true;
    this.#followMembers();
    this.#maybeArrive();
    if (this.#introduction === null) this.#driver.start();
    else this.#introduction.begin();
    this.#sweeper.wake();
    this.#scheduleTick();
    this.#watchPace.start();
  }

  /** Calls back at every heartbeat interval, with the monotonic time in ms. */
  onTick(callback: (nowMs: number) => void): void {
    this.#onTick.push(callback);
  }

  /** Calls back when clients are refused from now on: this member's state is in doubt. */
  onRefusing(callback: (error: EtcdError) => void): void {
    this.#onRefusing.push(callback);
  }

  /** Serves what the other members call. */
  registerPeerMethods(server: RpcServer): void {
    registerPeerService(server, {
      self: this.#o.id,
      clusterId: this.#o.clusterId,
      logger: this.#o.logger,
      openLinks: this.#openLinks,
      removedMembers: () => this.#machine.removedMembers(),
      onLink: (from, peerUrls, boot) => {
        this.#transport.onPeerSeen(from, peerUrls);
        const isMember = this.#machine.members().has(from);
        if (isMember && boot !== null) this.#acquaintances?.onLink(from, boot);
      },
      onMembershipChange: (body, answer) => this.#changes.onForwarded(body, answer),
      describeCluster: () => ({
        clusterId: this.#o.clusterId,
        founders: this.#o.founders,
        members: [...this.#machine.members()].map(([id, { name, peerUrls }]) => ({
          id,
          name,
          peerUrls,
        })),
      }),
      onIntroduction: async (from, claim) =>
        (await this.#acquaintances?.judge(from, claim)) ?? null,
      onMessage: (message) => this.#step(message),
      onForward: (entryData, term) => this.#driver.proposeForwarded(entryData, term),
      onLeaseRenew: (id, answer) => this.#leases.renewAsLeader(id, answer),
      onLeaseRemaining: (id, answer) => this.#leases.remainingAsLeader(id, answer),
      onSnapshot: (from, stream) => this.#snapshots.accept(from, stream),
      onState: (from, stream) => this.#snapshots.acceptState(from, stream),
      onStateWanted: (to, indexMin) =>
        this.#driver.isLeading &&
        !this.#stateGuard.quarantine.isQuarantined &&
        this.#machine.appliedIndex >= indexMin &&
        this.#sender.sendState(to),
      checkpoints: () => this.#machine.checkpoints(),
      damagedFrames: this.#damagedFrames,
    });
  }

  /** See {@link handOver}. */
  handOver(): Promise<void> {
    const { clock, electionTimeoutMs } = this.#o;
    const [raft, machine, driver] = [this.#raft, this.#machine, this.#driver];
    return handOver({ raft, machine, driver, clock, electionTimeoutMs });
  }

  /** Resolves once the cluster knows this member's name and client URLs: it has a leader and takes part. */
  get published(): Promise<void> {
    return this.#publication.done;
  }

  /** Whether this member is the whole cluster, as far as it knows. */
  get isAlone(): boolean {
    const members = this.#machine.members();
    return members.size === 1 && members.has(this.#o.id);
  }

  /** Commands and reads that wait for an answer. */
  get pending(): number {
    return this.#proposer.pending + this.#reads.pending;
  }

  /** Stops everything; waiters are told so. The storage stays open: it is the caller's. */
  stop(): void {
    this.#isStopped = true;
    this.#watchPace.stop();
    this.#introduction?.stop();
    this.#driver.stop();
    this.#logKeeper.stop();
    this.#sweeper.stop();
    this.#transport.close();
    this.#changes.close();
    this.#proposer.close();
    this.#reads.close();
    this.#longReads.close();
  }

  /** Nothing is answered, and so promised, before this member is known to its peers. */
  #step(message: Message): void {
    this.#newcomer?.onHeard();
    if (this.#introduction === null || this.#introduction.isAdmitted) this.#driver.step(message);
    else this.#introduction.onHeard(message.from, isOfLeader(message));
  }

  /** Of its promises, those that the leader of a term knows for certain. */
  #heardFrom(member: MemberId): HeardPromise | null {
    const { role, term, progress } = this.#raft;
    const match = progress.find(({ id }) => id === member)?.match ?? 0;
    return role === "leader" ? { term, match } : null;
  }

  /** Null for members that have no directory to lose. */
  #makeIntroduction(): Introduction | null {
    const { id, clock, storage, onFatal } = this.#o;
    const { memory, recovered, wal } = storage;
    if (memory === null) return null;
    const { term = 0 } = recovered.hardState ?? {};
    const log = recovered.lostTail === null ? { term, lastIndex: wal.lastIndex } : null;
    return new Introduction({
      peers: this.#raft.membership.voters.filter((voter) => voter !== id),
      clock,
      claim: (isAdmitted) => ({ ...memory.boot, log: isAdmitted ? null : log }),
      ask: (peer, claim, onAnswer) => {
        this.#transport.call(peer, PeerPath.introduce, encodeClaim(claim), (status, body) => {
          onAnswer(answerOf(status, body));
        });
      },
      onAdmitted: () => this.#driver.start(),
      onRefused: (reason) => {
        onFatal(new Error(`a peer refuses member ${formatId(id)}: ${reason}`));
      },
    });
  }

  #driverEvents(): ConstructorParameters<typeof RaftDriver>[0]["events"] {
    const { logger } = this.#o;
    return {
      onRoleChange: (role, leader, term) => {
        logger.info("role", { role, leader, term });
        this.#terms.onTerm(term);
        if (role !== "leader") this.#leases.onNotLeading();
        this.#publication.maybePublish();
      },
      onLeading: (term) => {
        logger.info("leading", { term });
        this.#leases.onLeading(term);
      },
      beforeApply: () => this.#leases.beforeApply(),
      onApplied: (index) => {
        this.#stateGuard.quarantine.look();
        this.#logKeeper.onApplied(index);
        this.#sweeper.wake();
        this.#changes.onApplied(index);
      },
      onMembership: (index, term) => {
        this.#changes.onMembership(index, term);
        this.#followMembers();
        this.#removal.look();
      },
      onRecovered: () => {
        logger.info("recovered: the log holds again all that this member had acknowledged");
        this.member.onLoaded();
      },
      onSnapshot: (mark, done) => {
        this.#installSnapshot(mark).then(done, (error: Error) => this.#o.onFatal(error));
      },
    };
  }

  async #installSnapshot(mark: SnapshotMark): Promise<void> {
    await this.#loading.replace(() => this.#snapshots.commit(mark));
    this.#o.logger.info("snapshot installed", { index: mark.index });
  }

  #onLoaded(): void {
    this.#leases.observe();
    this.#stateGuard.quarantine.look();
    if (!this.#isStarted) return;
    this.#followMembers();
    this.#removal.look();
    this.#changes.onApplied(this.#machine.appliedIndex);
    this.member.onLoaded();
  }

  /** A member that was added knows its cluster by hearsay until it is sent something. */
  #maybeArrive(): void {
    const { id, founders, contacts = [], clock } = this.#o;
    if (founders.some((founder) => founder.id === id) || this.#machine.appliedIndex > 0) return;
    this.#newcomer = new Newcomer(clock, () => this.#machine.appliedIndex > 0);
    for (const contact of contacts) this.#transport.onPeerSeen(contact.id, contact.peerUrls);
  }

  #lookAtNewcomer(): void {
    const state = this.#newcomer?.look() ?? "arrived";
    if (state === "waiting") return;
    this.#newcomer = null;
    if (state === "forgotten") this.#o.onFatal(new NeverWelcomed(this.#o.id));
  }

  /** Links to whoever the state says is a member, at the addresses it says. */
  #followMembers(): void {
    const urls = [...this.#machine.members()].map(([id, { peerUrls }]) => [id, peerUrls] as const);
    const removed = this.#machine.removedMembers();
    this.#transport.setPeers(new Map(urls), removed);
    this.#openLinks.endRemoved(removed);
  }

  #scheduleTick(): void {
    this.#o.clock.setTimer(this.#o.heartbeatIntervalMs, () => {
      if (this.#isStopped) return;
      this.#scheduleTick();
      this.#loop.onTick(this.#o.clock.nowMs(), this.#o.heartbeatIntervalMs);
      this.#leases.onTick();
      this.#watchdog.onTick();
      this.#diskSpace?.onTick(this.#o.clock.nowMs());
      this.#stateGuard.onTick(this.#o.clock.nowMs());
      this.#publication.maybePublish();
      this.#changes.onTick();
      this.#lookAtNewcomer();
      for (const callback of this.#onTick) callback(this.#o.clock.nowMs());
    });
  }

  #watchDiskSpace(): DiskSpaceWatch | null {
    const { id, logger, diskSpace: look } = this.#o;
    if (look === undefined) return null;
    return new DiskSpaceWatch({
      look,
      raise: () => this.#alarms.raise(AlarmType.NOSPACE, id),
      clear: () => void this.#alarms.clear(AlarmType.NOSPACE, id),
      logger,
    });
  }

  #raiseNoSpace(): void {
    if (!this.#alarms.raise(AlarmType.NOSPACE, this.#o.id)) return;
    this.#o.logger.warn("the space quota is used up; raising the NOSPACE alarm");
  }
}

function isOfLeader({ type }: Message): boolean {
  return type === "append" || type === "heartbeat" || type === "install-snapshot";
}
