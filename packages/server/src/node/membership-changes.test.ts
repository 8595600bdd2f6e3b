import { seededPrng, VirtualClock } from "@conclave/base";
import type {
  MemberId,
  MemberProgress,
  MembershipChange,
  ProposeMembershipRefusal,
} from "@conclave/raft";
import { type CallStatus, Status } from "@conclave/rpc";
import type { ClusterMember } from "@conclave/state-machine";
import { Member as MemberMessage } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { describe, expect, test } from "vitest";
import { silentLogger } from "../observe/logger.ts";
import { MembershipChanges } from "./membership-changes.ts";
import {
  decodeMembershipOutcome,
  decodeMembershipRequest,
  encodePeerJson,
  type MembershipOutcome,
  type MembershipRequest,
} from "./membership-request.ts";

const SELF = 1n;
const OTHER = 2n;
const TIMEOUT_MS = 7_000;
const TERM = 3;

type Answered = Pick<CallStatus, "code" | "message" | "mayHaveReachedServer">;

/** Members 1 and 2, seen by 1, with a log and a leader that the test plays. */
class Rig {
  readonly clock = new VirtualClock();
  readonly members = new Map<MemberId, ClusterMember>([SELF, OTHER].map((id) => [id, named(id)]));
  readonly proposed: MembershipChange[] = [];
  readonly asked: {
    to: MemberId;
    body: Uint8Array;
    answer: (status: Answered, body: Uint8Array | null) => void;
  }[] = [];
  readonly raft = {
    role: "leader" as "leader" | "follower",
    leader: SELF as MemberId,
    membership: { voters: [SELF, OTHER], learners: [] as MemberId[] },
    progress: [] as MemberProgress[],
    proposeMembership: (change: MembershipChange) => this.#propose(change),
  };
  readonly machine = {
    appliedIndex: 10,
    members: () => this.members,
    removedMembers: () => new Set<MemberId>(),
  };
  readonly handOvers: (() => void)[] = [];
  refusal: ProposeMembershipRefusal | null = null;
  readonly changes = new MembershipChanges({
    self: SELF,
    raft: this.raft,
    machine: this.machine,
    driver: this.#driver,
    transport: {
      connectedSinceMs: () => -60_000,
      call: (to, _path, body, answer) => void this.asked.push({ to, body, answer }),
    },
    clock: this.clock,
    prng: seededPrng(1),
    logger: silentLogger,
    isStrict: true,
    handOver: () => new Promise((resolve) => this.handOvers.push(resolve)),
    timeoutMs: TIMEOUT_MS,
  });

  get #driver() {
    const { raft } = this;
    return {
      get isLeading() {
        return raft.role === "leader";
      },
      wake() {},
    };
  }

  #propose(change: MembershipChange) {
    if (this.refusal !== null) return { ok: false, code: this.refusal } as const;
    this.proposed.push(change);
    return { ok: true, index: this.machine.appliedIndex + 1, term: TERM } as const;
  }

  follow(leader: MemberId): void {
    this.raft.role = "follower";
    this.raft.leader = leader;
  }

  /** What became of a change, as its waiter is told. */
  submit(request: MembershipRequest): { outcome: string } {
    const told = { outcome: "" };
    this.changes.submit(request, {
      onChanged: ({ id, index }) => {
        told.outcome += `${id} changed at ${index}`;
      },
      onRefused: ({ message }) => {
        told.outcome += message;
      },
    });
    return told;
  }

  /** The entry after the last is applied: the last change that was proposed, or somebody else's. */
  apply(isOurs = true): void {
    const change = this.proposed.at(-1);
    const { machine } = this;
    machine.appliedIndex += 1;
    if (isOurs && change?.type === "add-learner") {
      const { peerURLs, isLearner } = MemberMessage.decode(change.context ?? new Uint8Array(0));
      this.members.set(change.id, { name: "", peerUrls: peerURLs, clientUrls: [], isLearner });
    }
    if (isOurs && change?.type === "remove") this.members.delete(change.id);
    if (isOurs) this.changes.onMembership(machine.appliedIndex, TERM);
    this.changes.onApplied(machine.appliedIndex);
  }

  answer(outcome: MembershipOutcome): void {
    this.asked
      .at(-1)
      ?.answer(
        { code: Status.OK, message: "", mayHaveReachedServer: true },
        encodePeerJson(outcome),
      );
  }

  fail(mayHaveReachedServer: boolean): void {
    this.asked
      .at(-1)
      ?.answer({ code: Status.UNAVAILABLE, message: "", mayHaveReachedServer }, null);
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.changes.onTick();
  }
}

function named(id: MemberId): ClusterMember {
  return { name: `m${id}`, peerUrls: [`http://m${id}:2380`], clientUrls: [], isLearner: false };
}

const add = (url = "http://new:2380", isLearner = false): MembershipRequest => ({
  type: "add",
  peerUrls: [url],
  isLearner,
});
const removal = (id: MemberId): MembershipRequest => ({ type: "remove", id });

describe("a leader", () => {
  test("proposes a change at once and answers when it is applied here", () => {
    const rig = new Rig();
    const told = rig.submit(add());
    expect(rig.proposed).toMatchObject([{ type: "add-learner" }]);
    expect(told.outcome).toBe("");
    rig.apply();
    expect(told.outcome).toBe(`${rig.proposed[0]?.id} changed at 11`);
    expect(rig.changes.pending).toBe(0);
  });

  test("judges a change by what the one before it leaves", () => {
    const rig = new Rig();
    rig.submit(add("http://same:2380", true));
    const second = rig.submit(add("http://same:2380", true));
    expect(rig.proposed).toHaveLength(1);
    expect(second.outcome).toBe("");
    rig.apply();
    expect(rig.proposed).toHaveLength(1);
    expect(second.outcome).toBe(EtcdErrors.peerUrlExists.message);
  });

  test("cannot tell what became of a change in whose place another entry was applied", () => {
    const rig = new Rig();
    const told = rig.submit(add());
    rig.apply(false);
    expect(told.outcome).toBe(EtcdErrors.timeoutDueToLeaderFail.message);
  });

  test.each([
    "TRANSFERRING",
    "NO_COMMIT_IN_TERM",
    "CHANGE_PENDING",
    "TOO_MUCH_UNCOMMITTED",
  ] as const)("lets a change wait that consensus cannot take now (%s)", (code) => {
    const rig = new Rig();
    rig.refusal = code;
    const told = rig.submit(add());
    rig.pass(100);
    expect(told.outcome).toBe("");
    rig.refusal = null;
    rig.pass(100);
    expect(rig.proposed).toHaveLength(1);
  });

  test("tells at once what consensus will never take", () => {
    const rig = new Rig();
    rig.refusal = "LEARNER_BEHIND";
    rig.members.set(3n, { ...named(3n), isLearner: true });
    const told = rig.submit({ type: "promote", id: 3n });
    expect(told.outcome).toBe(EtcdErrors.learnerNotReady.message);
  });

  test("that is to be removed hands over first, and the one who leads then is asked to remove it", async () => {
    const rig = new Rig();
    const told = rig.submit(removal(SELF));
    expect(rig.proposed).toEqual([]);
    rig.follow(OTHER);
    rig.handOvers[0]?.();
    await Promise.resolve();
    expect(rig.asked.map(({ to, body }) => [to, decodeMembershipRequest(body)])).toEqual([
      [OTHER, removal(SELF)],
    ]);
    // Nobody sends it the entry that removes it.
    rig.answer({ kind: "changed", id: SELF, index: 99 });
    expect(told.outcome).toBe("1 changed at 99");
  });

  test("that is to be removed and finds nobody to take over removes itself", async () => {
    const rig = new Rig();
    rig.submit(removal(SELF));
    rig.handOvers[0]?.();
    await Promise.resolve();
    expect(rig.proposed).toEqual([removal(SELF)]);
  });
});

describe("a follower", () => {
  test("asks the leader, and answers when the change is applied here as well", () => {
    const rig = new Rig();
    rig.follow(OTHER);
    const told = rig.submit(add());
    expect(rig.proposed).toEqual([]);
    rig.answer({ kind: "changed", id: 7n, index: 11 });
    expect(told.outcome).toBe("");
    rig.apply(false);
    expect(told.outcome).toBe("7 changed at 11");
  });

  test("passes the leader's refusal on in its words", () => {
    const rig = new Rig();
    rig.follow(OTHER);
    const told = rig.submit(add());
    rig.answer({ kind: "refused", error: EtcdErrors.unhealthy });
    expect(told.outcome).toBe(EtcdErrors.unhealthy.message);
  });

  test("asks again when it is certain that the leader never heard it, and never else: a second addition would be another member", () => {
    const rig = new Rig();
    rig.follow(OTHER);
    const told = rig.submit(add());
    rig.fail(false);
    rig.pass(100);
    expect(rig.asked).toHaveLength(2);
    rig.fail(true);
    rig.pass(100);
    expect(rig.asked).toHaveLength(2);
    expect(told.outcome).toBe(EtcdErrors.timeoutDueToLeaderFail.message);
  });

  test("goes to the next leader when the one it asked is none", () => {
    const rig = new Rig();
    rig.follow(OTHER);
    rig.submit(add());
    rig.answer({ kind: "not-leading" });
    rig.follow(3n);
    rig.pass(100);
    expect(rig.asked.map(({ to }) => to)).toEqual([OTHER, 3n]);
  });

  test("without a leader waits for one, until the time is over", () => {
    const rig = new Rig();
    rig.follow(0n);
    const told = rig.submit(add());
    rig.pass(TIMEOUT_MS - 1);
    expect(told.outcome).toBe("");
    rig.pass(1);
    expect(told.outcome).toBe(EtcdErrors.timeout.message);
  });

  test("that another member takes for the leader says that it is none, and asks nobody", () => {
    const rig = new Rig();
    rig.follow(OTHER);
    const answers: (MembershipOutcome | null)[] = [];
    const body = encodePeerJson(add());
    rig.changes.onForwarded(body, (bytes) => answers.push(decodeMembershipOutcome(bytes)));
    expect(answers).toEqual([{ kind: "not-leading" }]);
    expect(rig.asked).toEqual([]);
  });
});

describe("a member that is to vote", () => {
  const progress = (told: Partial<MemberProgress>): MemberProgress => ({
    ...{ id: 3n, match: 9, next: 10, state: "replicate", isActive: true, takenBack: 0 },
    ...told,
  });
  function learning(told: Partial<MemberProgress>, isLearner = false): Rig {
    const rig = new Rig();
    rig.members.set(3n, { ...named(3n), isLearner });
    rig.raft.membership.learners.push(3n);
    rig.raft.progress.push(progress(told));
    rig.pass(100);
    return rig;
  }

  test("gets its vote by itself once it has caught up and is heard", () => {
    expect(learning({}).proposed).toEqual([{ type: "promote", id: 3n }]);
  });

  test.each([
    { why: "it was not heard of late", told: { isActive: false } },
    { why: "it is being sent a snapshot", told: { state: "snapshot" } },
  ] as const)("waits while $why", ({ told }) => {
    expect(learning(told).proposed).toEqual([]);
  });

  test("is none that was added as a learner: somebody has to promote it", () => {
    expect(learning({}, true).proposed).toEqual([]);
  });

  test("waits while another change is on its way", () => {
    const rig = new Rig();
    rig.submit(add());
    rig.members.set(3n, named(3n));
    rig.raft.membership.learners.push(3n);
    rig.raft.progress.push(progress({}));
    rig.pass(100);
    expect(rig.proposed).toMatchObject([{ type: "add-learner" }]);
  });
});

describe("changes that wait", () => {
  test("are 64 at most; the next is refused", () => {
    const rig = new Rig();
    rig.follow(0n);
    for (let count = 0; count < 64; count += 1) rig.submit(add());
    expect(rig.submit(add()).outcome).toBe(EtcdErrors.tooManyRequests.message);
    expect(rig.changes.pending).toBe(64);
  });

  test("are told when the member stops, each once", () => {
    const rig = new Rig();
    const proposed = rig.submit(add());
    const waiting = rig.submit(add("http://other:2380"));
    rig.changes.close();
    rig.apply();
    expect([proposed.outcome, waiting.outcome]).toEqual(Array(2).fill(EtcdErrors.stopped.message));
  });

  test("that a member asks for in bytes that mean nothing are refused", () => {
    const rig = new Rig();
    const answers: (MembershipOutcome | null)[] = [];
    rig.changes.onForwarded(Buffer.from("{}"), (bytes) =>
      answers.push(decodeMembershipOutcome(bytes)),
    );
    expect(answers).toMatchObject([{ kind: "refused" }]);
    expect(rig.changes.pending).toBe(0);
  });
});
