import type { Raft } from "@conclave/raft";
import type { Cluster, Observer, SimulatedMember } from "@conclave/testing/cluster";
import { Probes } from "../probes.ts";
import { ClusterShapes } from "./cluster-shapes.ts";
import { RaftChecks } from "./raft.ts";
import { StateChecks } from "./state.ts";

type MemberNode = NonNullable<SimulatedMember["node"]>;

/** Everything that is checked while a run goes on. */
export class LiveChecks implements Observer {
  readonly raft: RaftChecks;
  readonly state: StateChecks;
  readonly probes = new Probes();
  readonly #shapes: ClusterShapes;

  constructor(cluster: Cluster) {
    this.raft = new RaftChecks();
    this.state = new StateChecks(() => cluster.clock.nowMs());
    this.#shapes = new ClusterShapes(this.probes, this.raft);
  }

  /** Hashes of the shapes that the cluster was seen in. */
  get states(): readonly number[] {
    return this.#shapes.hashes;
  }

  /** Terms that had a leader. */
  get leaderCount(): number {
    return this.#shapes.leaderCount;
  }

  /** A member came up, and does not take part yet. */
  onBooted(member: SimulatedMember, node: MemberNode): void {
    const { raft, machine } = node.member;
    this.raft.onBooted(member, raft);
    if (member.forgot === null) this.#lookAtBoot(member, node);
    this.state.onBooted(member, machine);
  }

  #lookAtBoot({ recovered }: SimulatedMember, { member: { raft, machine } }: MemberNode): void {
    const { probes } = this;
    if (raft.lastIndex > machine.appliedIndex)
      probes.hit("a member boots with a log ahead of its state");
    if (recovered !== null && recovered.tornBytes > 0) probes.hit("a torn write is cut from a log");
    if (this.#shapes.isBehindKeptLogs(raft)) probes.hit("a member boots behind the kept log");
    if (raft.isRecovering) probes.hit("a member lacks entries that its disk lost");
    const takeReady = raft.takeReady.bind(raft);
    raft.takeReady = () => {
      const ready = takeReady();
      if (ready === null) return null;
      if (ready.refusedReads.length > 0) probes.hit("a read is refused by consensus");
      if (ready.isRecovered) probes.hit("a member has again what its disk lost");
      return ready;
    };
  }

  onEvent(cluster: Cluster): void {
    let hasMoved = false;
    for (const member of cluster.members) {
      const raft: Raft | undefined = member.node?.member.raft;
      if (raft !== undefined && this.raft.look(member, raft)) hasMoved = true;
    }
    if (hasMoved || this.#shapes.isMemberCountNew(cluster)) this.#shapes.look(cluster);
  }
}
