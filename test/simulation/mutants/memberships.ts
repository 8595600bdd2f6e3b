import type { Mutant } from "./mutant.ts";

const PROPOSE = "packages/raft/src/propose.ts";

/** Who belongs to the cluster, and who is counted. */
export const MEMBERSHIP_MUTANTS: readonly Mutant[] = [
  {
    id: "learner-counted",
    bug: "R13, thesis 4.2.1",
    title: "Learners count towards the quorum that commits",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/quorum.ts",
        find: "const { voters } = membership;\n  if (voters.length === 0) return 0;",
        replace:
          "const voters = [...membership.voters, ...membership.learners];\n  if (voters.length === 0) return 0;",
      },
    ],
  },
  {
    id: "change-before-own-commit",
    bug: "H9",
    title: "A leader changes the membership before an entry of its term is committed",
    simulator: "consensus",
    edits: [
      {
        file: PROPOSE,
        find: 'if (!hasOwnTermCommit(state)) return "NO_COMMIT_IN_TERM";',
        replace: "",
      },
    ],
  },
  {
    id: "two-changes-at-once",
    bug: "H10",
    title: "A membership change begins while another is not committed",
    simulator: "consensus",
    edits: [
      {
        file: PROPOSE,
        find: 'if (state.log.memberships.currentIndex > state.commitIndex) return "CHANGE_PENDING";',
        replace: "",
      },
    ],
  },
  {
    id: "truncated-change-stays",
    bug: "R13, thesis 4.1",
    title: "A membership stays in force though its entry was cut off the log",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/log.ts",
        find: "this.#memberships.truncate(index);",
        replace: "",
      },
    ],
  },
  {
    id: "removed-leader-stays",
    bug: "R13, thesis 4.2.2",
    title: "A leader goes on leading after its own removal is committed",
    simulator: "consensus",
    edits: [
      {
        file: "packages/raft/src/replication.ts",
        find: "reads.releaseHeld(index);\n  maybeRetire(state);",
        replace: "reads.releaseHeld(index);",
      },
    ],
  },
];
