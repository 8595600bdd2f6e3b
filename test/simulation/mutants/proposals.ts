import type { Mutant } from "./mutant.ts";

const DRIVER = "packages/server/src/node/raft-driver.ts";

/** Commands on their way to the log and back, each to take effect once. */
export const PROPOSAL_MUTANTS: readonly Mutant[] = [
  {
    id: "retried-in-its-term",
    bug: "R16",
    title: "A batch that may still commit in its term is proposed again",
    simulator: "cluster",
    edits: [
      {
        file: DRIVER,
        find: "if (isAwaited && term >= applied.term) return;",
        replace: "if (isAwaited && term > applied.term) return;",
      },
    ],
  },
  {
    id: "late-refusal-believed",
    bug: "bug record, seed 169",
    title: "A late refusal of a batch is taken for one of its second sending",
    simulator: "cluster",
    isRare: true,
    edits: [
      {
        file: DRIVER,
        find: "const at = this.#sent.indexOf(sent);",
        replace: "const at = this.#sent.findIndex(({ batch }) => batch === sent.batch);",
      },
    ],
  },
  {
    id: "retried-after-snapshot",
    bug: "R16",
    title: "What was sent before a snapshot is proposed again though the snapshot may hold it",
    simulator: "cluster",
    edits: [
      {
        file: DRIVER,
        find: "this.#o.proposer.refuse(batch, EtcdErrors.timeoutDueToLeaderFail);",
        replace: "this.#o.proposer.giveBack(batch);",
      },
    ],
  },
];
