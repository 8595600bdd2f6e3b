import type { Mutant } from "./mutant.ts";

const FOLLOWER = "packages/raft/src/follower.ts";
const REPLICATION = "packages/raft/src/replication.ts";
const PROGRESS = "packages/raft/src/progress.ts";

/** Logs: appended, acknowledged, committed, replaced by snapshots. */
export const REPLICATION_MUTANTS: readonly Mutant[] = [
  {
    id: "count-old-terms",
    bug: "R12, Raft 5.4.2",
    title: "A leader commits entries of older terms by counting replicas",
    simulator: "consensus",
    edits: [
      {
        file: REPLICATION,
        find: "if (index <= before || state.log.termAt(index) !== state.term) return;",
        replace: "if (index <= before) return;",
      },
    ],
  },
  {
    id: "ack-before-fsync",
    bug: "R8, thesis 10.2.1",
    title: "A follower acknowledges entries before they are durable",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/state.ts",
        find: "return message.rejected || message.index <= state.unstable.durableIndex;",
        replace: "return true;",
      },
    ],
  },
  {
    id: "leader-counts-itself-early",
    bug: "E2",
    title: "A leader counts its own copy before its disk has it",
    simulator: "consensus",
    edits: [
      {
        file: REPLICATION,
        find: "return state.unstable.durableIndex;",
        replace: "return state.log.lastIndex;",
      },
    ],
  },
  {
    id: "apply-before-durable",
    bug: "E2",
    title: "Entries are applied, and answered, before they are durable here",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/raft.ts",
        find: "return Math.min(this.#state.commitIndex, this.#state.unstable.durableIndex);",
        replace: "return this.#state.commitIndex;",
      },
    ],
  },
  {
    id: "ack-by-index",
    bug: "H11",
    title: "A late report of the disk marks an entry durable that was written over since",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/unstable.ts",
        find: "for (const write of this.#writes) write.lastIndex = Math.min(write.lastIndex, index);",
        replace: "",
      },
    ],
  },
  {
    id: "truncate-without-conflict",
    bug: "H6",
    title: "A late, shorter append cuts off what was acknowledged since",
    simulator: "consensus",
    edits: [
      {
        file: FOLLOWER,
        find: "if (firstNew === -1) return;",
        replace: `if (firstNew === -1) {
    const end = message.previousIndex + message.entries.length + 1;
    if (end <= log.lastIndex && end > state.commitIndex) {
      log.truncate(end);
      state.unstable.onTruncate(end);
    }
    return;
  }`,
      },
    ],
  },
  {
    id: "append-without-agreement",
    bug: "R3, Raft 5.3",
    title: "Entries are taken whatever stands before them",
    simulator: "consensus",
    edits: [
      {
        file: FOLLOWER,
        find: "if (!state.log.matches(previousIndex, previousTerm)) {",
        replace: "if (previousIndex > state.log.lastIndex) {",
      },
    ],
  },
  {
    id: "packing-skips-entries",
    bug: "H1",
    title: "Entries that are too large for a message are left out of the middle of it",
    simulator: "consensus",
    edits: [
      {
        file: REPLICATION,
        find: "log.sliceWithin(progress.next, log.lastIndex + 1, config.appendBytesMax),",
        replace:
          "log.slice(progress.next, log.lastIndex + 1).filter((entry, at) => at === 0 || entryBytes(entry) <= config.appendBytesMax),",
      },
    ],
  },
  {
    id: "heartbeat-commits-beyond-match",
    bug: "R5, Raft 5.3",
    title: "A heartbeat names a commit index that the follower's log may not reach",
    simulator: "consensus",
    edits: [
      {
        file: REPLICATION,
        find: "commit: Math.min(match, state.commitIndex),",
        replace: "commit: state.commitIndex,",
      },
    ],
  },
  {
    id: "old-snapshot-installed",
    bug: "R10, Raft 7",
    title: "A snapshot older than the commit index takes the place of the log",
    simulator: "consensus",
    edits: [
      {
        file: FOLLOWER,
        find: "if (snapshot.index <= state.commitIndex) {",
        replace: "if (snapshot.index < 0) {",
      },
    ],
  },
  {
    id: "snapshot-drops-suffix",
    bug: "H6",
    title: "A snapshot that the log contains throws away what follows it there",
    simulator: "consensus",
    edits: [
      {
        file: FOLLOWER,
        find: "if (state.log.matches(snapshot.index, snapshot.term)) {",
        replace: "if (snapshot.index < 0) {",
      },
    ],
  },
  {
    id: "snapshot-failure-forgotten",
    bug: "H4",
    title: "A member whose snapshot was lost on the way gets nothing any more",
    simulator: "consensus",
    edits: [
      {
        file: PROGRESS,
        find: "this.snapshotIndex = 0;\n    this.becomeProbe();\n    this.isProbeSent = true;",
        replace: "this.snapshotIndex = 0;",
      },
    ],
  },
  {
    id: "lost-appends-not-noticed",
    bug: "V1",
    title: "A window of appends that were all lost stays full for ever",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/leader.ts",
        find: "probeForLoss(state, message.from, progress);",
        replace: "",
      },
    ],
  },
  {
    id: "search-below-match",
    bug: "R15",
    title: "A late refusal moves the search for agreement below what was acknowledged",
    simulator: "consensus",
    edits: [
      {
        file: PROGRESS,
        find: "this.next = Math.max(Math.min(refused, hint + 1), this.match + 1);",
        replace: "this.next = Math.min(refused, hint + 1);",
      },
      { file: PROGRESS, find: "if (refused <= this.match) return false;\n", replace: "" },
    ],
  },
];
