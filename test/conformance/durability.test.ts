import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFailed, test } from "vitest";
import { ClusterWorkload } from "../support/cluster-workload.ts";
import { eventually } from "../support/eventually.ts";
import { RawClient } from "../support/raw-client.ts";
import { Deployment, type MemberProcess, type ServerKind } from "../support/server-process.ts";
import { conclaveServer, etcdServer } from "../support/tools.ts";

/** The members by role, by their own account. @throws Error while they do not agree on a leader. */
async function rolesOf(cluster: Deployment) {
  const views = await Promise.all(
    cluster.members.map(async (member) => {
      using client = new RawClient(member.endpoint);
      const { header, leader } = await client.call("Maintenance.Status", {}, { timeoutMs: 2_000 });
      return { member, id: header.member_id, leader };
    }),
  );
  const leaders = new Set(views.map((view) => view.leader));
  const leader = views.find((view) => leaders.size === 1 && view.id === view.leader);
  if (leader === undefined) throw new Error("no leader that all agree on");
  const followers = views.filter((view) => view !== leader).map((view) => view.member);
  return { leader: leader.member, followers };
}

async function killAndRestart(
  members: readonly MemberProcess[],
  whileDown: () => Promise<void>,
): Promise<void> {
  await Promise.all(members.map((member) => member.kill()));
  await whileDown();
  for (const member of members) member.start();
  await Promise.all(members.map((member) => member.waitHealthy()));
}

/** Every promise that was made to the workload's clients, checked on every member. */
async function expectNothingLost(cluster: Deployment, workload: ClusterWorkload): Promise<void> {
  expect(workload.violations).toEqual([]);
  const seen = new Map(workload.events.map(({ kv }) => [kv.key, kv]));
  expect(seen.size).toBe(workload.events.length); // every key is written once: no event twice
  const hashes = new Set<string>();
  for (const { endpoint } of cluster.members) {
    using client = new RawClient(endpoint);
    const { kvs } = await client.call("KV.Range", workload.range);
    const stored = new Map(kvs.map((kv) => [kv.key, kv]));
    for (const { key, value, revision } of workload.acknowledged) {
      expect(stored.get(key)).toMatchObject({ value, mod_revision: revision, version: 1 });
    }
    expect(seen).toEqual(stored); // the watch saw exactly what is there
    const { count } = await client.call("KV.Range", { key: "session" });
    expect(count).toBe(1);
    const left = await client.call("Lease.LeaseTimeToLive", { ID: workload.sessionLease });
    expect(left.TTL).toBeGreaterThan(0);
    const { hash, header } = await client.call("Maintenance.HashKV", {});
    hashes.add(`${header.revision} ${hash}`);
  }
  expect(hashes.size).toBe(1);
}

// etcd has proved itself often enough: one round shows that the test is fair.
const leaderKills: Record<ServerKind, number> = { conclave: 5, etcd: 1 };
const tools = { conclave: conclaveServer, etcd: etcdServer };

describe.each(["conclave", "etcd"] as const)("durability of %s", (kind) => {
  const missing = tools[kind].present ? "" : ` (${kind}: not installed)`;
  const options = { timeout: 150_000, skip: missing !== "" };

  test(`three processes lose nothing to kill -9${missing}`, options, async () => {
    await using cluster = await Deployment.start({ kind, members: 3 });
    onTestFailed(() => console.error(cluster.logTail()));
    await using workload = new ClusterWorkload(cluster.endpoints);
    await workload.start();
    await workload.progress(50);

    for (let round = 0; round < leaderKills[kind]; round++) {
      const { leader } = await eventually(() => rolesOf(cluster));
      await killAndRestart([leader], () => workload.progress(50)); // the other two go on alone
      await workload.progress(20);
    }

    const { leader, followers } = await eventually(() => rolesOf(cluster));
    await killAndRestart([leader, ...followers.slice(1)], async () => {
      await sleep(200); // what was under way has ended by now
      const before = workload.acknowledged.length;
      await sleep(1_000);
      expect(workload.acknowledged.length).toBe(before); // one of three decides nothing
    });
    await workload.progress(50);

    await killAndRestart(cluster.members, async () => {});
    await workload.progress(50);

    await workload.settle();
    await expectNothingLost(cluster, workload);
    expect(workload.watchResumes).toBeGreaterThan(0); // the watch did break, and went on
    expect(workload.unknownOutcomes).toBeGreaterThan(0); // calls did fail in flight
  });

  test(`one member keeps what it acknowledged over kill -9${missing}`, options, async () => {
    await using single = await Deployment.start({ kind });
    onTestFailed(() => console.error(single.logTail()));
    await using workload = new ClusterWorkload(single.endpoints);
    await workload.start();
    for (let round = 0; round < 2; round++) {
      await workload.progress(100);
      await killAndRestart(single.members, async () => {});
    }
    await workload.progress(20);
    await workload.settle();
    await expectNothingLost(single, workload);
  });

  test(`a leader that was paused does not answer from the past${missing}`, options, async () => {
    await using cluster = await Deployment.start({ kind, members: 3 });
    onTestFailed(() => console.error(cluster.logTail()));
    const { leader, followers } = await eventually(() => rolesOf(cluster));
    using paused = new RawClient(leader.endpoint);
    await paused.call("KV.Put", { key: "k", value: "old" });
    await leader.signal("SIGSTOP");
    using client = new RawClient(followers[0]?.endpoint ?? "");
    await eventually(
      () => client.call("KV.Put", { key: "k", value: "new" }, { timeoutMs: 2_000 }),
      20_000,
    );
    await leader.signal("SIGCONT");
    // At once, while the paused member still believes that it leads.
    const answer = await eventually(() => paused.call("KV.Range", { key: "k" }));
    expect(answer.kvs).toMatchObject([{ value: "new" }]);
  });

  test(
    `SIGTERM of the leader ends it with code 0 and the others go on${missing}`,
    options,
    async () => {
      await using cluster = await Deployment.start({ kind, members: 3 });
      onTestFailed(() => console.error(cluster.logTail()));
      await using workload = new ClusterWorkload(cluster.endpoints);
      await workload.start();
      await workload.progress(20);
      const { leader } = await eventually(() => rolesOf(cluster));
      const code = await leader.terminate();
      expect(code).toBe(kind === "conclave" ? 0 : null); // etcd ends by the signal itself
      await workload.progress(50);
      await leader.restart();
      await workload.settle();
      await expectNothingLost(cluster, workload);
    },
  );
});
