/**
 * What a transaction is protected from. Its writes always appear at once, or not at all.
 * - `serializable-snapshot`: reads see one revision, and nothing that was read or is written changed until the commit
 * - `serializable`: the same, but a key that is written without being read may have changed: the last writer wins
 * - `repeatable-reads`: each read sees the latest, a second look at a key shows what the first did, and no key that was
 *   read changed until the commit; but keys may have appeared in a range that was read (phantoms, and with them write skew)
 * - `read-committed`: each read sees the latest, and nothing is checked: updates can be lost
 */
export type Isolation =
  | "serializable-snapshot"
  | "serializable"
  | "repeatable-reads"
  | "read-committed";

/** What an isolation means for reads and for the conditions of the commit. */
export interface IsolationTerms {
  /** Every read is as of the first one's revision. */
  readonly isSnapshot: boolean;
  /** What was read is remembered, and must be unchanged. */
  readonly checksReads: boolean;
  /** No key may have appeared in a range that was read. */
  readonly checksPhantoms: boolean;
  /** Keys that are written without being read must be unchanged too. */
  readonly checksWrites: boolean;
}

const TERMS: Readonly<Record<Isolation, IsolationTerms>> = {
  "serializable-snapshot": {
    isSnapshot: true,
    checksReads: true,
    checksPhantoms: true,
    checksWrites: true,
  },
  serializable: {
    isSnapshot: true,
    checksReads: true,
    checksPhantoms: true,
    checksWrites: false,
  },
  "repeatable-reads": {
    isSnapshot: false,
    checksReads: true,
    checksPhantoms: false,
    checksWrites: false,
  },
  "read-committed": {
    isSnapshot: false,
    checksReads: false,
    checksPhantoms: false,
    checksWrites: false,
  },
};

/** @throws RangeError for a name that is none of the four */
export function isolationTerms(isolation: Isolation): IsolationTerms {
  const terms = TERMS[isolation];
  if (terms === undefined) {
    throw new RangeError(`isolation: one of ${Object.keys(TERMS).join(", ")}`);
  }
  return terms;
}
