import type { Member } from "../node/member.ts";
import type { MetricsRegistry } from "../observe/metrics.ts";

/** A number that the member keeps anyway, read when somebody asks. Names are etcd's where etcd has the metric. */
interface MirroredGauge {
  readonly name: string;
  readonly help: string;
  readonly read: (member: Member) => number;
}

const MIRRORED: readonly MirroredGauge[] = [
  {
    name: "etcd_server_has_leader",
    help: "Whether this member knows a leader: 1 or 0.",
    read: ({ raft }) => Number(raft.leader !== 0n),
  },
  {
    name: "etcd_server_is_leader",
    help: "Whether this member leads: 1 or 0.",
    read: ({ raft }) => Number(raft.role === "leader"),
  },
  {
    name: "etcd_server_is_learner",
    help: "Whether this member has no vote: 1 or 0.",
    read: ({ raft }) => Number(raft.role === "learner"),
  },
  {
    name: "etcd_server_proposals_committed_total",
    help: "Index of the last committed entry. An entry carries all commands of a turn.",
    read: ({ raft }) => raft.commitIndex,
  },
  {
    name: "etcd_server_proposals_applied_total",
    help: "Index of the last applied entry.",
    read: ({ machine }) => machine.appliedIndex,
  },
  {
    name: "etcd_server_proposals_pending",
    help: "Commands of this member that wait for their result.",
    read: (member) => member.proposalsPending,
  },
  {
    name: "etcd_mvcc_db_total_size_in_use_in_bytes",
    help: "Bytes of all revisions held.",
    read: ({ machine }) => machine.sizeBytes,
  },
  {
    name: "etcd_debugging_mvcc_keys_total",
    help: "Keys that exist.",
    read: ({ machine }) => machine.keyCount,
  },
  {
    name: "etcd_debugging_mvcc_current_revision",
    help: "The store's revision.",
    read: ({ machine }) => machine.revision,
  },
  {
    name: "etcd_debugging_mvcc_compact_revision",
    help: "The first revision that can be read; -1 before the first compaction.",
    read: ({ machine }) => machine.compactRevision,
  },
  {
    name: "etcd_debugging_mvcc_watcher_total",
    help: "Watchers open on this member.",
    read: ({ machine }) => machine.watchHub.watcherCount,
  },
  {
    name: "etcd_debugging_mvcc_watch_stream_total",
    help: "Streams that carry them.",
    read: ({ machine }) => machine.watchHub.streamCount,
  },
  {
    name: "conclave_leases",
    help: "Leases that exist.",
    read: ({ machine }) => machine.leaseCount,
  },
  {
    name: "conclave_quarantined",
    help: "Whether this member's state was found to differ from the majority's: 1 or 0.",
    read: ({ stateGuard }) => Number(stateGuard.quarantine.isQuarantined),
  },
  {
    name: "conclave_state_comparisons_total",
    help: "Comparisons of the members' states that this member made as leader.",
    read: ({ stateGuard }) => stateGuard.comparison.rounds,
  },
  {
    name: "conclave_state_differences_total",
    help: "Differences that those comparisons found.",
    read: ({ stateGuard }) => stateGuard.comparison.differences,
  },
  {
    name: "conclave_state_repairs_total",
    help: "Times that this member's state was replaced by the leader's because it differed.",
    read: ({ stateGuard }) => stateGuard.repairs,
  },
  {
    name: "conclave_peer_frames_damaged_total",
    help: "Frames of other members that arrived damaged: dropped, with their connection.",
    read: ({ damagedFrames }) => damagedFrames.total,
  },
  {
    name: "conclave_event_loop_late_total",
    help: "Times that this process ran more than 200 ms later than it wanted to.",
    read: ({ loop }) => loop.lateCount,
  },
  {
    name: "conclave_event_loop_late_seconds_max",
    help: "The latest that this process ever ran.",
    read: ({ loop }) => loop.lateMsMax / 1_000,
  },
  {
    name: "conclave_term_jumps_total",
    help: "Times that the term moved further at once than elections can have brought it.",
    read: ({ terms }) => terms.jumps,
  },
  {
    name: "conclave_state_overlay_bytes",
    help: "Memory held by writes to the state store that are not on the disk yet.",
    read: ({ store }) => store.overlayBytes,
  },
  {
    name: "process_resident_memory_bytes",
    help: "Resident memory of the process.",
    read: () => process.memoryUsage.rss(),
  },
];

/** What `/metrics` says of a member. Counting costs nothing: everything is read when it is asked for. */
export function registerMemberMetrics(registry: MetricsRegistry, member: Member): void {
  const gauges = MIRRORED.map(({ name, help, read }) => ({
    gauge: registry.gauge({ name, help }),
    read,
  }));
  registry.onCollect(() => {
    for (const { gauge, read } of gauges) gauge.set(read(member));
  });
}
