import { type Clock, nextUint64, type Prng } from "@conclave/base";
import type {
  LogIndex,
  MemberId,
  MembershipChange,
  ProposeMembershipRefusal,
  Raft,
  Term,
} from "@conclave/raft";
import { Status } from "@conclave/rpc";
import type { StateMachine } from "@conclave/state-machine";
import { type EtcdError, Member as MemberMessage } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import type { Logger } from "../observe/logger.ts";
import { formatId, PeerPath } from "../peer/peer-protocol.ts";
import type { PeerTransport } from "../peer/peer-transport.ts";
import { refusalOf } from "./membership-checks.ts";
import {
  decodeMembershipOutcome,
  decodeMembershipRequest,
  encodePeerJson,
  type MembershipChanged,
  type MembershipOutcome,
  type MembershipRequest,
} from "./membership-request.ts";

/** Changes that wait here before more are refused. Operators ask for one at a time. Count. */
const CHANGES_MAX = 64;

export interface MembershipChangesOptions {
  readonly self: MemberId;
  readonly raft: Pick<Raft, "role" | "leader" | "membership" | "progress" | "proposeMembership">;
  readonly machine: Pick<StateMachine, "members" | "removedMembers" | "appliedIndex">;
  readonly driver: { readonly isLeading: boolean; wake(): void };
  readonly transport: Pick<PeerTransport, "call" | "connectedSinceMs">;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger;
  readonly isStrict: boolean;
  /** Gives leadership away, if somebody can take it. */
  readonly handOver: () => Promise<void>;
  /** How long a change may take. Milliseconds. */
  readonly timeoutMs: number;
}

/** Exactly one of the two is called, once. */
export interface MembershipWaiter {
  /** The change is applied here. */
  onChanged(changed: MembershipChanged): void;
  /** A timeout says nothing of what became of the change. */
  onRefused(error: EtcdError): void;
}

type Phase =
  | { readonly at: "waiting" }
  | { readonly at: "handing-over" }
  | { readonly at: "asked" }
  | {
      readonly at: "proposed";
      readonly index: LogIndex;
      readonly term: Term;
      readonly id: MemberId;
    }
  | ({ readonly at: "applying" } & MembershipChanged);

interface PendingChange {
  readonly request: MembershipRequest;
  readonly waiter: MembershipWaiter;
  readonly deadlineMs: number;
  /** Set if another member asks: it is told, instead of a third. */
  readonly onNotLeading: (() => void) | null;
  phase: Phase;
}

/**
 * Changes of the membership on their way: the leader judges and proposes them, one after another, the others ask it to.
 *
 * A member that is to vote is added as a learner, and voted in by itself once it has caught up: until then nothing is
 * lost by it, however long it takes to start (thesis 4.2.1). In etcd it counts for the quorum at once.
 */
export class MembershipChanges {
  readonly #o: MembershipChangesOptions;
  #pending: PendingChange[] = [];
  /** The last change proposed here: the next is judged by what it leaves. */
  #lastIndex: LogIndex = 0;

  constructor(options: MembershipChangesOptions) {
    this.#o = options;
  }

  /** Changes that wait for their end. */
  get pending(): number {
    return this.#pending.length;
  }

  submit(
    request: MembershipRequest,
    waiter: MembershipWaiter,
    onNotLeading: (() => void) | null = null,
  ): void {
    if (this.#pending.length >= CHANGES_MAX) {
      waiter.onRefused(EtcdErrors.tooManyRequests);
      return;
    }
    const deadlineMs = this.#o.clock.nowMs() + this.#o.timeoutMs;
    this.#pending.push({ request, waiter, deadlineMs, onNotLeading, phase: { at: "waiting" } });
    this.#advance();
  }

  /** A change that another member was asked for and this one is to carry out as the leader. */
  onForwarded(body: Uint8Array, answer: (outcome: Uint8Array) => void): void {
    const request = decodeMembershipRequest(body);
    const end = (outcome: MembershipOutcome): void => answer(encodePeerJson(outcome));
    if (request === null) {
      end({ kind: "refused", error: EtcdErrors.unknownMethod });
      return;
    }
    const waiter: MembershipWaiter = {
      onChanged: (changed) => end({ kind: "changed", ...changed }),
      onRefused: ({ code, message }) => end({ kind: "refused", error: { code, message } }),
    };
    this.submit(request, waiter, () => end({ kind: "not-leading" }));
  }

  /** A change was applied; called before {@link onApplied}. */
  onMembership(index: LogIndex, term: Term): void {
    for (const change of this.#pending) {
      const { phase } = change;
      if (phase.at !== "proposed" || phase.index !== index || phase.term !== term) continue;
      change.phase = { at: "applying", id: phase.id, index };
    }
  }

  onApplied(appliedIndex: LogIndex): void {
    for (const change of [...this.#pending]) {
      const { phase } = change;
      if (phase.at === "applying" && phase.index <= appliedIndex) this.#end(change, phase);
      // Another entry took its place, or a snapshot did, which does not tell.
      else if (phase.at === "proposed" && phase.index <= appliedIndex) {
        this.#refuse(change, EtcdErrors.timeoutDueToLeaderFail);
      }
    }
    this.#advance();
  }

  /** Called at every heartbeat interval. */
  onTick(): void {
    const nowMs = this.#o.clock.nowMs();
    for (const change of [...this.#pending]) {
      if (change.deadlineMs <= nowMs) this.#refuse(change, EtcdErrors.timeout);
    }
    this.#advance();
    this.#maybePromote();
  }

  /** The member stops: everyone is told so. */
  close(): void {
    for (const change of [...this.#pending]) this.#refuse(change, EtcdErrors.stopped);
  }

  #end(change: PendingChange, { id, index }: MembershipChanged): void {
    if (this.#drop(change)) change.waiter.onChanged({ id, index });
  }

  #refuse(change: PendingChange, error: EtcdError): void {
    if (this.#drop(change)) change.waiter.onRefused(error);
  }

  #drop(change: PendingChange): boolean {
    const at = this.#pending.indexOf(change);
    if (at !== -1) this.#pending.splice(at, 1);
    return at !== -1;
  }

  /** Tries what waits, in the order it came. */
  #advance(): void {
    const { raft } = this.#o;
    for (const change of [...this.#pending]) {
      if (change.phase.at !== "waiting") continue;
      if (raft.role === "leader") this.#carryOut(change);
      else if (change.onNotLeading !== null) {
        if (this.#drop(change)) change.onNotLeading();
      } else if (raft.leader !== 0n) this.#askLeader(change, raft.leader);
    }
  }

  #askLeader(change: PendingChange, leader: MemberId): void {
    change.phase = { at: "asked" };
    const body = encodePeerJson(change.request);
    this.#o.transport.call(leader, PeerPath.changeMembership, body, (status, answer) => {
      const outcome = answer === null ? null : decodeMembershipOutcome(answer);
      if (status.code !== Status.OK || outcome === null) {
        if (status.mayHaveReachedServer || status.code === Status.OK) {
          this.#refuse(change, EtcdErrors.timeoutDueToLeaderFail);
        } else change.phase = { at: "waiting" };
      } else this.#onOutcome(change, outcome);
    });
  }

  #onOutcome(change: PendingChange, outcome: MembershipOutcome): void {
    if (outcome.kind === "not-leading") change.phase = { at: "waiting" };
    else if (outcome.kind === "refused") this.#refuse(change, outcome.error);
    else {
      const { self, machine } = this.#o;
      // Nobody sends a removed member the entry that removes it.
      const isApplied = outcome.index <= machine.appliedIndex;
      const isOwnEnd = change.request.type === "remove" && outcome.id === self;
      if (isApplied || isOwnEnd) this.#end(change, outcome);
      else change.phase = { at: "applying", id: outcome.id, index: outcome.index };
    }
  }

  #carryOut(change: PendingChange): void {
    const { driver, machine, self } = this.#o;
    // What is judged is the state; it must hold every change before this one.
    if (!driver.isLeading || this.#lastIndex > machine.appliedIndex) return;
    const { request } = change;
    const refusal = refusalOf(request, {
      self,
      members: machine.members(),
      nowMs: this.#o.clock.nowMs(),
      connectedSinceMs: (id) => this.#o.transport.connectedSinceMs(id),
      isStrict: this.#o.isStrict,
    });
    if (refusal !== null) this.#refuse(change, refusal);
    else if (request.type === "remove" && request.id === self) this.#retire(change);
    else this.#propose(change, this.#changeFor(request));
  }

  /** Whoever is to leave hands over first, so that nobody waits for an election; if nobody can take over, it leaves as it is. */
  #retire(change: PendingChange): void {
    change.phase = { at: "handing-over" };
    this.#o.handOver().then(() => {
      if (!this.#pending.includes(change)) return;
      change.phase = { at: "waiting" };
      if (this.#o.raft.role === "leader" && this.#o.driver.isLeading) {
        this.#propose(change, { type: "remove", id: this.#o.self });
      } else this.#advance();
    });
  }

  #changeFor(request: MembershipRequest): MembershipChange {
    switch (request.type) {
      case "add": {
        const id = this.#drawId();
        const { peerUrls, isLearner } = request;
        const context = MemberMessage.encode({ ID: id, peerURLs: [...peerUrls].sort(), isLearner });
        return { type: "add-learner", id, context };
      }
      case "update": {
        const { id, peerUrls } = request;
        const context = MemberMessage.encode({ ID: id, peerURLs: [...peerUrls].sort() });
        return { type: "update", id, context };
      }
      case "promote":
      case "remove":
        return { type: request.type, id: request.id };
    }
  }

  /** An id that no member has, or ever had. */
  #drawId(): MemberId {
    const { machine, prng } = this.#o;
    for (;;) {
      const id = nextUint64(prng);
      if (id !== 0n && !machine.members().has(id) && !machine.removedMembers().has(id)) return id;
    }
  }

  #propose(pending: PendingChange, change: MembershipChange): void {
    const proposed = this.#o.raft.proposeMembership(change);
    if (proposed.ok) {
      const { index, term } = proposed;
      this.#lastIndex = index;
      pending.phase = { at: "proposed", index, term, id: change.id };
      this.#o.logger.info("membership change proposed", {
        change: change.type,
        member: formatId(change.id),
        index,
      });
      this.#o.driver.wake();
      return;
    }
    const error = errorOf(proposed.code);
    if (error !== null) this.#refuse(pending, error);
  }

  /** Gives those their vote that are to have one and have caught up. */
  #maybePromote(): void {
    const { raft, driver, machine, logger } = this.#o;
    const { learners } = raft.membership;
    if (learners.length === 0 || !driver.isLeading || this.#lastIndex > machine.appliedIndex)
      return;
    const ready = raft.progress.find(
      ({ id, isActive, state }) =>
        isActive &&
        state === "replicate" &&
        learners.includes(id) &&
        machine.members().get(id)?.isLearner === false,
    );
    if (ready === undefined) return;
    const promoted = raft.proposeMembership({ type: "promote", id: ready.id });
    if (!promoted.ok) return;
    this.#lastIndex = promoted.index;
    logger.info("a member has caught up and is to vote", { member: formatId(ready.id) });
    driver.wake();
  }
}

/** What a client is told of a refusal of consensus; null: it passes, the change waits. */
function errorOf(code: ProposeMembershipRefusal): EtcdError | null {
  switch (code) {
    case "ALREADY_MEMBER":
      return EtcdErrors.memberExists;
    case "NOT_A_MEMBER":
      return EtcdErrors.memberNotFound;
    case "NOT_A_LEARNER":
      return EtcdErrors.memberNotLearner;
    case "LEARNER_BEHIND":
      return EtcdErrors.learnerNotReady;
    case "LAST_VOTER":
      return EtcdErrors.notEnoughStartedMembers;
    case "TOO_MANY_MEMBERS":
      return EtcdErrors.tooManyRequests;
    case "NOT_LEADER":
    case "TRANSFERRING":
    case "TOO_MUCH_UNCOMMITTED":
    case "NO_COMMIT_IN_TERM":
    case "CHANGE_PENDING":
      return null;
  }
}
