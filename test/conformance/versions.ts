import type { ServerKind } from "../support/server-process.ts";

/**
 * Where etcd's versions answer differently, each server is held to the version it is. Conclave
 * emulates 3.6.14. The etcd beside it is whatever is installed; these figures are for Debian's.
 */
export interface VersionFacts {
  /** `Status.version`. */
  readonly etcd: string;
  /** HashKV of the compact revision itself: refused up to 3.4, answered since 3.5 (as Range always did). */
  readonly hashesAtCompactRevision: boolean;
}

export const versionOf: Readonly<Record<ServerKind, VersionFacts>> = {
  conclave: { etcd: "3.6.14", hashesAtCompactRevision: true },
  etcd: { etcd: "3.4.23", hashesAtCompactRevision: false },
};
