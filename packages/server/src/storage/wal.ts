import { assert, type Clock, type Timer } from "@conclave/base";
import type {
  Entry,
  HardState,
  LogIndex,
  LogPosition,
  MemberId,
  Membership,
  SnapshotMark,
} from "@conclave/raft";
import type { Disk } from "./disk.ts";
import { DurableWriter } from "./durable-writer.ts";
import { StorageFailure } from "./storage-error.ts";
import { newerHardState, VoteFile } from "./vote-file.ts";
import {
  batchBytes,
  type EncodedGroup,
  GroupEncoder,
  lastHardState,
  type WalBatch,
  type WalTail,
} from "./wal-group.ts";
import { groupStride, parseSegmentName, type SegmentHeader } from "./wal-header.ts";
import { type Replay, type ReplayOptions, replayLog, segmentNames } from "./wal-replay.ts";
import { salvageLog } from "./wal-salvage.ts";
import { removePrepared, WalSegments } from "./wal-segments.ts";

export interface WalOptions {
  readonly clusterId: bigint;
  readonly memberId: MemberId;
  readonly clock: Clock;
  /** Called once, when a write or sync failed. The process must end: nothing here is to be relied on any more. */
  readonly onFatal: (error: StorageFailure) => void;
  /** Index up to which the log is known to have been durable, from the state store. Default 0. */
  readonly durableIndex?: LogIndex;
  /** Size of a segment, filled ahead of use. Bytes. Default 32 MiB. */
  readonly segmentBytes?: number;
  /** Batches wait for the group after the next beyond this. Bytes. Default 4 MiB. */
  readonly groupBytesMax?: number;
  /** Bytes of batches not yet durable at which {@link Wal.isFull} asks the caller to hold back. Default 64 MiB. */
  readonly pendingBytesMax?: number;
  /** Quiet time after which the tail is sealed. Milliseconds. Default 50. */
  readonly sealAfterIdleMs?: number;
  /** Runs a task after what runs now. Default: a microtask, so that what one callback appends makes one group. */
  readonly schedule?: (task: () => void) => void;
}

/** What the log says at boot. */
export interface WalRecovery {
  /** Null in a log that never held one. */
  readonly hardState: HardState | null;
  /** Null in a new log. */
  readonly floor: SnapshotMark | null;
  /** Consecutive, from floor + 1. */
  readonly entries: readonly Entry[];
  /** Not null while entries up to here may be lost that were acknowledged: see Restored.lostTail of raft. */
  readonly lostTail: LogPosition | null;
  /** Bytes of a torn write that were cut from the end. */
  readonly tornBytes: number;
}

interface PendingBatch {
  readonly batch: WalBatch;
  /** An upper bound. */
  readonly bodyBytes: number;
  readonly onDurable: (() => void) | null;
}

const MIB = 1024 * 1024;
const NO_HARD_STATE: HardState = { term: 0, vote: 0n, commit: 0 };

function replayOptions(options: WalOptions, { reading }: VoteFile): ReplayOptions {
  const { clusterId, memberId, durableIndex = 0 } = options;
  const known = Math.max(durableIndex, reading.record?.commit ?? 0);
  const newestSegment = reading.record?.segment ?? 0;
  return { clusterId, memberId, durableIndex: known, newestSegment };
}

/** The first segment of a log that begins anew, as `WalSegments.begin` takes it. */
function encodeBeginning(
  place: { readonly clusterId: bigint; readonly memberId: MemberId; readonly sequence: number },
  content: WalBatch,
  encoder: GroupEncoder,
): [SegmentHeader, number, Uint8Array] {
  const header = { ...place, beginsAnew: true, previousCrc: 0, tailIndex: 0, tailTerm: 0 };
  const nothing = {
    previousCrc: 0,
    index: 0,
    term: 0,
    hardState: null,
    floor: null,
    lostTail: null,
  };
  const { bytes, seed } = encoder.encodeSegment([content], nothing, header);
  return [header, seed, bytes];
}

/**
 * The write-ahead log of one member, appended in groups: one durable write in flight, and what arrives meanwhile is the
 * next group. The format and its rules are docs/wal-format.md.
 */
export class Wal {
  readonly #clock: Clock;
  readonly #onFatal: (error: StorageFailure) => void;
  readonly #schedule: (task: () => void) => void;
  readonly #segmentBytes: number;
  readonly #groupBytesMax: number;
  readonly #pendingBytesMax: number;
  readonly #sealAfterIdleMs: number;
  readonly #segments: WalSegments;
  readonly #encoder = new GroupEncoder();
  readonly #writer: DurableWriter;
  readonly #votes: VoteFile;
  /** The vote of the group in flight on its way to its other copy; null if the group has none. */
  #voting: Promise<void> | null = null;

  /** Batches not yet given to the disk, in order. */
  #pending: PendingBatch[] = [];
  #pendingBytes = 0;
  #isScheduled = false;
  /** The group being written; null when the disk is idle. */
  #inFlight: readonly PendingBatch[] | null = null;
  #idleWaiters: (() => void)[] = [];
  #failure: StorageFailure | null = null;
  #isClosed = false;

  /** The log as its last written group leaves it. */
  #tail: WalTail;
  /** Where the next group goes in the current segment. */
  #offset: number;
  /** The log as the last appended batch will leave it. */
  #appendedIndex: LogIndex;
  #appendedFloor: LogIndex;
  /** No doubt about the last group: it is a seal, or there is none. */
  #isSealed: boolean;
  #sealTimer: Timer | null = null;
  #lastWriteMs: number;
  #writeStartedMs = 0;

  private constructor(
    options: WalOptions,
    segments: WalSegments,
    votes: VoteFile,
    replay: Replay,
    hardState: HardState | null,
  ) {
    this.#clock = options.clock;
    this.#onFatal = options.onFatal;
    this.#schedule = options.schedule ?? queueMicrotask;
    this.#segmentBytes = options.segmentBytes ?? 32 * MIB;
    this.#groupBytesMax = options.groupBytesMax ?? 4 * MIB;
    this.#pendingBytesMax = options.pendingBytesMax ?? 64 * MIB;
    this.#sealAfterIdleMs = options.sealAfterIdleMs ?? 50;
    this.#segments = segments;
    this.#votes = votes;
    this.#writer = new DurableWriter(options.clock);
    this.#tail = {
      previousCrc: replay.tail?.previousCrc ?? 0,
      index: replay.lastIndex,
      term: replay.lastTerm,
      hardState,
      floor: replay.floor,
      lostTail: replay.lostTail,
    };
    this.#offset = replay.tail?.endOffset ?? 0;
    this.#appendedIndex = replay.lastIndex;
    this.#appendedFloor = replay.floor?.index ?? 0;
    this.#isSealed = replay.tail?.lastGroup?.isSeal ?? true;
    this.#lastWriteMs = options.clock.nowMs();
    this.#armSeal();
  }

  /**
   * Reads, judges and repairs the log in `directory`, which exists, and makes it ready to append to.
   * @throws WalCorruption, WalMismatch, DataDirectoryError, StorageFailure: nothing on the disk was changed but by the last.
   */
  static async open(
    disk: Disk,
    directory: string,
    options: WalOptions,
  ): Promise<{ readonly wal: Wal; readonly recovered: WalRecovery }> {
    const votes = await VoteFile.open(disk, directory, options);
    try {
      return await Wal.#openBeside(votes, disk, directory, options);
    } catch (error) {
      await votes.close();
      throw error;
    }
  }

  static async #openBeside(
    votes: VoteFile,
    disk: Disk,
    directory: string,
    options: WalOptions,
  ): Promise<{ readonly wal: Wal; readonly recovered: WalRecovery }> {
    const { clusterId, memberId, segmentBytes = 32 * MIB } = options;
    const { record } = votes.reading;
    const replay = await replayLog(disk, directory, replayOptions(options, votes));
    const hardState = newerHardState(directory, replay.hardState, record);
    const segmentOptions = { clusterId, memberId, segmentBytes };
    const segments = new WalSegments(disk, directory, segmentOptions, replay.segments);
    try {
      await segments.repair(replay);
      const segment = replay.segments.at(-1)?.sequence ?? 0;
      await votes.settle({ ...(hardState ?? NO_HARD_STATE), segment });
      if (replay.tail === null) await segments.prepareNext();
    } catch (cause) {
      throw new StorageFailure("the write-ahead log cannot be made ready", { cause });
    }
    const { floor, entries, lostTail, tail } = replay;
    const tornBytes = tail === null ? 0 : tail.dirtyEnd - tail.endOffset;
    const wal = new Wal(options, segments, votes, replay, hardState);
    return { wal, recovered: { hardState, floor, entries, lostTail, tornBytes } };
  }

  /**
   * Lets a log that {@link open} refused as corrupt begin anew with what of it is certain. The damaged segments are kept aside.
   * @throws DataDirectoryError if that cannot be done without losing a vote
   */
  static async salvage(
    disk: Disk,
    directory: string,
    options: WalOptions,
    membership: Membership,
  ): Promise<void> {
    const votes = await VoteFile.open(disk, directory, options);
    try {
      const replay = replayOptions(options, votes);
      const { durableIndex: appliedIndex = 0 } = options;
      const state = { appliedIndex, membership };
      const content = await salvageLog(disk, directory, replay, votes.reading, state);
      await Wal.beginAnew(disk, directory, options, content, votes.reading.record?.segment ?? 0);
    } finally {
      await votes.close();
    }
  }

  /**
   * Puts a new log in the place of what there is, in one step: until the new segment has its name, the old ones count.
   * Requires: the log is not open, and `content` says all that it has to say: reset, hard state, lost tail.
   */
  static async beginAnew(
    disk: Disk,
    directory: string,
    options: WalOptions,
    content: WalBatch,
    newestSegment = 0,
  ): Promise<void> {
    const { clusterId, memberId, segmentBytes = 32 * MIB } = options;
    const names = await segmentNames(disk, directory);
    await removePrepared(disk, directory);
    const newest = parseSegmentName(names.at(-1) ?? "")?.sequence ?? 0;
    const sequence = Math.max(newest, newestSegment) + 1;
    const segmentOptions = { clusterId, memberId, segmentBytes };
    const segments = new WalSegments(disk, directory, segmentOptions, []);
    try {
      await segments.begin(
        ...encodeBeginning({ clusterId, memberId, sequence }, content, new GroupEncoder()),
      );
      await segments.close();
    } catch (cause) {
      throw new StorageFailure("the write-ahead log cannot begin anew", { cause });
    }
  }

  /** Last index of the log, durable or not yet. */
  get lastIndex(): LogIndex {
    return this.#appendedIndex;
  }

  /** Names of the segments on disk, oldest first. */
  get segmentNames(): readonly string[] {
    return this.#segments.names;
  }

  /** The disk does not keep up: take no new work until batches have become durable. */
  get isFull(): boolean {
    return this.#pendingBytes >= this.#pendingBytesMax;
  }

  /**
   * How long the disk has been at the group in flight; 0 if it is idle. A leader whose disk hangs must not go on being one
   * because its heartbeats still leave. Milliseconds.
   */
  get stalledMs(): number {
    return this.#inFlight === null ? 0 : this.#clock.nowMs() - this.#writeStartedMs;
  }

  /**
   * Hands a batch over; the log owns its arrays until it is durable. `onDurable` is called in the order of the appends,
   * never from within this call, and never if the disk fails. Taken even when {@link isFull}: order matters more.
   * After a failed write nothing is taken any more, and nothing reported durable: the log has called `onFatal`.
   */
  append(batch: WalBatch, onDurable: (() => void) | null): void {
    if (this.#failure !== null) return;
    assert(!this.#isClosed, "the log was closed");
    this.#checkContinues(batch);
    const bodyBytes = batchBytes(batch);
    this.#pending.push({ batch, bodyBytes, onDurable });
    this.#pendingBytes += bodyBytes;
    this.#scheduleFlush();
  }

  /**
   * Records that the state store durably holds everything up to `floor`, then removes the segments that hold nothing above
   * it. Resolves when that is done.
   */
  release(floor: SnapshotMark): Promise<void> {
    return new Promise((resolve) => {
      this.append({ floor }, () => {
        this.#segments.release(floor.index).then(resolve, (cause) => this.#fail(cause));
      });
    });
  }

  /** Waits for what was appended, seals the tail and closes the files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sealTimer?.cancel();
    await this.#whenIdle();
    if (this.#failure === null && !this.#isSealed) {
      this.#writeGroup([]);
      await this.#whenIdle();
    }
    await this.#segments.close();
    await this.#votes.close();
  }

  #checkContinues(batch: WalBatch): void {
    if (batch.reset) {
      this.#appendedIndex = batch.reset.index;
      this.#appendedFloor = batch.reset.index;
    }
    const first = batch.entries?.[0];
    if (first !== undefined && batch.entries !== undefined) {
      assert(first.index <= this.#appendedIndex + 1, "entries leave a gap in the log");
      assert(first.index > this.#appendedFloor, "entries overwrite what the state store holds");
      this.#appendedIndex = first.index + batch.entries.length - 1;
    }
    if (batch.floor) {
      assert(batch.floor.index >= this.#appendedFloor, "the floor never falls");
      assert(batch.floor.index <= this.#appendedIndex, "the floor is above the log");
      this.#appendedFloor = batch.floor.index;
    }
    if (batch.hardState) {
      assert(batch.hardState.commit <= this.#appendedIndex, "committed past the log");
    }
  }

  #scheduleFlush(): void {
    if (this.#isScheduled || this.#inFlight !== null) return;
    this.#isScheduled = true;
    this.#schedule(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#inFlight !== null || this.#failure !== null || this.#pending.length === 0) return;
    this.#writeGroup(this.#takeGroup());
  }

  /** At least one batch; more as long as they fit. */
  #takeGroup(): PendingBatch[] {
    let bytes = 0;
    let count = 0;
    for (const { bodyBytes } of this.#pending) {
      if (count > 0 && bytes + bodyBytes > this.#groupBytesMax) break;
      bytes += bodyBytes;
      count += 1;
    }
    return this.#pending.splice(0, count);
  }

  /** No batches: a seal. */
  #writeGroup(group: readonly PendingBatch[]): void {
    assert(this.#inFlight === null, "one group in flight at a time");
    this.#inFlight = group;
    this.#writeStartedMs = this.#clock.nowMs();
    const batches = group.map((pending) => pending.batch);
    const bodyBytes = group.reduce((sum, pending) => sum + pending.bodyBytes, 0);
    const current = this.#segments.current;
    if (current === null || this.#offset + groupStride(bodyBytes) > this.#segmentBytes) {
      this.#beginSegment(batches).then(
        () => this.#complete(),
        (cause: unknown) => this.#fail(cause),
      );
      return;
    }
    this.#voting = this.#vote(lastHardState(batches), current.summary.sequence);
    const offset = this.#offset;
    const encoded = this.#encoder.encode(batches, this.#tail, offset, current.seed);
    this.#advance(encoded, offset + encoded.bytes.length);
    this.#isSealed = group.length === 0;
    this.#writer.write(current.file, offset, encoded.bytes, (failure) => {
      if (failure === null) this.#completeWithVote();
      else this.#fail(failure.cause);
    });
  }

  /** Begins to write the other copy of a vote, beside the group that holds it. Null: the copy says the same already. */
  #vote(hardState: HardState | null, segment: number): Promise<void> | null {
    if (hardState === null || !this.#votes.lacks(hardState)) return null;
    // The commit that stands in this group may speak of entries in this group, which may get lost beside it.
    const commit = Math.min(hardState.commit, this.#tail.index);
    const written = this.#votes.write({ ...hardState, commit, segment });
    written.catch(() => {}); // looked at when the group is written
    return written;
  }

  #completeWithVote(): void {
    const voting = this.#voting;
    this.#voting = null;
    if (voting === null) this.#complete();
    else {
      voting.then(
        () => this.#complete(),
        (cause: unknown) => this.#fail(cause),
      );
    }
  }

  async #beginSegment(batches: readonly WalBatch[]): Promise<void> {
    const { previousCrc, index: tailIndex, term: tailTerm } = this.#tail;
    const header = this.#segments.nextHeader({ previousCrc, tailIndex, tailTerm });
    const encoded = this.#encoder.encodeSegment(batches, this.#tail, header);
    await this.#segments.begin(header, encoded.seed, encoded.bytes);
    this.#advance(encoded, encoded.bytes.length);
    this.#isSealed = false;
    const { sequence } = header;
    await this.#votes.write({ ...(this.#tail.hardState ?? NO_HARD_STATE), segment: sequence });
  }

  #advance(group: EncodedGroup, endOffset: number): void {
    this.#tail = group.tail;
    this.#offset = endOffset;
    const summary = this.#segments.current?.summary;
    assert(summary !== undefined, "a group went into a segment");
    summary.maxIndex = Math.max(summary.maxIndex, group.maxIndex);
    if (endOffset > this.#segmentBytes / 2) this.#segments.prepareNext();
  }

  /** The group in flight is durable. */
  #complete(): void {
    const group = this.#inFlight;
    assert(group !== null, "a write that completes was in flight");
    this.#inFlight = null;
    this.#lastWriteMs = this.#clock.nowMs();
    for (const { bodyBytes } of group) this.#pendingBytes -= bodyBytes;
    for (const { onDurable } of group) onDurable?.();
    if (this.#pending.length > 0) {
      this.#scheduleFlush();
      return;
    }
    this.#armSeal();
    this.#wakeIdleWaiters();
  }

  /** Final: after a failed sync nobody knows what is on the disk, and a second one would lie (F7). */
  #fail(cause: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = new StorageFailure("the write-ahead log cannot be written", { cause });
    this.#sealTimer?.cancel();
    this.#pending = [];
    this.#inFlight = null;
    this.#wakeIdleWaiters();
    this.#onFatal(this.#failure);
  }

  /** One timer for any number of groups: it looks again when it finds that the log was not idle. */
  #armSeal(): void {
    if (this.#isSealed || this.#isClosed || this.#sealTimer !== null) return;
    const quietMs = this.#clock.nowMs() - this.#lastWriteMs;
    // At least 1 ms: a rest as small as a rounding error would not move the clock, and the timer would set itself for ever.
    const delayMs = Math.max(1, this.#sealAfterIdleMs - quietMs);
    this.#sealTimer = this.#clock.setTimer(delayMs, () => {
      this.#sealTimer = null;
      if (this.#isClosed || this.#failure !== null || this.#isBusy) return;
      const isIdle = this.#clock.nowMs() - this.#lastWriteMs >= this.#sealAfterIdleMs;
      if (isIdle && !this.#isSealed) this.#writeGroup([]);
      else this.#armSeal();
    });
  }

  get #isBusy(): boolean {
    return this.#inFlight !== null || this.#pending.length > 0;
  }

  #whenIdle(): Promise<void> {
    if (!this.#isBusy || this.#failure !== null) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #wakeIdleWaiters(): void {
    if (this.#isBusy) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}
