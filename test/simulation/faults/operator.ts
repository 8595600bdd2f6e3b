import type { MemberId } from "@conclave/raft";
import type { MembershipRequest } from "@conclave/server/simulation";
import type { Cluster, SimulatedMember } from "@conclave/testing/cluster";
import * as EtcdErrors from "@conclave/wire/etcd-errors";

/** Members that join in one run: each costs as much as one of the founders. Count. */
const JOINED_MAX = 4;
/** Members at one time. Count. */
const PRESENT_MAX = 7;
/** Whoever had no answer looks who was added so often. Virtual ms. */
const LOOK_MS = 700;

/** Of these answers nobody knows whether the change takes place after all. */
const UNKNOWN: ReadonlySet<string> = new Set(
  [EtcdErrors.timeout, EtcdErrors.timeoutDueToLeaderFail, EtcdErrors.stopped].map(
    ({ message }) => message,
  ),
);

/** What was asked of a cluster, and came about: the names of the faults. */
export type Change =
  | "addMember"
  | "addLearner"
  | "promoteLearner"
  | "removeMember"
  | "replaceMember";

/** The cluster as its operator sees it. */
export interface OperatedCluster {
  readonly cluster: Cluster;
  readonly isRuined: (member: SimulatedMember) => boolean;
  /** A change took place, as he was told. */
  readonly onDone: (name: Change) => void;
  /** A new member is to be looked after as the others are. */
  onJoined(member: SimulatedMember): void;
}

/**
 * Whoever changes the membership (F27), by way of any member, as etcdctl does: one who does not always learn what became of his
 * request. He sees to it that more voters stay that he can count on than such as he cannot, whatever became of it: nothing else is asked
 * of him, and nothing less, for a cluster that lost its quorum for good.
 */
export class MembershipOperator {
  readonly #world: OperatedCluster;
  readonly #founders: readonly SimulatedMember[];
  /** Asked to leave, and perhaps gone: how many requests may still come about. */
  readonly #leaving = new Map<MemberId, number>();
  /** Seen to vote by a committed entry. */
  readonly #voters: Set<MemberId>;
  #asked = 0;
  #refused = 0;
  #leadersRemoved = 0;

  constructor(world: OperatedCluster) {
    this.#world = world;
    this.#founders = [...world.cluster.members];
    this.#voters = new Set(this.#founders.map(({ id }) => id));
  }

  /** Whether the membership may be another one than at first. */
  get hasAsked(): boolean {
    return this.#asked > 0;
  }

  /** Changes that were refused for good. Count. */
  get refused(): number {
    return this.#refused;
  }

  /** Leaders that were told to leave, and did. Count. */
  get leadersRemoved(): number {
    return this.#leadersRemoved;
  }

  add(name: Change, isLearner: boolean): boolean {
    const { members } = this.#world.cluster;
    const joined = members.length - this.#founders.length;
    if (joined >= JOINED_MAX || this.#present.length >= PRESENT_MAX) return false;
    const peerUrls = [`http://joiner${this.#asked + 1}:2380`];
    return this.#ask({ type: "add", peerUrls, isLearner }, (id) => {
      this.#world.onDone(name);
      this.#join(id);
    });
  }

  /** @param onRemoved called when it is known to be gone */
  remove(name: Change, member: SimulatedMember, onRemoved: () => void = () => {}): boolean {
    if (!this.canSpare(member, true)) return false;
    const isLeader = member.node?.member.raft.role === "leader";
    const { id } = member;
    const isAsked = this.#ask(
      { type: "remove", id },
      () => {
        if (isLeader) this.#leadersRemoved += 1;
        this.#world.onDone(name);
        onRemoved();
      },
      () => this.#doubt(id, -1),
    );
    if (isAsked) this.#doubt(id, 1);
    return isAsked;
  }

  #doubt(id: MemberId, change: number): void {
    const requests = (this.#leaving.get(id) ?? 0) + change;
    if (requests === 0) this.#leaving.delete(id);
    else this.#leaving.set(id, requests);
  }

  promote(name: Change): boolean {
    const machine = this.#world.cluster.running[0]?.node?.member.machine;
    const learner = [...(machine?.members() ?? [])].find(([, { isLearner }]) => isLearner);
    if (learner === undefined) return false;
    return this.#ask({ type: "promote", id: learner[0] }, () => this.#world.onDone(name));
  }

  /**
   * Whether the cluster can do without a member, as a voter and as one whose disk can be trusted: more voters are left that are there
   * for certain and whose disks are whole than there are others, and one of them is known to clients of old.
   */
  canSpare(member: SimulatedMember, isLeaving: boolean): boolean {
    this.#lookWhoVotes();
    const { isRuined } = this.#world;
    const others = this.#present.filter((other) => other !== member);
    const doubtful = others.filter(isRuined).length + (isLeaving ? 0 : 1);
    const reliable = others.filter(
      (other) => this.#voters.has(other.id) && !this.#leaving.has(other.id) && !isRuined(other),
    );
    return reliable.length > doubtful && reliable.some((other) => this.#founders.includes(other));
  }

  /** Whether some member's state says so. */
  isRemoved({ id, isRemoved }: SimulatedMember): boolean {
    return isRemoved || this.#machines.some((machine) => machine.removedMembers().has(id));
  }

  /** Whether nothing is on its way any more among those with whole disks: no request, nobody who was removed and does not know. */
  get isSettled(): boolean {
    const { running } = this.#world.cluster;
    return running.every((member) => {
      const { raft, membershipChanges } = member.node?.member ?? {};
      // It may be left as it is for ever.
      if (this.#world.isRuined(member)) return true;
      if (membershipChanges?.pending !== 0) return false;
      // Of one that never was sent anything nobody may know where it is (docs/members.md).
      return !this.isRemoved(member) || raft?.lastIndex === 0;
    });
  }

  /** An addition that was not answered may have taken place: he looks, and starts the member. */
  #look(): void {
    const { cluster } = this.#world;
    for (const machine of this.#machines) {
      for (const id of machine.members().keys()) {
        if (!cluster.members.some((member) => member.id === id)) this.#join(id);
      }
    }
    cluster.clock.setTimer(LOOK_MS, () => this.#look());
  }

  get #machines() {
    return this.#world.cluster.running.flatMap(({ node }) =>
      node === null ? [] : [node.member.machine],
    );
  }

  get #present(): readonly SimulatedMember[] {
    return this.#world.cluster.members.filter((member) => !this.isRemoved(member));
  }

  #lookWhoVotes(): void {
    for (const { node } of this.#world.cluster.running) {
      const { log, commitIndex } = node?.member.raft.inner ?? {};
      if (log === undefined || commitIndex === undefined) continue;
      const { current, currentIndex } = log.memberships;
      if (currentIndex > commitIndex || currentIndex === 0) continue;
      for (const id of current.voters) this.#voters.add(id);
    }
  }

  #join(id: MemberId): void {
    const { cluster } = this.#world;
    if (cluster.members.some((member) => member.id === id)) return;
    const member = cluster.join(id);
    this.#world.onJoined(member);
    member.start();
  }

  /** Asks any member. @returns whether there was one */
  #ask(
    request: MembershipRequest,
    onChanged: (id: MemberId) => void,
    onRefused: () => void = () => {},
  ): boolean {
    const { cluster } = this.#world;
    const { members, running } = cluster;
    // Who comes now does not know that this one forgot something, and if it came to lead would welcome it (docs/repair.md).
    if (members.some(({ forgot, refusal }) => forgot !== null && refusal === null)) return false;
    const asked = running[this.#asked % (running.length || 1)];
    if (asked?.node == null) return false;
    if (this.#asked === 0) cluster.clock.setTimer(LOOK_MS, () => this.#look());
    this.#asked += 1;
    cluster.note(`${asked.name} is asked to ${request.type} a member`);
    asked.node.member.membershipChanges.submit(request, {
      onChanged: ({ id }) => {
        cluster.note(`membership: ${request.type} of m${id} is done`);
        onChanged(id);
      },
      onRefused: ({ message }) => {
        cluster.note(`membership: ${request.type} is refused: ${message}`);
        if (UNKNOWN.has(message)) return;
        this.#refused += 1;
        onRefused();
      },
    });
    return true;
  }
}
