import { type MembershipRequest, WELCOME_WAIT_MS } from "@conclave/server/simulation";
import { Cluster, type SimulatedMember } from "@conclave/testing/cluster";
import { expect, test } from "vitest";

const PATIENCE_MS = 60_000;

/** A simulated cluster whose members come and go one after the other, without a fault. */
class CalmCluster {
  readonly cluster = new Cluster({
    seed: 1,
    size: 1,
    disk: { syncMsMax: 2, flushMsMax: 50 },
    network: { delayMsMax: 5 },
    heartbeatIntervalMs: 100,
    electionTimeoutMs: 1_000,
    preVote: true,
    snapshotCount: 1_000,
    keptEntriesMax: 10,
  });

  async until(isDone: () => boolean, ms = PATIENCE_MS): Promise<void> {
    const { clock } = this.cluster;
    expect(await this.cluster.run(clock.nowMs() + ms, { onEvent() {} }, isDone)).toBe(true);
  }

  async pass(ms: number): Promise<void> {
    const { clock } = this.cluster;
    await this.cluster.run(clock.nowMs() + ms, { onEvent() {} });
  }

  get leader(): SimulatedMember | undefined {
    return this.cluster.running.find(({ node }) => node?.member.raft.role === "leader");
  }

  /** Asked again until it is done: some things have to be healthy for a while first. */
  async change(request: MembershipRequest): Promise<bigint> {
    let id: bigint | null = null;
    let isAsked = false;
    await this.until(() => {
      const changes = this.leader?.node?.member.membershipChanges;
      if (isAsked || changes === undefined) return id !== null;
      isAsked = true;
      changes.submit(request, {
        onChanged: (changed) => {
          id = changed.id;
        },
        onRefused: () => {
          isAsked = false;
        },
      });
      return false;
    });
    return id ?? 0n;
  }

  /** A member that was added, and has not been started. */
  async added(): Promise<SimulatedMember> {
    const at = this.cluster.members.length + 1;
    const peerUrls = [`http://joiner${at}:2380`];
    return this.cluster.join(await this.change({ type: "add", peerUrls, isLearner: false }));
  }

  async grown(): Promise<SimulatedMember> {
    const member = await this.added();
    member.start();
    await this.until(() => member.node?.member.raft.role === "follower");
    return member;
  }

  async remove({ id }: SimulatedMember): Promise<void> {
    await this.change({ type: "remove", id });
  }
}

/** Founded by one member, which was replaced by another and is gone. */
async function withoutFounder() {
  const calm = new CalmCluster();
  const [founder] = calm.cluster.members;
  if (founder === undefined) throw new Error("a cluster has members");
  founder.start();
  await calm.until(() => calm.leader !== undefined);
  const heir = await calm.grown();
  await calm.remove(founder);
  await calm.until(() => founder.isRemoved);
  return { calm, heir };
}

test("a new member that is removed before it was sent anything is told so by those who were members when it was added, though the founders are gone", async () => {
  const { calm } = await withoutFounder();
  const newcomer = await calm.added();
  await calm.remove(newcomer);
  newcomer.start();
  await calm.until(() => newcomer.isRemoved);
});

test("a new member gives up after five minutes, by name, when all whom it could ask are gone", async () => {
  const { calm, heir } = await withoutFounder();
  const newcomer = await calm.added();
  await calm.remove(newcomer);
  heir.kill();
  newcomer.start();
  await calm.pass(WELCOME_WAIT_MS - 1_000);
  expect(newcomer.isUp).toBe(true);
  await calm.until(() => !newcomer.isUp);
  expect(newcomer.isRemoved).toBe(false);
  expect(calm.cluster.trace.lastLines.join("\n")).toMatch(
    /gives up: no member of its cluster has spoken to the new member [0-9a-f]+ for 5 minutes/,
  );
});

test("a new member waits for as long as it takes, once it has been sent something", async () => {
  const { calm, heir } = await withoutFounder();
  const second = await calm.grown();
  heir.kill();
  await calm.pass(3 * WELCOME_WAIT_MS);
  expect(second.isUp).toBe(true);
});
