import type { Mutant } from "./mutant.ts";

const STORE = "packages/state-machine/src/mvcc/store.ts";

/** Keys, their revisions, transactions, compaction. */
export const KEY_MUTANTS: readonly Mutant[] = [
  {
    id: "empty-write-counts",
    bug: "M1",
    title: "A write that changes nothing makes a revision",
    simulator: "cluster",
    edits: [
      {
        file: STORE,
        find: "if (changes.length === 0) return changes;\n    this.#changes = [];",
        replace: "this.#changes = [];",
      },
    ],
  },
  {
    id: "create-revision-survives",
    bug: "M2",
    title: "A key that is created again keeps counting from its deletion",
    simulator: "cluster",
    edits: [
      {
        file: STORE,
        find: "const create = isCreate ? main : revisions.create(newest);",
        replace: "const create = newest === NO_SLOT ? main : revisions.create(newest);",
      },
    ],
  },
  {
    id: "tombstone-not-stored",
    bug: "M2",
    title: "A deletion is in memory only: a restart brings the key back",
    simulator: "cluster",
    edits: [
      {
        file: STORE,
        find: "this.#store.put(revisionKey(revision, sub), pair);",
        replace: "if (!isDelete) this.#store.put(revisionKey(revision, sub), pair);",
      },
    ],
  },
];
