import { isDeepStrictEqual } from "node:util";
import {
  monotonicFences,
  mutualExclusion,
  watchComplete,
} from "../../packages/testing/src/checks.ts";
import { check } from "../simulation/checks/violation.ts";
import { eventually } from "../support/eventually.ts";
import { checkLeases } from "./checks/leases.ts";
import { LedgerStates } from "./checks/ledger.ts";
import { checkReads, checkRealTime } from "./checks/reads.ts";
import { checkWrites } from "./checks/writes.ts";
import type { ChaosCluster } from "./cluster.ts";
import { readHash, readLedger } from "./ledger.ts";
import type { WatchedEvent } from "./operations.ts";
import { PREFIX } from "./workers/key-names.ts";
import { ELECTION_NAME, FENCED_KEY, LOCK_NAME } from "./workers/lock-worker.ts";
import type { Scene } from "./workers/worker.ts";

const AGREE_TIMEOUT_MS = 20_000;

/** All members come to hold the same. @returns the revision that they are at @throws Error if they do not */
export function agreedRevision({ members }: ChaosCluster): Promise<number> {
  return eventually(async () => {
    const hashes = await Promise.all(members.map(({ channel }) => readHash(channel)));
    const [first] = hashes;
    const told = hashes.map(({ hash, revision }) => `${hash} at ${revision}`);
    check(
      hashes.every((each) => isDeepStrictEqual(each, first)),
      () => `R19: members hold different states: ${told.join(", ")}`,
    );
    return first?.revision ?? 0;
  }, AGREE_TIMEOUT_MS);
}

/** What every member tells of all changes there ever were, which is the same. */
export async function agreedLedger(
  { members }: ChaosCluster,
  revision: number,
): Promise<readonly WatchedEvent[]> {
  const ledgers = await Promise.all(members.map(({ channel }) => readLedger(channel, revision)));
  const [first = []] = ledgers;
  for (const [at, ledger] of ledgers.entries()) {
    check(
      isDeepStrictEqual(ledger, first),
      () => `W5: ${members[at]?.name} tells another history than ${members[0]?.name}`,
    );
  }
  return first;
}

/** Every promise that was made to clients, against what came of it. @throws Violation, HistoryError */
export function verify(
  { operations, holds }: Scene,
  ledger: readonly WatchedEvent[],
  seenMs: (revision: number) => number,
): void {
  const states = new LedgerStates(ledger);
  const { writes, reads, leases } = operations;
  // Keys of locks and elections are the SDK's own: their values may come again.
  const own = ledger.filter(({ key }) => isOwn(key));
  checkWrites(writes, own, states);
  checkRealTime(writes, reads);
  checkReads(reads, states);
  checkLeases(leases, ledger, seenMs);
  const left = [...states.at(states.lastRevision).keys()].filter((key) =>
    key.startsWith(PREFIX.leased),
  );
  check(left.length === 0, () => `L2: the leases of ${left} did not end`);
  enterLedger(holds, ledger, seenMs);
  holds.check(
    mutualExclusion(LOCK_NAME),
    mutualExclusion(ELECTION_NAME),
    monotonicFences(),
    watchComplete(PREFIX.shared),
    watchComplete(PREFIX.leased),
  );
}

function isOwn(key: string): boolean {
  return key.startsWith(PREFIX.shared) || key.startsWith(PREFIX.leased);
}

/** Changes are what watches are compared with; what holders wrote under their guards, what a resource let through. */
function enterLedger(
  holds: Scene["holds"],
  ledger: readonly WatchedEvent[],
  seenMs: (revision: number) => number,
): void {
  for (const { revision, key, value } of ledger) {
    const atMs = seenMs(revision);
    holds.changes.push({ atMs, revision, key, value });
    if (!key.startsWith(PREFIX.fenced) || value === null) continue;
    const fence = Number(value.split(" ")[1]);
    holds.accepted.push({ atMs, resource: key, fence });
  }
  check(
    holds.accepted.some(({ resource }) => resource === FENCED_KEY),
    () => "void: no holder of the lock wrote anything",
  );
}
