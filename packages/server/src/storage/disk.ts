/**
 * The few things the WAL asks of a file system. Everything that can fail or wait goes through here, so that a simulated
 * disk can lose un-synced bytes, tear writes and fail fsyncs under the code that ships.
 */
export interface Disk {
  /** Names in a directory, unsorted. A missing directory is an error. */
  list(directory: string): Promise<readonly string[]>;
  /** Opens for reading and writing, creating if asked to; fails if `create` and it exists. */
  open(path: string, options: { readonly create: boolean }): Promise<DiskFile>;
  /** Creates one directory, mode 0700. Its parent must exist; that it exists already is an error. */
  makeDirectory(path: string): Promise<void>;
  /** Atomic; replaces a file that has the new name. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

export interface DiskFile {
  readonly path: string;
  size(): Promise<number>;
  /** Reads up to `length` bytes at `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Writes all of the chunks one after another, starting at `offset`. */
  write(offset: number, chunks: readonly Uint8Array[]): Promise<void>;
  /** fdatasync: bytes and size are durable when it returns. After a failure the file must not be used again. */
  sync(): Promise<void>;
  /** What `write` and then `sync` do, in one go. Counts as a sync: after a failure the file must not be used again. */
  writeDurably(offset: number, bytes: Uint8Array): Promise<void>;
  /**
   * The same, done when it returns, at the price of blocking the caller: a round trip through a thread pool costs
   * half as much as the disk's work. Absent where the disk cannot.
   */
  writeDurablyNow?(offset: number, bytes: Uint8Array): void;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}
