import { nextBelow, nextChance, type Prng } from "@conclave/base";
import type { MembershipRequest } from "@conclave/server/simulation";
import { CommandKind } from "@conclave/state-machine";
import { Cluster, type SimulatedMember } from "@conclave/testing/cluster";
import { PutRequest, RangeRequest } from "@conclave/wire";

/** Voters and learners that the test lets a cluster grow to. Count. */
const SIZE_MAX = 5;

/** A simulated cluster that is written to and cut up while its members come and go. */
export class ChangingCluster {
  readonly cluster: Cluster;
  readonly #prng: Prng;
  /** Keys whose put was answered. */
  readonly #acknowledged = new Set<string>();
  /** Ids whose removal was answered. */
  readonly removed = new Set<bigint>();
  readonly answers = new Map<string, number>();
  readonly #leaders = new Map<number, bigint>();
  #keys = 0;
  #urls = 0;

  constructor(seed: number, prng: Prng) {
    this.#prng = prng;
    this.cluster = new Cluster({
      seed,
      size: 3,
      disk: { syncMsMax: 2, flushMsMax: 50 },
      network: { delayMsMax: 5 },
      heartbeatIntervalMs: 100,
      electionTimeoutMs: 1_000,
      preVote: true,
      // Those who join late get a snapshot as often as the log.
      snapshotCount: 30,
      keptEntriesMax: 10,
    });
    for (const member of this.cluster.members) member.start();
  }

  /** Lets time pass; no two members may ever lead one term (R1). */
  async pass(ms: number, isDone: () => boolean = () => false): Promise<boolean> {
    const { clock } = this.cluster;
    return this.cluster.run(clock.nowMs() + ms, { onEvent: () => this.#lookAtLeaders() }, isDone);
  }

  #lookAtLeaders(): void {
    for (const { id, node } of this.cluster.running) {
      if (node?.member.raft.role !== "leader") continue;
      const { term } = node.member.raft;
      const before = this.#leaders.get(term);
      if (before !== undefined && before !== id)
        throw new Error(`R1: ${before} and ${id} lead ${term}`);
      this.#leaders.set(term, id);
    }
  }

  /** Members that were not removed, whether they run or not. */
  get present(): readonly SimulatedMember[] {
    return this.cluster.members.filter(({ id, isRemoved }) => !isRemoved && !this.removed.has(id));
  }

  /** One thing that happens: a write, a change of the membership, or a fault. */
  act(): void {
    const draw = nextBelow(this.#prng, 20);
    if (draw < 10) this.#put();
    else if (draw < 12 && this.present.length < SIZE_MAX) this.#add(nextChance(this.#prng, 0.3));
    else if (draw < 14) this.#remove();
    else if (draw === 14) this.#promote();
    else if (draw < 17) this.#crash();
    else if (draw === 17) this.#cut();
    else if (draw === 18) this.cluster.network.heal();
    else this.#drawRunning()?.pause(nextBelow(this.#prng, 3_000));
  }

  #drawRunning(): SimulatedMember | undefined {
    const running = this.cluster.running;
    return running[nextBelow(this.#prng, running.length || 1)];
  }

  #put(): void {
    this.#keys += 1;
    const key = `k${this.#keys}`;
    const body = PutRequest.encode({ key: Buffer.from(key), value: Buffer.from(key) });
    this.#drawRunning()?.node?.member.propose(CommandKind.PUT, body, {
      onResult: () => this.#acknowledged.add(key),
      onRefused: () => {},
    });
  }

  #change(request: MembershipRequest, onChanged: (id: bigint) => void = () => {}): void {
    const count = (outcome: string): void => {
      const name = `${request.type}: ${outcome}`;
      this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
    };
    this.#drawRunning()?.node?.member.membershipChanges.submit(request, {
      onChanged: ({ id }) => {
        count("changed");
        onChanged(id);
      },
      onRefused: ({ message }) => count(message),
    });
  }

  #add(isLearner: boolean): void {
    this.#urls += 1;
    const peerUrls = [`http://joiner${this.#urls}:2380`];
    this.#change({ type: "add", peerUrls, isLearner }, (id) => this.cluster.join(id).start());
  }

  #remove(): void {
    const { present } = this;
    const { id } = present[nextBelow(this.#prng, present.length)]!;
    this.#change({ type: "remove", id }, () => this.removed.add(id));
  }

  #promote(): void {
    const [first] = this.cluster.running;
    const members = first?.node?.member.machine.members() ?? new Map();
    const learner = [...members].find(([, { isLearner }]) => isLearner);
    if (learner !== undefined) this.#change({ type: "promote", id: learner[0] });
  }

  #crash(): void {
    const member = this.#drawRunning();
    if (member === undefined) return;
    if (nextChance(this.#prng, 0.5)) member.crash();
    else member.kill();
    this.cluster.clock.setTimer(nextBelow(this.#prng, 4_000), () => this.#restart(member));
  }

  #restart(member: SimulatedMember): void {
    if (!member.isUp && !member.isRemoved) member.start();
  }

  #cut(): void {
    const alone = this.#drawRunning();
    for (const { name } of this.cluster.members) {
      if (alone === undefined || name === alone.name) continue;
      this.cluster.network.cut(alone.name, name);
      if (nextChance(this.#prng, 0.7)) this.cluster.network.cut(name, alone.name);
    }
  }

  heal(): void {
    this.cluster.network.heal();
    for (const member of this.cluster.members) this.#restart(member);
  }

  /** An addition that was not answered may have taken place: whoever asked for it looks, and starts the member. */
  joinWhoWasAdded(): void {
    for (const { node } of this.cluster.running) {
      if (node?.member.raft.role !== "leader") continue;
      for (const id of node.member.machine.members().keys()) {
        if (!this.cluster.members.some((member) => member.id === id)) this.cluster.join(id).start();
      }
    }
  }

  /** What is not as it must be when all is well again; null: nothing. */
  get problem(): string | null {
    const leader = this.cluster.running.find(({ node }) => node?.member.raft.role === "leader");
    const machine = leader?.node?.member.machine;
    if (machine === undefined) return "nobody leads";
    for (const member of this.cluster.members) {
      const isMember = machine.members().has(member.id);
      const { node } = member;
      if (isMember !== member.isUp) return `${member.name} ${isMember ? "is down" : "still runs"}`;
      if (!isMember) continue;
      const own = node?.member.machine;
      if (own?.isLoaded !== true) return `${member.name} has no state`;
      if (own.appliedIndex !== machine.appliedIndex) return `${member.name} is behind`;
      if (own.stateHash() !== machine.stateHash()) return `R19: ${member.name} differs`;
    }
    const learning = leader?.node?.member.raft.membership.learners ?? [];
    const late = learning.find((id) => machine.members().get(id)?.isLearner === false);
    return late === undefined ? null : `${late} has no vote yet`;
  }

  /** Keys that were acknowledged and are gone; ids that were removed and are back. */
  lost(): string[] {
    const machine = this.present.find(({ node }) => node !== null)?.node?.member.machine;
    const keys = [...this.#acknowledged].filter((key) => {
      const found = machine?.range(RangeRequest.create({ key: Buffer.from(key) }));
      return found?.kind !== "range" || found.count !== 1;
    });
    const ids = [...this.removed].filter((id) => machine?.members().has(id) !== false);
    return [...keys, ...ids.map(String)];
  }
}
