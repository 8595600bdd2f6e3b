import type { LogIndex } from "@conclave/raft";
import type { StateStore } from "@conclave/state-machine";

/** Keys from here on are the store's own. */
export const RESERVED_KEYS = "\xff";

/**
 * The state store as its owner, the raft driver, sees it: what the state machine writes between two seals lands
 * atomically, with the applied index it belongs to; later, all of it up to some index is durable.
 */
export interface DurableStateStore extends StateStore {
  /** Applied index of the last seal. */
  readonly appliedIndex: LogIndex;
  /** Applied index of what survives a power cut: the log may be released up to here. */
  readonly durableIndex: LogIndex;
  /** Closes the open batch: it holds the effects of everything up to `appliedIndex`. May start a write; never waits. */
  seal(appliedIndex: LogIndex): void;
  /** Makes everything sealed so far durable. @returns the durable index, not below the applied index at the call. */
  sync(): Promise<LogIndex>;
  /** What is not durable yet exceeds its limit: hold further entries back until {@link whenBelowLimit} calls. */
  readonly isOverlayFull: boolean;
  /** Memory held by writes that are not durable yet. Bytes, estimated. */
  readonly overlayBytes: number;
  /** Calls back once, never from within this call, when the overlay is below its limit. */
  whenBelowLimit(callback: () => void): void;
  /** The content at one point, not older than the last seal. Must be closed. */
  snapshot(): Promise<StateSnapshot>;
  /** Gives the space of deleted records back to the file system, in [from, to). May take long; writes go on beside it. */
  compactRange(from: string, to: string): Promise<void>;
  /** Bytes on disk, estimated. */
  sizeBytes(): Promise<number>;
  /** Makes what is sealed durable and closes. The open batch is dropped: the log has it. */
  close(): Promise<void>;
}

/** Called with a record in place: its key is `key[0, keyLength)`, its value `source[start, end)`. Both are overwritten after. */
export type RecordVisitor = (
  key: Uint8Array,
  keyLength: number,
  source: Uint8Array,
  start: number,
  end: number,
) => void;

/** A consistent view of the store that later writes do not change. */
export interface StateSnapshot {
  readonly appliedIndex: LogIndex;
  get(key: string): Uint8Array | undefined;
  /** Records with keys in [from, to), in order, in chunks of bounded size; an absent end means to the last. */
  scan(from?: string, to?: string): AsyncIterable<readonly (readonly [string, Uint8Array])[]>;
  /**
   * Visits all records in order, quicker than {@link scan} does. Absent where there is no quicker way.
   * @returns false if there is none now: scan from the beginning then, for some may have been visited
   */
  visitAll?(visit: RecordVisitor): Promise<boolean>;
  close(): Promise<void>;
}
