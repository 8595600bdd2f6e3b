/** What can happen at a point: the machine or the process ends, it stalls, or the step fails where it can. */
export const FAILPOINT_ACTIONS = ["crash", "delay", "error"] as const;
export type FailpointAction = (typeof FAILPOINT_ACTIONS)[number];

export interface Failpoint {
  readonly name: string;
  readonly actions: readonly FailpointAction[];
}

const beforeAndAfter = (steps: readonly string[]): string[] =>
  steps.flatMap((step) => [`${step}: before`, `${step}: after`]);

/** The log's files: see storage/wal-segments.ts. A prepared segment is begun, then appended to, then removed. */
const LOG_STEPS = [
  "directory list",
  "directory sync",
  "prepared create",
  "prepared fill",
  "prepared fill-sync",
  "prepared begin",
  "prepared begin-sync",
  "prepared rename",
  "prepared remove",
  "segment open",
  "segment read",
  "segment repair",
  "segment repair-sync",
  "segment append",
  "segment append-sync",
  "segment remove",
];

/** The small records beside log and state: see storage/boot-record.ts and acquaintance-file.ts. Written beside, then renamed. */
const RECORD_STEPS = [
  "record open",
  "record read",
  "record create",
  "record fill",
  "record fill-sync",
  "record rename",
  "record remove",
];

/** The state's storage, of log cutting, of snapshots sent and received. */
const STATE_STEPS = [
  "state flush",
  "install open",
  "install flush",
  "install adopt",
  "install remove-old",
];

/** Within one turn of the driver: nothing there can fail. By table of the state, see records.ts of the state machine. */
const APPLY_POINTS = [
  "apply put meta",
  "apply put lease",
  "apply put member",
  "apply put revision",
  "apply delete lease",
  "apply delete revision",
  "apply seal: before",
  "apply seal: after",
  "state sync",
  "snapshot scan",
  "install put",
];

/** What members say to each other: see raft/codec.ts and peer-protocol.ts. */
export const LINK_MESSAGES = [
  "append",
  "append-response",
  "heartbeat",
  "heartbeat-response",
  "pre-vote",
  "pre-vote-response",
  "vote",
  "vote-response",
  "timeout-now",
  "read-index",
  "read-index-response",
] as const;

const PEER_CALLS = ["introduce", "forward", "lease-renew", "lease-remaining", "snapshot-frame"];

const named = (names: readonly string[], actions: readonly FailpointAction[]): Failpoint[] =>
  names.map((name) => ({ name, actions }));

/** Every point there is. */
export const FAILPOINTS: readonly Failpoint[] = [
  ...named(beforeAndAfter([...LOG_STEPS, ...RECORD_STEPS, ...STATE_STEPS]), FAILPOINT_ACTIONS),
  ...named(APPLY_POINTS, ["crash", "delay"]),
  // A message that cannot be sent, or cannot be read, costs its connection.
  ...named(
    [...LINK_MESSAGES, ...PEER_CALLS].flatMap((type) => [`send ${type}`, `receive ${type}`]),
    FAILPOINT_ACTIONS,
  ),
];
