import type { ServerKind } from "../support/server-process.ts";

/**
 * Where etcd's versions answer differently, each server is held to the version it is. Conclave
 * emulates 3.6.14. The etcd beside it is whatever is installed; these figures are for Debian's.
 */
export interface VersionFacts {
  /** `Status.version`. */
  readonly etcd: string;
  /** HashKV of the compact revision itself: refused up to 3.5, answered since 3.6. */
  readonly hashesAtCompactRevision: boolean;
  /** A sort order or target outside the enum: unchecked in 3.4, refused since 3.6. */
  readonly refusesUnknownSort: boolean;
  /**
   * A transaction refused for the revision of one of its ranges is refused only by the member that
   * took it; the others apply its puts. True of etcd before 3.7; a defect that nobody shall emulate.
   */
  readonly divergesOnRefusedRange: boolean;
  /**
   * A watch from a revision below 0: one answer, created and cancelled (3.6.6 and later), instead of
   * a watcher that is created and then cancelled as compacted.
   */
  readonly refusesNegativeWatchAtOnce: boolean;
  /** A progress request on a stream without watchers: answered in 3.4, passed over since 3.5.8. */
  readonly answersProgressWithoutWatchers: boolean;
}

export const versionOf: Readonly<Record<ServerKind, VersionFacts>> = {
  conclave: {
    etcd: "3.6.14",
    hashesAtCompactRevision: true,
    refusesUnknownSort: true,
    divergesOnRefusedRange: false,
    refusesNegativeWatchAtOnce: true,
    answersProgressWithoutWatchers: false,
  },
  etcd: {
    etcd: "3.4.23",
    hashesAtCompactRevision: false,
    refusesUnknownSort: false,
    divergesOnRefusedRange: true,
    refusesNegativeWatchAtOnce: false,
    answersProgressWithoutWatchers: true,
  },
};
