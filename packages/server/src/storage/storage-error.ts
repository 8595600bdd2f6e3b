/** A write or sync failed before: nothing more is taken, because what reached the disk is unknown (fsync cannot be retried). */
export class StorageFailure extends Error {
  override readonly name = "StorageFailure";
}

/**
 * The log on disk contradicts itself. It is left exactly as it was found: the way out is the copy of another member
 * or a human, never a shorter log.
 */
export class WalCorruption extends Error {
  override readonly name = "WalCorruption";
  readonly file: string;
  /** Where in the file the first bad byte range begins. Bytes. */
  readonly offset: number;
  /** Entries after this index are missing or not to be trusted. */
  readonly lastGoodIndex: number;

  constructor(file: string, offset: number, lastGoodIndex: number, reason: string) {
    super(
      `write-ahead log damaged: ${reason} (file ${file}, offset ${offset}, after index ${lastGoodIndex})`,
    );
    this.file = file;
    this.offset = offset;
    this.lastGoodIndex = lastGoodIndex;
  }
}

/** The log is whole but not ours to read: of another cluster or member, or written by a newer version. */
export class WalMismatch extends Error {
  override readonly name = "WalMismatch";
  readonly reason: "newer-format" | "other-member";

  constructor(reason: "newer-format" | "other-member", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The state store lost a write that it had promised to keep. It is left as it was found. */
export class StateCorruption extends Error {
  override readonly name = "StateCorruption";
}
