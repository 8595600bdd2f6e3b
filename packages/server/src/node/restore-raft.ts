import { type HardState, membershipOf, type Restored, type SnapshotMark } from "@conclave/raft";
import type { MemberNodeOptions } from "./member-node-options.ts";

/** What the disk remembers, in the form that consensus wants; a new member begins before the log, with those who formed the cluster. */
export async function restoreRaft({
  storage,
  founders,
}: Pick<MemberNodeOptions, "storage" | "founders">): Promise<Restored> {
  const { hardState, floor, entries, appliedIndex, lostTail } = storage.recovered;
  const blank: HardState = { term: 0, vote: 0n, commit: 0 };
  if (floor !== null) {
    return { hardState: hardState ?? blank, snapshot: floor, entries, appliedIndex, lostTail };
  }
  const membership = membershipOf(
    founders.map(({ id }) => id),
    [],
  );
  const snapshot: SnapshotMark = { index: 0, term: 0, membership };
  await new Promise<void>((resolve) => storage.wal.append({ reset: snapshot }, resolve));
  return { hardState: blank, snapshot, entries: [], appliedIndex: 0 };
}
