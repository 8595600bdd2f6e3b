import { assert, byteStringOf } from "@conclave/base";
import type { AlarmMember, AlarmType, RangeRequest, TxnRequest } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { Alarms } from "./alarms.ts";
import { CommandKind, CommandReader } from "./command.ts";
import { CommandExecutor, type ReplicatedState } from "./command-executor.ts";
import { type LeaseObserver, Lessor } from "./lease/lessor.ts";
import {
  type ClusterMember,
  type Founder,
  MemberDirectory,
  type MembershipCommand,
} from "./member-directory.ts";
import { CompactionSweep } from "./mvcc/compaction.ts";
import { KeyValueHash } from "./mvcc/hash.ts";
import { checkReadRevision, evaluateRange, readRange } from "./mvcc/range.ts";
import { RangeReading } from "./mvcc/range-reading.ts";
import { MvccStore, NEVER_COMPACTED } from "./mvcc/store.ts";
import { TxnEvaluation } from "./mvcc/txn.ts";
import { isTxnReadOnly } from "./mvcc/txn-check.ts";
import {
  countAt,
  encodeCounts,
  META,
  mainOfRevisionKey,
  mainOfRevisionKeyBytes,
  REVISION_KEY_BYTES,
  subOfRevisionKey,
  subOfRevisionKeyBytes,
  TABLE,
} from "./records.ts";
import type { Refusal } from "./refusal.ts";
import type { CommandResult, RangeResult, RefusedResult, TxnResult } from "./result.ts";
import { stateHash } from "./snapshot.ts";
import { CHECKPOINT_ENTRIES, type StateCheckpoint, StateCheckpoints } from "./state-checkpoints.ts";
import { StateDigest } from "./state-digest.ts";
import type { StateStore } from "./state-store.ts";
import { WatchHub, type WatchHubOptions } from "./watch/watch-hub.ts";

/** What a shorter lease is raised to unless said otherwise: etcd's 1.5 election timeouts, rounded up. Seconds. */
const LEASE_TTL_SECONDS_MIN_DEFAULT = 2;
const REVISION_TABLE_BYTE = TABLE.revision.charCodeAt(0);
/** Memory for the pairs read and written last. Bytes. */
const VALUE_CACHE_BYTES_MAX_DEFAULT = 32 * 1024 * 1024;

export interface StateMachineOptions {
  readonly store: StateStore;
  /** Must be the same on all members. Default 2. */
  readonly leaseTtlSecondsMin?: number;
  /** Default 32 MiB. */
  readonly valueCacheBytesMax?: number;
  readonly watch?: WatchHubOptions;
  /** Who formed the cluster; the same on all members. Default: nobody. */
  readonly founders?: readonly Founder[];
}

/** One committed entry of the log. */
export interface AppliedEntry {
  readonly index: number;
  readonly term: number;
  /** A command batch; empty for a no-op, which comes here too, for its index, and for a change of membership. */
  readonly data: Uint8Array;
  readonly membership?: MembershipCommand;
}

export interface ApplyObserver {
  /** Called for each command, in order. The result of a put is valid only during the call. */
  onResult(origin: number, sequence: number, result: CommandResult): void;
  /**
   * Whether somebody here waits for commands of `origin`. If not, `onResult` is not called, and what the command would
   * only have read is not read. Default: always.
   */
  wantsResults?(origin: number): boolean;
}

/**
 * What every member computes from the log: keys with their history, leases, watches, alarms. Entries go in, results and
 * events come out; nothing here waits, looks at a clock, or differs from one member to the next.
 *
 * Boot: {@link load} every record of the store in key order, then {@link finishLoad}. An installed snapshot: replace
 * the records, call {@link reset}, and boot again; watchers live through it.
 */
export class StateMachine {
  readonly watchHub: WatchHub;
  readonly #state: ReplicatedState;
  readonly #executor: CommandExecutor;
  readonly #reader = new CommandReader();
  readonly #store: StateStore;
  /** Over all records but those of the meta table, in what way they came to be here. */
  readonly #digest = new StateDigest();
  readonly #checkpoints = new StateCheckpoints();
  #sweep: CompactionSweep;
  #isLoaded = false;
  #appliedIndex = 0;
  #appliedTerm = 0;
  /** As persisted, while loading. */
  #revisionBeforeReset = 0;
  #loadedRevision = 0;
  #loadedCompactRevision = NEVER_COMPACTED;
  #loadedSweptRevision = NEVER_COMPACTED;

  constructor(options: StateMachineOptions) {
    const { store } = options;
    const lessor = new Lessor(
      store,
      options.leaseTtlSecondsMin ?? LEASE_TTL_SECONDS_MIN_DEFAULT,
      this.#digest,
    );
    const cacheBytesMax = options.valueCacheBytesMax ?? VALUE_CACHE_BYTES_MAX_DEFAULT;
    const mvcc = new MvccStore(store, lessor, cacheBytesMax, this.#digest);
    this.#store = store;
    this.#state = {
      store,
      mvcc,
      lessor,
      alarms: new Alarms(store, this.#digest),
      members: new MemberDirectory(store, this.#digest, options.founders ?? []),
    };
    this.#sweep = new CompactionSweep(mvcc, NEVER_COMPACTED);
    this.watchHub = new WatchHub(mvcc, options.watch);
    this.#executor = new CommandExecutor(this.#state, (changes) => this.watchHub.publish(changes));
  }

  /** False from {@link reset} until {@link finishLoad}: what is read in between is nobody's state. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Index of the last entry applied; 0 before the first. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get appliedTerm(): number {
    return this.#appliedTerm;
  }

  /** While a new state is loaded: the one before it, so that nobody sees it go back. */
  get revision(): number {
    return this.#isLoaded ? this.#state.mvcc.revision : this.#revisionBeforeReset;
  }

  /** The first revision that can be read; -1 if the store was never compacted. */
  get compactRevision(): number {
    return this.#state.mvcc.compactRevision;
  }

  /** Keys that exist now. */
  get keyCount(): number {
    return this.#state.mvcc.index.liveCount;
  }

  /** Revisions held, of existing and of deleted keys. */
  get revisionCount(): number {
    return this.#state.mvcc.index.revisions.count;
  }

  /** Bytes of all revisions held, as stored. Differs between members while one is behind in sweeping. */
  get sizeBytes(): number {
    return this.#state.mvcc.sizeBytes;
  }

  /** Boot: takes in one record. */
  load(key: string, value: Uint8Array): void {
    assert(!this.#isLoaded, "a record after the end of loading");
    const { mvcc, lessor, alarms, members } = this.#state;
    switch (key[0]) {
      case TABLE.revision:
        mvcc.loadRecord(mainOfRevisionKey(key), subOfRevisionKey(key), value, 0, value.length);
        break;
      case TABLE.lease:
        lessor.load(key, countAt(value, 0));
        break;
      case TABLE.alarm:
        alarms.load(key);
        break;
      case TABLE.member:
        members.load(key, value);
        break;
      case TABLE.removedMember:
        members.loadRemoved(key);
        break;
      default:
        this.#loadMeta(key, value);
    }
  }

  /**
   * As {@link load}, of a record whose key is `key[0, keyLength)` and whose value is `source[start, end)`: neither is kept, and of a
   * revision neither is copied.
   */
  loadInPlace(
    key: Uint8Array,
    keyLength: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (key[0] !== REVISION_TABLE_BYTE || keyLength !== REVISION_KEY_BYTES) {
      this.load(byteStringOf(key, 0, keyLength), source.slice(start, end));
      return;
    }
    assert(!this.#isLoaded, "a record after the end of loading");
    const main = mainOfRevisionKeyBytes(key);
    this.#state.mvcc.loadRecord(main, subOfRevisionKeyBytes(key), source, start, end);
  }

  /** Boot: all records were loaded. Entries after {@link appliedIndex} may be applied now. */
  finishLoad(): void {
    assert(!this.#isLoaded, "loading ends once");
    const { mvcc } = this.#state;
    mvcc.loadRevisions(this.#loadedRevision, this.#loadedCompactRevision);
    this.#sweep = new CompactionSweep(mvcc, this.#loadedSweptRevision);
    this.#isLoaded = true;
    this.watchHub.afterLoad();
  }

  /** Forgets everything but the watchers: the records behind the store were, or are about to be, replaced. */
  reset(): void {
    if (this.#isLoaded) {
      this.watchHub.beforeReset();
      this.#revisionBeforeReset = this.revision;
    }
    const { mvcc, lessor, alarms, members } = this.#state;
    lessor.clear();
    mvcc.clear();
    alarms.clear();
    members.clear();
    this.#digest.clear();
    this.#checkpoints.clear();
    this.#isLoaded = false;
    this.#appliedIndex = 0;
    this.#appliedTerm = 0;
    this.#loadedRevision = 0;
    this.#loadedCompactRevision = NEVER_COMPACTED;
    this.#loadedSweptRevision = NEVER_COMPACTED;
  }

  /**
   * Executes the commands of an entry. All writes, and the entry's index with them, are in the store's open batch when
   * this returns: the caller seals batches between entries only (E1).
   * Requires: entries come without gap, each once.
   */
  apply(entry: AppliedEntry, observer: ApplyObserver): void {
    assert(this.#isLoaded, "apply before the state is loaded");
    assert(entry.index === this.#appliedIndex + 1, "entries are applied without gap, each once");
    assert(entry.term >= this.#appliedTerm, "terms do not go back");
    if (entry.membership !== undefined) this.#executor.changeMembership(entry.membership);
    const reader = this.#reader;
    reader.reset(entry.data);
    while (reader.next()) {
      const { origin, sequence } = reader;
      const wantsResult = observer.wantsResults?.(origin) ?? true;
      // Watchers are told of what was before: the pairs that changes replaced are there still.
      if (reader.kind === CommandKind.COMPACT) this.watchHub.flush();
      const result = this.#executor.execute(reader, entry.term, wantsResult);
      if (wantsResult) observer.onResult(origin, sequence, result);
    }
    this.watchHub.flush();
    this.#appliedIndex = entry.index;
    this.#appliedTerm = entry.term;
    this.#store.put(META.applied, encodeCounts(entry.index, entry.term, this.revision));
    if (entry.index % CHECKPOINT_ENTRIES === 0) this.#takeCheckpoint();
  }

  #takeCheckpoint(): void {
    const digest = this.digest;
    if (digest !== null) this.#checkpoints.add(this.#appliedIndex, digest);
  }

  /** Answers a Range from the present state. `revision` of the result is the store's, not the one asked for. */
  range(request: RangeRequest): RangeResult | RefusedResult {
    const { mvcc } = this.#state;
    const refusal = checkReadRevision(mvcc, request.revision);
    if (refusal !== null) return this.#refused(refusal);
    return { kind: "range", revision: mvcc.revision, ...evaluateRange(mvcc, request) };
  }

  /**
   * As {@link range}, but for a range of so many keys that reading it takes more than `work`: that one is begun, and left
   * to the caller to finish in steps. Its pairs stay there to be read if {@link compactStep} waits.
   */
  readRange(request: RangeRequest, work: number): RangeResult | RefusedResult | RangeReading {
    const { mvcc } = this.#state;
    const refusal = checkReadRevision(mvcc, request.revision);
    if (refusal !== null) return this.#refused(refusal);
    const answer = readRange(mvcc, request);
    if (!(answer instanceof RangeReading)) {
      return { kind: "range", revision: mvcc.revision, ...answer };
    }
    if (!answer.step(work)) return answer;
    return { kind: "range", revision: mvcc.revision, ...answer.answer() };
  }

  /** Evaluates a transaction that only reads. Requires: `isTxnReadOnly(request)`. */
  readOnlyTxn(request: TxnRequest): TxnResult | RefusedResult {
    assert(isTxnReadOnly(request), "a transaction that writes goes through the log");
    const { mvcc, lessor } = this.#state;
    const evaluation = new TxnEvaluation(mvcc, lessor, request);
    const refusal = evaluation.check();
    if (refusal !== null) return this.#refused(refusal);
    return { kind: "txn", revision: mvcc.revision, ...evaluation.run(true) };
  }

  /** What is known here of a lease, or null if it does not exist. The remaining time is the leader's to know. */
  lease(id: bigint): { readonly ttlSeconds: number; keys(): readonly Uint8Array[] } | null {
    const { lessor } = this.#state;
    const ttlSeconds = lessor.ttlSecondsOf(id);
    if (ttlSeconds === null) return null;
    return { ttlSeconds, keys: () => lessor.keysOf(id).map((key) => Buffer.from(key, "latin1")) };
  }

  /** Ids of all leases, in the order of their grants. */
  leaseIds(): readonly bigint[] {
    return [...this.#state.lessor.ids()];
  }

  get leaseCount(): number {
    return this.#state.lessor.count;
  }

  /** The one who watches the time of leases is told of those there are, then of each that comes and goes. */
  observeLeases(observer: LeaseObserver | null): void {
    this.#state.lessor.observe(observer);
  }

  /** Active alarms, of one type if given. */
  alarms(alarm?: AlarmType): readonly AlarmMember[] {
    return this.#state.alarms.list(alarm);
  }

  /** Whether an alarm is active for any member. */
  isAlarmActive(alarm: AlarmType): boolean {
    return this.#state.alarms.isActive(alarm);
  }

  /** See {@link WHOLE_CLUSTER}. */
  isAlarmRaisedFor(alarm: AlarmType, memberId: bigint): boolean {
    return this.#state.alarms.isRaisedFor(alarm, memberId);
  }

  /** The members of the cluster, by id. */
  members(): ReadonlyMap<bigint, ClusterMember> {
    return this.#state.members.all();
  }

  /** Ids of members that were removed: nobody may use them again. */
  removedMembers(): ReadonlySet<bigint> {
    return this.#state.members.removed();
  }

  /** Whether records made void by a compaction still wait to be removed. */
  get needsCompaction(): boolean {
    return !this.#sweep.isDone;
  }

  /**
   * Goes on removing what a compaction made void: about `budget` keys and records. Not in the log, since it changes
   * nothing that can be read; its deletes go to the store's open batch.
   * @returns whether there is more to do
   */
  compactStep(budget: number): boolean {
    const before = this.#sweep.sweptRevision;
    const hasMore = this.#sweep.step(budget);
    const swept = this.#sweep.sweptRevision;
    if (swept !== before) this.#store.put(META.swept, encodeCounts(swept));
    return hasMore;
  }

  /**
   * Begins a hash of all revisions up to one (0: the present one): feed it the records of {@link TABLE}.revision. Hold
   * {@link compactStep} until it is done.
   */
  hashKv(revision: number): KeyValueHash | RefusedResult {
    const refusal = checkReadRevision(this.#state.mvcc, revision);
    return refusal === null ? new KeyValueHash(this.#state.mvcc, revision) : this.#refused(refusal);
  }

  /**
   * A fingerprint of all records, the same on every member at the same applied index (R19); costs nothing to ask for. Null
   * while a compaction is being swept: how far that is, members need not agree on.
   */
  get digest(): number | null {
    if (!this.#isLoaded || this.needsCompaction) return null;
    return this.#digest.with(this.revision, this.compactRevision + 1);
  }

  /** Digests at indexes that members have in common, oldest first, the present one last. */
  checkpoints(): readonly StateCheckpoint[] {
    const { digest } = this;
    const past = this.#checkpoints.all();
    return digest === null ? past : [...past, { index: this.#appliedIndex, digest }];
  }

  /**
   * One number for everything a client could see, the same on every member at the same applied index (R19). Reads the
   * whole state: for tests and simulation.
   */
  stateHash(): number {
    return stateHash(this.#state);
  }

  #loadMeta(key: string, value: Uint8Array): void {
    switch (key) {
      case META.applied:
        this.#appliedIndex = countAt(value, 0);
        this.#appliedTerm = countAt(value, 1);
        this.#loadedRevision = countAt(value, 2);
        break;
      case META.compact:
        this.#loadedCompactRevision = countAt(value, 0);
        break;
      case META.swept:
        this.#loadedSweptRevision = countAt(value, 0);
        break;
      default:
        assert(false, `unknown record ${JSON.stringify(key)} in the state store`);
    }
  }

  #refused(refusal: Refusal): RefusedResult {
    assert(refusal in EtcdErrors, "a refusal has a name");
    return { kind: "refused", revision: this.revision, refusal };
  }
}
