import type { Mutant } from "./mutant.ts";

const STORE = "packages/state-machine/src/mvcc/store.ts";
const COMPACTION = "packages/state-machine/src/mvcc/compaction.ts";
const EXECUTOR = "packages/state-machine/src/command-executor.ts";

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
  {
    id: "tombstone-at-compaction-dropped",
    bug: "E6",
    title: "A deletion at the compact revision itself is removed",
    simulator: "cluster",
    edits: [
      {
        file: COMPACTION,
        find: "revisions.main(slot) < this.#targetRevision;",
        replace: "revisions.main(slot) <= this.#targetRevision;",
      },
    ],
  },
  {
    id: "compaction-drops-live-version",
    bug: "M5",
    title: "Compaction removes the version that is valid at the compact revision",
    simulator: "cluster",
    edits: [
      {
        file: COMPACTION,
        find: "const kept = revisions.atRevision(newest, this.#targetRevision);\n    let condemned = revisions.older(kept);",
        replace:
          "const valid = revisions.atRevision(newest, this.#targetRevision);\n    const kept = valid === newest ? valid : this.#oldestAfter(newest, valid);\n    let condemned = revisions.older(kept);",
      },
    ],
  },
  {
    id: "apply-depends-on-caller",
    bug: "E13",
    title: "Members without the caller do not refuse a transaction for its reads",
    simulator: "cluster",
    isRare: true,
    edits: [
      {
        file: EXECUTOR,
        find: "const refusal = evaluation.check();",
        replace: "const refusal = wantsAnswer ? evaluation.check() : null;",
      },
    ],
  },
  {
    id: "compare-ignored-elsewhere",
    bug: "E13, R19",
    title: "Only the member of the caller looks at a transaction's compares",
    simulator: "cluster",
    edits: [
      {
        file: EXECUTOR,
        find: "const evaluation = new TxnEvaluation(mvcc, lessor, TxnRequest.decode(body));",
        replace:
          "const decoded = TxnRequest.decode(body);\n    const evaluation = new TxnEvaluation(mvcc, lessor, wantsAnswer ? decoded : { ...decoded, compare: [] });",
      },
    ],
  },
  {
    id: "txn-sees-its-own-writes",
    bug: "M4",
    title: "The branch of a transaction is chosen on the state after it",
    simulator: "cluster",
    edits: [
      {
        file: "packages/state-machine/src/mvcc/txn.ts",
        find: "return this.#run(this.#chosen, wantsAnswer);",
        replace:
          "const answer = this.#run(this.#chosen, wantsAnswer);\n    return { ...answer, succeeded: this.#request.compare.every((compare) => compareHolds(this.#store, compare)) };",
      },
      {
        file: "packages/state-machine/src/mvcc/txn.ts",
        find: "this.#chosen = this.#choose(request);",
        replace: "this.#chosen = this.#choose(request);\n    this.#request = request;",
      },
      {
        file: "packages/state-machine/src/mvcc/txn.ts",
        find: "readonly #chosen: ChosenTxn;",
        replace: "readonly #chosen: ChosenTxn;\n  readonly #request: TxnRequest;",
      },
    ],
  },
  {
    id: "cache-keeps-removed-pair",
    bug: "E12, M3",
    title: "A cached pair outlives its record and answers for the next one in its place",
    simulator: "cluster",
    edits: [
      { file: STORE, find: "this.#cache.drop(slot);", replace: "" },
      {
        file: STORE,
        find: "this.#cache.set(slot, pair);\n    this.#addToDigest(slot, hashOfBytes(pair, sub));",
        replace:
          "if (this.#cache.get(slot) === null) this.#cache.set(slot, pair);\n    this.#addToDigest(slot, hashOfBytes(pair, sub));",
      },
    ],
  },
];
