import type { Mutant } from "./mutant.ts";

const REPLICATION = "packages/raft/src/replication.ts";
const READ_INDEX = "packages/raft/src/read-index.ts";
const READ_GATE = "packages/server/src/node/read-gate.ts";

/** Linearizable reads. */
export const READ_MUTANTS: readonly Mutant[] = [
  {
    id: "read-without-quorum",
    bug: "R17, thesis 6.4",
    title: "A leader serves reads without asking whether it still leads",
    simulator: "consensus",
    edits: [
      {
        file: REPLICATION,
        find: "reads.takeConfirmed(confirmed)",
        replace: "reads.takeConfirmed(reads.sequence)",
      },
    ],
  },
  {
    id: "read-before-own-commit",
    bug: "E16, E17",
    title: "A new leader answers reads before an entry of its term is committed",
    simulator: "consensus",
    edits: [
      {
        file: REPLICATION,
        find: "else if (!hasOwnTermCommit(state)) reads.hold(readId, from);",
        replace: "",
      },
    ],
  },
  {
    id: "earlier-round-confirms",
    bug: "E15",
    title: "Answers to the round before the one that a read waits for confirm the read",
    simulator: "consensus",
    edits: [
      {
        file: READ_INDEX,
        find: "this.#waiting[count]!.sequence <= sequence",
        replace: "this.#waiting[count]!.sequence <= sequence + 1",
      },
    ],
  },
  {
    id: "reads-share-first-index",
    bug: "H7",
    title: "Reads that wait together share the index of the first",
    simulator: "consensus",
    edits: [
      {
        file: READ_INDEX,
        find: "this.#waiting.push({ readId, from, index, sequence",
        replace:
          "this.#waiting.push({ readId, from, index: this.#waiting[0]?.index ?? index, sequence",
      },
    ],
  },
  {
    id: "read-before-apply",
    bug: "R17, thesis 6.4",
    title: "A confirmed read is served before its index is applied",
    simulator: "cluster",
    edits: [
      {
        file: READ_GATE,
        find: "if (round.index > appliedIndex) {",
        replace: "if (round.index < 0) {",
      },
    ],
  },
];
