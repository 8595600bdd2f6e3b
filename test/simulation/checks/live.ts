import type { Cluster, Observer, SimulatedMember } from "@conclave/testing/cluster";
import { check } from "./violation.ts";

interface Seen {
  incarnation: number;
  revision: number;
  appliedIndex: number;
  term: number;
}

/** What must hold after every event. The names R1, R10, R19 and M1 are those of the invariants' table. */
export class LiveChecks implements Observer {
  readonly #leaders = new Map<number, string>();
  readonly #hashes = new Map<number, number>();
  readonly #seen = new Map<string, Seen>();
  /** When a revision was first there on any member, by revision. Virtual ms. */
  readonly #appearedMs: number[] = [];

  /** Terms that had a leader. */
  get leaderCount(): number {
    return this.#leaders.size;
  }

  appearedMs(revision: number): number {
    return this.#appearedMs[revision] ?? Number.POSITIVE_INFINITY;
  }

  onEvent(cluster: Cluster): void {
    for (const member of cluster.running) this.#look(cluster, member);
  }

  #look(cluster: Cluster, member: SimulatedMember): void {
    const { node, name, incarnation } = member;
    if (node === null) return;
    const { raft, machine } = node.member;
    const seen = this.#seenOf(name, incarnation);
    check(raft.term >= seen.term, () => `R10: the term of ${name} fell to ${raft.term}`);
    seen.term = raft.term;
    if (raft.role === "leader") this.#onLeader(raft.term, name);
    const { appliedIndex, revision } = machine;
    if (!machine.isLoaded || appliedIndex === seen.appliedIndex) return;
    check(appliedIndex >= seen.appliedIndex, () => `R10: the applied index of ${name} fell`);
    check(revision >= seen.revision, () => `M1: the revision of ${name} fell to ${revision}`);
    seen.appliedIndex = appliedIndex;
    seen.revision = revision;
    for (let at = this.#appearedMs.length; at <= revision; at += 1) {
      this.#appearedMs.push(cluster.clock.nowMs());
    }
    this.#compareState(name, appliedIndex, machine.stateHash());
  }

  #onLeader(term: number, name: string): void {
    const known = this.#leaders.get(term);
    if (known === undefined) this.#leaders.set(term, name);
    else check(known === name, () => `R1: ${known} and ${name} both lead in term ${term}`);
  }

  #compareState(name: string, appliedIndex: number, hash: number): void {
    const known = this.#hashes.get(appliedIndex);
    if (known === undefined) this.#hashes.set(appliedIndex, hash);
    else check(known === hash, () => `R19: the state of ${name} at index ${appliedIndex} differs`);
  }

  #seenOf(name: string, incarnation: number): Seen {
    const known = this.#seen.get(name);
    if (known !== undefined && known.incarnation === incarnation) return known;
    // A term that was not yet durable was told to nobody; state that was not is applied again from the log.
    const fresh = { incarnation, revision: 0, appliedIndex: 0, term: 0 };
    this.#seen.set(name, fresh);
    return fresh;
  }
}
