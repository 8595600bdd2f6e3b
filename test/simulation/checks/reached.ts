import type { Cluster } from "@conclave/testing/cluster";
import type { MembershipOperator } from "../faults/operator.ts";
import type { FaultCounts } from "../faults.ts";
import type { History } from "../history.ts";
import type { ProbeName, Probes } from "../probes.ts";

/** What a run's faults amounted to. */
interface Struck {
  readonly counts: FaultCounts;
  /** By "point: action". */
  readonly failpointsTaken: Readonly<Record<string, number>>;
}

/** Interesting states that only clients, and the faults themselves, can tell of: asked when the run is over. */
export function lookAtHistory(probes: Probes, history: History, struck: Struck): void {
  const { operations, watches } = history;
  const { counts, failpointsTaken } = struck;
  const hit = (name: ProbeName, isReached: boolean): void => {
    if (isReached) probes.hit(name);
  };
  const responses = watches.flatMap((watched) => watched.responses);
  hit(
    "a watch is passed by compaction",
    responses.some((each) => each.compactRevision > 0),
  );
  hit(
    "a read of the past comes after its compaction",
    operations.some((each) => each.isCompacted),
  );
  hit(
    "a call is never answered",
    operations.some((each) => !each.isRefused && each.answer === null),
  );
  hit("a damaged disk is noticed", counts.refusedDisk + counts.repairedDisk > 0);
  const ends = Object.keys(failpointsTaken).filter((name) => name.endsWith(": crash"));
  hit(
    "a member ends during an install",
    ends.some((name) => name.startsWith("install ")),
  );
}

/** Of the changes of the membership, those that only the operator, and who joined, can tell of. */
export function lookAtChanges(
  probes: Probes,
  { refused, leadersRemoved }: MembershipOperator,
  { members }: Cluster,
): void {
  if (refused > 0) probes.hit("a change of the members is refused");
  if (leadersRemoved > 0) probes.hit("a leader is removed");
  const joined = members.filter(({ isFounder }) => !isFounder);
  if (joined.some(({ snapshotsInstalled }) => snapshotsInstalled > 0)) {
    probes.hit("a new member is brought up by a snapshot");
  }
  if (members.some(({ isRemoved }) => isRemoved)) probes.hit("a removed member ends");
}
