import type { Mutant } from "./mutant.ts";

const EXPIRY = "packages/state-machine/src/lease/expiry.ts";
const LESSOR = "packages/state-machine/src/lease/lessor.ts";
const QUEUE = "packages/server/src/api/queue-entry.ts";
const ELECTIONS = "packages/server/src/api/election-service.ts";
const KEEPER = "packages/server/src/node/lease-keeper.ts";

/** Leases, and the locks that hang on them. */
export const LEASE_MUTANTS: readonly Mutant[] = [
  {
    id: "deposed-leader-revokes",
    bug: "E18, L6",
    title: "The end of a lease that an earlier leader asked for is carried out in a later term",
    simulator: "cluster",
    edits: [
      {
        file: "packages/state-machine/src/command-executor.ts",
        find: "for (const id of expire.term === term ? expire.leases : []) {",
        replace: "for (const id of expire.leases) {",
      },
    ],
  },
  {
    id: "deposed-leader-renews",
    bug: "E18, L4",
    title: "A leader renews leases without proof that it still leads",
    simulator: "cluster",
    isRare: true,
    edits: [
      {
        file: KEEPER,
        find: "this.#provingLeadership(answer, () => {\n      const nowMs = this.#o.clock.nowMs();",
        replace:
          "const prove = (_: unknown, act: () => void) => (this.#expiry.isLeader ? act() : answer(null));\n    prove(answer, () => {\n      const nowMs = this.#o.clock.nowMs();",
      },
    ],
  },
  {
    id: "ending-lease-renewed",
    bug: "E19",
    title: "A lease is renewed while its end is under way",
    simulator: "cluster",
    edits: [
      {
        file: EXPIRY,
        find: "if (lease === undefined || lease.isExpiring || lease.dueMs <= nowMs) return 0;",
        replace: "if (lease === undefined) return 0;",
      },
    ],
  },
  {
    id: "promotion-shortens-leases",
    bug: "E20",
    title: "A new leader counts leases from when it heard of them, not from when it leads",
    simulator: "cluster",
    edits: [
      {
        file: EXPIRY,
        find: "const times = { dueMs: 0, wakeMs",
        replace: "const times = { dueMs: this.#nowMs + ttlMs, wakeMs",
      },
      {
        file: EXPIRY,
        find: "this.#schedule(lease, nowMs + lease.ttlMs + extendMs);",
        replace: "this.#schedule(lease, Math.max(nowMs, lease.dueMs));",
      },
    ],
  },
  {
    id: "renewal-forgotten",
    bug: "E20, L1",
    title: "A lease whose deadline was renewed ends at its first deadline",
    simulator: "cluster",
    edits: [
      {
        file: EXPIRY,
        find: "} else if (first.wakeMs > first.queuedMs) {",
        replace: "} else if (first.queuedMs < 0) {",
      },
    ],
  },
  {
    id: "lease-not-stored",
    bug: "L3, R18",
    title: "A lease that ended is there again after a restart",
    simulator: "cluster",
    edits: [{ file: LESSOR, find: "this.#store.delete(leaseKey(id));", replace: "" }],
  },
  {
    id: "revoke-keeps-keys",
    bug: "L3",
    title: "The end of a lease leaves the last of its keys",
    simulator: "cluster",
    edits: [
      {
        file: "packages/state-machine/src/command-executor.ts",
        find: "for (const key of lessor.keysOf(id)) mvcc.delete(key);\n    this.#endWrite();",
        replace:
          "for (const key of lessor.keysOf(id).slice(1)) mvcc.delete(key);\n    for (const key of lessor.keysOf(id)) lessor.attach(key, 0n);\n    this.#endWrite();",
      },
    ],
  },
  {
    id: "lock-granted-to-second",
    bug: "K1",
    title: "Whoever joins a queue is through if only one is before it",
    simulator: "cluster",
    edits: [
      {
        file: QUEUE,
        find: "if (predecessor === undefined) return;",
        replace: "if (predecessor === undefined || older.count === 2) return;",
      },
    ],
  },
  {
    id: "lock-granted-by-any-departure",
    bug: "K3",
    title: "A waiter is through as soon as the one before it left, whoever else waits",
    simulator: "cluster",
    edits: [
      {
        file: QUEUE,
        find: "    signal.throwIfAborted();\n  }\n}",
        replace: "    signal.throwIfAborted();\n    return;\n  }\n}",
      },
    ],
  },
  {
    id: "lock-granted-to-the-dead",
    bug: "K1, etcd 11456",
    title: "A lock is granted though the waiter's own key is gone",
    simulator: "cluster",
    edits: [
      {
        file: QUEUE,
        find: "if (own.kvs[0]?.createRevision !== entry.createRevision) throw new EtcdFailure(error);",
        replace: "",
      },
    ],
  },
  {
    id: "proclaimed-for-another-term",
    bug: "K5",
    title:
      "A leader of before proclaims and resigns in the name of the term that its lease has now",
    simulator: "cluster",
    edits: [
      {
        file: ELECTIONS,
        find: "result: CompareResult.EQUAL,\n    target: CompareTarget.CREATE,\n    key: leader.key,\n    createRevision: leader.rev,",
        replace:
          "result: CompareResult.GREATER,\n    target: CompareTarget.CREATE,\n    key: leader.key,\n    createRevision: 0,",
      },
    ],
  },
  {
    id: "observer-misses-proclamations",
    bug: "K5",
    title: "An observer is told who leads, and then only of the next leader",
    simulator: "cluster",
    edits: [
      {
        file: ELECTIONS,
        find: "send({ kv: change.kv, header: { ...header, revision: change.modRevision } });",
        replace: "continue;",
      },
    ],
  },
  {
    id: "fence-stands-still",
    bug: "K2",
    title: "Every hold of a client of the SDK has the fence of its first one",
    simulator: "cluster",
    edits: [
      {
        file: "packages/client/src/ownership/hold.ts",
        find: "this.fence = new Fence(entry.createRevision);",
        replace:
          "const first = entry.session as unknown as { fence?: number };\n    first.fence ??= entry.createRevision;\n    this.fence = new Fence(first.fence);",
      },
    ],
  },
];
