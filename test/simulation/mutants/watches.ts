import type { Mutant } from "./mutant.ts";

const HUB = "packages/state-machine/src/watch/watch-hub.ts";
const STREAM = "packages/state-machine/src/watch/watch-stream.ts";

/** Watches: every change, in order, once. */
export const WATCH_MUTANTS: readonly Mutant[] = [
  {
    id: "cursor-ahead-of-queue",
    bug: "E7",
    title: "The cursor of a slow watcher moves past a revision that was not queued",
    simulator: "cluster",
    edits: [
      {
        file: HUB,
        find: "this.#fallBehind(watcher, Math.max(firstRevision, watcher.startRevision));",
        replace: "this.#fallBehind(watcher, Math.max(firstRevision, watcher.startRevision) + 1);",
      },
    ],
  },
  {
    id: "compacted-watcher-stays",
    bug: "E8",
    title: "A watcher that was overtaken by compaction stays among those that lag",
    simulator: "cluster",
    edits: [
      {
        file: STREAM,
        find: "this.lagging.delete(watcher);\n    this.#hub.remove(watcher);",
        replace: "this.#hub.remove(watcher);",
      },
    ],
  },
  {
    id: "progress-ahead-of-events",
    bug: "E9",
    title: "Progress is told, unasked, of watchers that have not been sent everything",
    simulator: "cluster",
    edits: [
      {
        file: STREAM,
        find: "return !watcher.isLagging && revision >= watcher.startRevision - 1;",
        replace: "return revision >= watcher.startRevision - 1;",
      },
    ],
  },
  {
    id: "asked-progress-ahead-of-events",
    bug: "E9",
    title: "Who asks for progress is told of revisions that lagging watchers have not been sent",
    simulator: "cluster",
    edits: [
      {
        file: STREAM,
        find: "if (!this.#isProgressPending || !this.#isWritable || this.lagging.size > 0) return;",
        replace: "if (!this.#isProgressPending || !this.#isWritable) return;",
      },
      {
        file: STREAM,
        find: "return !watcher.isLagging && revision >= watcher.startRevision - 1;",
        replace: "return revision >= watcher.startRevision - 1;",
      },
    ],
  },
  {
    id: "travels-back-after-snapshot",
    bug: "E10",
    title: "After a snapshot a watcher begins again where it was created",
    simulator: "cluster",
    edits: [
      {
        file: HUB,
        find: "Math.max(watcher.startRevision, revision + 1)",
        replace: "watcher.startRevision",
      },
    ],
  },
  {
    id: "future-watch-after-snapshot",
    bug: "E11",
    title: "After a snapshot a watch of a revision to come gets those before it",
    simulator: "cluster",
    edits: [
      {
        file: HUB,
        find: "Math.max(watcher.startRevision, revision + 1)",
        replace: "revision + 1",
      },
    ],
  },
  {
    id: "start-revision-ignored",
    bug: "E11",
    title: "A watch of a revision to come gets the changes before it",
    simulator: "cluster",
    edits: [
      {
        file: HUB,
        find: "if (watcher.isLagging || lastRevision < watcher.startRevision) continue;",
        replace: "if (watcher.isLagging) continue;",
      },
      {
        file: HUB,
        find: "if (change.revision < watcher.startRevision || !watcher.wants(change.isDelete)) continue;",
        replace: "if (!watcher.wants(change.isDelete)) continue;",
      },
    ],
  },
  {
    id: "caught-up-while-loading",
    bug: "bug record, seed 87",
    title: "Watchers are caught up with a state that is still being loaded",
    simulator: "cluster",
    edits: [
      {
        file: HUB,
        find: "if (this.#revisionBeforeReset !== null) return false;",
        replace: "",
      },
    ],
  },
  {
    id: "event-sent-twice",
    bug: "E12, W3",
    title: "A watcher that has caught up is sent the last revision again",
    simulator: "cluster",
    edits: [
      {
        file: "packages/state-machine/src/watch/catch-up.ts",
        find: "this.#recent.visitFrom(watcher.cursor, (change) => {",
        replace: "this.#recent.visitFrom(Math.max(1, watcher.cursor - 1), (change) => {",
      },
    ],
  },
  {
    id: "watch-from-present-misses",
    bug: "W6",
    title: "A watch that begins at the present revision is not sent that revision",
    simulator: "cluster",
    edits: [
      {
        file: HUB,
        find: "if (startRevision > this.revision) return;",
        replace: "if (startRevision >= this.revision) return;",
      },
    ],
  },
  {
    id: "recent-changes-outlive-state",
    bug: "W5",
    title: "What changed lately is remembered across a snapshot, with a hole in it",
    simulator: "cluster",
    edits: [{ file: HUB, find: "this.#recent.clear(this.revision);", replace: "" }],
  },
];
