import { assert, nextBelow, nextChance, type Prng, seededPrng } from "@conclave/base";
import { replayCommand } from "@conclave/base/testing";
import type { RaftConfig } from "../config.ts";
import type { MembershipChangeType } from "../membership.ts";
import { isMember } from "../membership.ts";
import type { MemberId, Message } from "../message.ts";
import { Cluster } from "./cluster.ts";
import type { SimulatedMember } from "./member.ts";

/** What a run did, so that a test can demand that rare things did happen. */
export interface RunReport {
  readonly committed: number;
  readonly elections: number;
  readonly crashes: number;
  readonly snapshots: number;
  readonly membershipChanges: number;
  readonly readsServed: number;
  readonly readsRefused: number;
  readonly truncations: number;
  /** Disks that lost entries, and members that held everything again after that. */
  readonly damages: number;
  readonly recoveries: number;
  /** Hash of every event in order: the same seed must give the same (R20). */
  readonly traceHash: number;
}

/** The kinds of trouble of one run, each drawn from the seed. Chances per event, 0 to 1. */
interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
  /** A message of long ago arrives once more. */
  readonly replay: number;
  readonly crash: number;
  /** Of a crash, that its disk is damaged too. */
  readonly damage: number;
  readonly partition: number;
  /** A leader is cut off with proposals that nobody else has: the source of conflicts. */
  readonly stranding: number;
  readonly membership: number;
  readonly compaction: number;
  readonly lazyTurn: number;
  /** Of all events, how many finish a write: low is a slow disk. */
  readonly diskSpeed: number;
}

const EVENTS_MAX = 1_500;
/** Messages remembered to arrive once more. Count. */
const SENT_MAX = 64;
/** Members that may ever be part of a run. */
const IDS_MAX = 7;

export class RandomRun {
  readonly cluster: Cluster;
  /** The last events, for whoever looks at a failure. */
  readonly trace: string[] = [];
  readonly #prng: Prng;
  readonly #weather: Weather;
  /** Removed once, never part of the cluster again: ids are not reused. */
  readonly #removed = new Set<MemberId>();
  readonly #config: Partial<RaftConfig>;
  /** Drawn from all messages sent, to arrive once more. Those of snapshots are left out: their content is gone. */
  readonly #sent: Message[] = [];
  #traceHash = 0;
  #nextId: bigint;
  #elections = 0;
  #crashes = 0;
  #snapshots = 0;
  #membershipChanges = 0;
  #truncations = 0;
  #damages = 0;
  #recoveries = 0;

  constructor(seed: number) {
    const prng = seededPrng(seed);
    this.#prng = prng;
    const voterCount = 1 + nextBelow(prng, 5);
    const voters = Array.from({ length: voterCount }, (_, index) => BigInt(index + 1));
    this.#nextId = BigInt(voterCount + 1);
    this.#weather = drawWeather(prng);
    this.#config = drawConfig(prng);
    this.cluster = new Cluster({ seed: seed + 0.5, voters, config: this.#config });
    this.cluster.onSend = (message) => this.#remember(message);
    this.cluster.onReady = (member, ready) => {
      if (ready.isRecovered) this.#recoveries += 1;
      const { roleChange, snapshot, membership, entries } = ready;
      if (roleChange?.role === "leader") this.#elections += 1;
      if (snapshot !== null) this.#snapshots += 1;
      if (membership !== null) this.#membershipChanges += 1;
      const { durable } = member;
      const first = entries[0];
      if (first !== undefined && first.index <= durable.snapshot.index + durable.entries.length) {
        this.#truncations += 1;
      }
      this.#note(
        () =>
          `  ${member.id}: ready ${ready.sequence} ${JSON.stringify(roleChange, bigints)} entries ${first?.index ?? "-"}+${entries.length} messages ${ready.messages.length}/${ready.durableMessages.length}`,
      );
    };
  }

  /** @throws InvariantViolation if anything that must hold does not. */
  run(): RunReport {
    for (let event = 0; event < EVENTS_MAX; event += 1) this.#event();
    this.#recover();
    return {
      committed: this.cluster.invariants.committedIndex,
      elections: this.#elections,
      crashes: this.#crashes,
      snapshots: this.#snapshots,
      membershipChanges: this.#membershipChanges,
      readsServed: this.cluster.servedReads,
      readsRefused: this.cluster.refusedReads,
      truncations: this.#truncations,
      damages: this.#damages,
      recoveries: this.#recoveries,
      traceHash: this.#traceHash,
    };
  }

  #event(): void {
    const { cluster } = this;
    const weather = this.#weather;
    if (this.#chance(weather.crash)) this.#crashOrRestart();
    if (this.#chance(weather.partition)) this.#changeWeatherOfLinks();
    if (this.#chance(weather.stranding)) this.#strandLeader();
    if (this.#chance(weather.membership)) this.#changeMembership();
    if (this.#chance(weather.compaction)) this.#compact();
    if (this.#chance(weather.replay)) this.#replay();
    const member = this.#any();
    if (member === null) return;
    if (member.writes.length > 0 && this.#chance(weather.diskSpeed)) {
      this.#note(() => `write ${member.id}`);
      cluster.finishWrite(member.id);
    }
    const draw = nextBelow(this.#prng, 100);
    if (draw < 70) this.#deliver();
    else if (draw < 85) this.#tick(member);
    else if (draw < 93) this.#propose();
    else if (draw < 98) this.#read(member);
    else if (draw < 99) this.#disturb(member);
    else this.#reportUnreachable(member);
  }

  #deliver(): void {
    const { flying } = this.cluster;
    if (flying.length === 0) return;
    const isReordered = this.#chance(this.#weather.reordering);
    const position = isReordered ? nextBelow(this.#prng, flying.length) : 0;
    const { message } = flying[position]!;
    const isLost = this.#chance(this.#weather.loss);
    const again = this.#chance(this.#weather.duplication);
    this.#note(
      () =>
        `${isLost ? "lose" : "deliver"}${again ? " again" : ""} ${JSON.stringify(message, bigints)}`,
    );
    if (isLost) this.cluster.lose(position);
    else this.cluster.deliver(position, again);
  }

  #remember(message: Message): void {
    if (message.type === "install-snapshot") return;
    if (this.#sent.length < SENT_MAX) this.#sent.push(message);
    else if (this.#chance(0.2)) this.#sent[nextBelow(this.#prng, SENT_MAX)] = message;
  }

  /** TCP would not, but nothing in Raft relies on it: any message ever sent may arrive, again, at any time. */
  #replay(): void {
    const message = this.#sent[nextBelow(this.#prng, this.#sent.length || 1)];
    if (message === undefined) return;
    this.#note(() => `replay ${JSON.stringify(message, bigints)}`);
    this.cluster.redeliver(message);
  }

  #tick(member: SimulatedMember): void {
    this.#note(() => `tick ${member.id}`);
    if (this.#chance(this.#weather.lazyTurn)) member.raft?.tick();
    else this.cluster.act(member.id, (raft) => raft.tick());
  }

  /** Elections nobody needs: handed over, started out of turn, on a wrong suspicion, or after a long silence. */
  #disturb(member: SimulatedMember): void {
    const draw = nextBelow(this.#prng, 4);
    if (draw === 0) this.#transfer();
    else if (draw === 3) this.#suspect(member);
    else if (draw === 1) {
      this.#note(() => `campaign ${member.id}`);
      this.cluster.act(member.id, (raft) => raft.campaign());
    } else for (let ticks = 0; ticks < 20; ticks += 1) this.#tick(member);
  }

  #propose(): void {
    const leader = this.#anyLeader();
    if (leader === null) return;
    const data = new Uint8Array(1 + nextBelow(this.#prng, 40)).map(() =>
      nextBelow(this.#prng, 256),
    );
    this.#note(() => `propose ${leader.id}`);
    if (this.#chance(this.#weather.lazyTurn)) leader.raft?.propose(data);
    else this.cluster.act(leader.id, (raft) => raft.propose(data));
  }

  #read(member: SimulatedMember): void {
    const reader = (this.#chance(0.5) ? this.#anyLeader() : null) ?? member;
    this.#note(() => `read ${reader.id}`);
    this.cluster.read(reader.id);
  }

  #transfer(): void {
    const leader = this.cluster.leader;
    const target = this.#any();
    if (leader === null || target === null) return;
    this.#note(() => `transfer ${leader.id} -> ${target.id}`);
    this.cluster.act(leader.id, (raft) => raft.transferLeadership(target.id));
  }

  #suspect(member: SimulatedMember): void {
    this.#note(() => `suspect ${member.id}`);
    this.cluster.act(member.id, (raft) => raft.reportGone(raft.leader));
  }

  #reportUnreachable(member: SimulatedMember): void {
    const leader = this.cluster.leader;
    if (leader === null) return;
    this.#note(() => `unreachable ${member.id}`);
    this.cluster.act(leader.id, (raft) => raft.reportUnreachable(member.id));
  }

  #crashOrRestart(): void {
    const members = [...this.cluster.members.values()].filter((one) => !this.#removed.has(one.id));
    const member = members[nextBelow(this.#prng, members.length)]!;
    if (member.raft !== null) {
      const kept = nextBelow(this.#prng, member.writes.length + 1);
      this.#note(() => `crash ${member.id}, ${kept} of ${member.writes.length} writes kept`);
      this.cluster.crash(member.id, kept);
      this.#crashes += 1;
      if (this.#chance(this.#weather.damage)) this.#damage(member);
    } else {
      this.#restart(member);
    }
  }

  /** One at a time, and others that are a quorum: more could lose what is committed, whatever the members do. */
  #damage(member: SimulatedMember): void {
    const members = [...this.cluster.members.values()];
    if (members.length < 3 || members.some(({ durable }) => durable.lostTail)) return;
    member.damage(this.#prng);
    this.#note(() => `damage ${member.id}: ${JSON.stringify(member.durable, bigints)}`);
    this.#damages += 1;
    // The leader of before, and what it believes, should be there still now and then.
    if (this.#chance(0.7)) this.#restart(member);
  }

  #restart(member: SimulatedMember): void {
    const indexes = member.restorableIndexes();
    const appliedIndex = indexes[nextBelow(this.#prng, indexes.length)]!;
    this.#note(() => `restart ${member.id} at ${appliedIndex}`);
    this.cluster.restart(member.id, appliedIndex);
  }

  #changeWeatherOfLinks(): void {
    this.cluster.heal();
    if (this.#chance(0.4)) {
      this.#note(() => "heal");
      return;
    }
    const ids = [...this.cluster.members.keys()];
    const isOneWay = this.#chance(0.3);
    const left = ids.filter(() => this.#chance(0.5));
    const right = ids.filter((id) => !left.includes(id));
    this.#note(() => `partition ${left} ${isOneWay ? "->" : "|"} ${right}`);
    if (!isOneWay) this.cluster.partition(left, right);
    else for (const from of left) for (const to of right) this.cluster.block(from, to);
  }

  #strandLeader(): void {
    const leader = this.#anyLeader();
    if (leader?.raft == null) return;
    const others = [...this.cluster.members.keys()].filter((id) => id !== leader.id);
    this.#note(() => `strand ${leader.id}`);
    this.cluster.heal();
    this.cluster.partition([leader.id], others);
    for (let count = nextBelow(this.#prng, 8); count > 0; count -= 1) {
      this.cluster.act(leader.id, (raft) => raft.propose(this.#command()));
      if (this.#chance(0.5)) this.cluster.finishWrite(leader.id);
    }
    // The others notice sooner than chance would have it, now and then.
    const heir = this.#any();
    if (heir === null || heir === leader || this.#chance(0.5)) return;
    for (let ticks = 0; ticks < 20; ticks += 1) this.#tick(heir);
  }

  #command(): Uint8Array {
    return new Uint8Array(1 + nextBelow(this.#prng, 40)).map(() => nextBelow(this.#prng, 256));
  }

  #changeMembership(): void {
    const leader = this.#anyLeader();
    if (leader?.raft == null) return;
    const { voters, learners } = leader.raft.membership;
    const types: readonly MembershipChangeType[] = [
      "add-voter",
      "add-learner",
      "promote",
      "remove",
    ];
    const type = types[nextBelow(this.#prng, types.length)]!;
    const isAddition = type === "add-voter" || type === "add-learner";
    if (isAddition && this.#nextId > IDS_MAX) return;
    const candidates = type === "promote" ? learners : [...voters, ...learners];
    const id = isAddition
      ? this.#nextId
      : candidates[nextBelow(this.#prng, candidates.length || 1)];
    if (id === undefined) return;
    const result = this.cluster.act(leader.id, (raft) => raft.proposeMembership({ type, id }));
    this.#note(() => `${type} ${id} at ${leader.id}: ${JSON.stringify(result)}`);
    if (!result.ok || !isAddition) return;
    this.#nextId += 1n;
    this.cluster.join(id);
  }

  #compact(): void {
    const member = this.#any();
    if (member === null) return;
    const { appliedIndex } = member;
    const index = appliedIndex - nextBelow(this.#prng, 4);
    if (index < 1) return;
    this.#note(() => `compact ${member.id} to ${index}`);
    member.compact(index);
    this.cluster.turn(member.id);
  }

  /** V1: faults end, and the cluster must elect, converge and answer everybody. */
  #recover(): void {
    const { cluster } = this;
    cluster.heal();
    this.#note(() => "recover");
    for (const member of cluster.members.values()) if (member.raft === null) this.#restart(member);
    const rounds = 20 * 10;
    for (let round = 0; round < rounds && !this.#isConverged(); round += 1) {
      for (const { id } of cluster.running) {
        cluster.act(id, (raft) => raft.tick());
        cluster.settle();
      }
      const { leader } = cluster;
      // Proposals go on, as in life: an idle cluster has nothing to converge on.
      if (leader !== null && round % 10 === 9) {
        cluster.act(leader.id, (raft) => raft.propose(Uint8Array.of(round)));
        cluster.settle();
      }
    }
    assert(this.#isConverged(), "V1: the cluster does not converge after the faults ended");
    this.#checkAnswers();
  }

  #checkAnswers(): void {
    const { cluster } = this;
    const { leader } = cluster;
    assert(leader !== null, "V1: no leader");
    const proposed = cluster.act(leader.id, (raft) => raft.propose(Uint8Array.of(1)));
    assert(proposed.ok, "V1: a healthy leader refuses proposals");
    cluster.settle();
    assert(leader.appliedIndex >= proposed.index, "V1: a healthy leader does not commit");
    const before = cluster.servedReads;
    cluster.read(leader.id);
    cluster.settle();
    assert(cluster.servedReads === before + 1, "V1: a healthy leader does not serve reads");
    for (const [readId, { member }] of cluster.openReads) {
      assert(false, `V1: read ${readId} of member ${member} was never answered`);
    }
  }

  #isConverged(): boolean {
    const { cluster } = this;
    const leader = cluster.leader;
    if (leader?.raft == null || cluster.openReads.size > 0) return false;
    if (leader.raft.transferTarget !== 0n) return false;
    const { membership, commitIndex, lastIndex, term } = leader.raft;
    if (commitIndex !== lastIndex || leader.appliedIndex !== commitIndex) return false;
    for (const member of cluster.running) {
      if (!isMember(membership, member.id)) continue;
      if (member.appliedIndex !== leader.appliedIndex || member.raft?.term !== term) return false;
      assert(member.stateHash === leader.stateHash, "R5: equal indexes, different states");
    }
    return true;
  }

  #any(): SimulatedMember | null {
    const { running } = this.cluster;
    return running[nextBelow(this.#prng, running.length || 1)] ?? null;
  }

  /** One that believes to lead; several may. */
  #anyLeader(): SimulatedMember | null {
    const leaders = this.cluster.running.filter((member) => member.raft?.role === "leader");
    return leaders[nextBelow(this.#prng, leaders.length || 1)] ?? null;
  }

  #chance(probability: number): boolean {
    return nextChance(this.#prng, probability);
  }

  #note(event: () => string): void {
    const text = event();
    this.trace.push(text);
    if (this.trace.length > 400) this.trace.splice(0, 200);
    for (let at = 0; at < text.length; at += 1) {
      this.#traceHash = Math.imul(this.#traceHash ^ text.charCodeAt(at), 0x01000193);
    }
  }
}

function bigints(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return value.length;
  return typeof value === "bigint" ? value.toString() : value;
}

function drawWeather(prng: Prng): Weather {
  /** Often absent, at times heavy. */
  const chance = (max: number) =>
    nextChance(prng, 0.3) ? 0 : (nextBelow(prng, 1000) / 1000) ** 2 * max;
  const damage = nextChance(prng, 0.5) ? 0.2 + nextBelow(prng, 80) / 100 : 0;
  return {
    loss: chance(0.3),
    duplication: chance(0.2),
    reordering: chance(1),
    replay: chance(0.05),
    crash: chance(0.03) + (damage > 0 ? 0.005 : 0),
    damage,
    partition: chance(0.03),
    stranding: chance(0.03),
    // Of two voters each may have to wait for what the other lost.
    membership: damage > 0 ? 0 : chance(0.05),
    compaction: chance(0.1),
    lazyTurn: chance(0.5),
    diskSpeed: 0.1 + nextBelow(prng, 90) / 100,
  };
}

function drawConfig(prng: Prng): Partial<RaftConfig> {
  const electionTicks = 3 + nextBelow(prng, 8);
  return {
    electionTicks,
    heartbeatTicks: 1,
    preVote: nextChance(prng, 0.8),
    checkQuorum: nextChance(prng, 0.8),
    appendBytesMax: 1 + nextBelow(prng, 300),
    smallAppendsMax: 1 + nextBelow(prng, 4),
    inflightMessagesMax: 1 + nextBelow(prng, 8),
    inflightBytesMax: 1 + nextBelow(prng, 1000),
    uncommittedBytesMax: 200 + nextBelow(prng, 2000),
    committedBytesMax: 1 + nextBelow(prng, 300),
    pendingReadsMax: 1 + nextBelow(prng, 20),
  };
}

/** Runs one seed; a failure tells the seed and the events that led to it. */
export function runSeed(seed: number): RunReport {
  const run = new RandomRun(seed);
  try {
    return run.run();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const story = run.trace.slice(-60).join("\n");
    throw new Error(`seed ${seed}: ${reason}\nreplay: ${replayCommand(seed)}\n${story}`, { cause });
  }
}
