export type DataDirectoryErrorCode =
  /** Not empty, and nothing of ours. */
  | "FOREIGN"
  /** etcd keeps its data here. */
  | "ETCD_DATA"
  /** Cannot be created, read or written. */
  | "UNWRITABLE"
  /** Others than its owner may write into it, or its owner is somebody else. */
  | "EXPOSED"
  /** Another process uses it. */
  | "LOCKED"
  /** Written by a newer version. */
  | "NEWER_FORMAT"
  | "OTHER_CLUSTER"
  | "OTHER_MEMBER"
  /** Its parts contradict each other, or one of them itself. */
  | "DAMAGED";

/** Why a data directory cannot be used: one line for a human, and nothing on the disk was changed. */
export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
  readonly code: DataDirectoryErrorCode;

  constructor(code: DataDirectoryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
