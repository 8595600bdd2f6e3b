import type { ByteString } from "@conclave/base";
import { rangeContains } from "../mvcc/range-bounds.ts";
import { NO_SLOT } from "../mvcc/revision.ts";
import type { Change, MvccStore } from "../mvcc/store.ts";
import { EventBatch } from "./event-codec.ts";
import type { RecentChanges } from "./recent-changes.ts";
import type { CatchUpPlan, Watcher } from "./watcher.ts";

/** Events in one catch-up response; more only to complete a revision. Count. */
export const CATCH_UP_EVENTS_MAX = 1_000;
/**
 * Bytes of events from which a catch-up response takes no further revision: a message of more than 32 KiB is a large object of its
 * own in the heap of Go's clients.
 */
export const CATCH_UP_BYTES_MAX = 30 * 1024;
/** Batches of recent changes kept for others that miss the same. Count. */
const SHARED_BATCHES_MAX = 16;
/** A batch of one great revision is not kept: they may be as long as a transaction. Bytes. */
const SHARED_BYTES_MAX = 2 * CATCH_UP_BYTES_MAX;
/** Revisions that a plan remembers; twice as many while it is made, more only to complete a revision. Count. */
const PLAN_SLOTS_MAX = 16_384;

/** A transaction can delete a key, put it and delete it again: deletes "from key on" escape the check for overlaps. */
const CHANGES_PER_KEY_AND_REVISION_MAX = 3;

/** What to send next to a watcher that lags. */
export interface CatchUpBatch {
  readonly events: EventBatch;
  /** Everything up to here is in the batch, or of no interest to the watcher. */
  readonly throughRevision: number;
}

/** A batch, and who else it is for. */
interface SharedBatch extends CatchUpBatch {
  readonly key: ByteString;
  readonly end: ByteString | null;
  readonly eventForm: number;
  readonly cursor: number;
  /** The newest revision when it was read. */
  readonly revision: number;
}

/**
 * Reads what a lagging watcher missed, in bounded steps, and nothing else: for a single key its own chain of
 * revisions, for a range the recent changes if they reach back far enough, or else one pass over the keys in it.
 * Requires throughout: the watcher's cursor is not below the compact revision.
 */
export class HistoryReader {
  readonly #mvcc: MvccStore;
  readonly #recent: RecentChanges;
  /** The batches read last: a crowd that watches one range falls behind together. */
  #shared: SharedBatch[] = [];
  /** Work done by the last call: keys and changes looked at, events given again. */
  work = 0;

  constructor(mvcc: MvccStore, recent: RecentChanges) {
    this.#mvcc = mvcc;
    this.#recent = recent;
  }

  /** @returns null if the lookup needs another step before there is something to send */
  read(watcher: Watcher, workMax: number): CatchUpBatch | null {
    this.work = 1;
    if (watcher.isSingle) return this.#readKey(watcher);
    if (watcher.plan === null && watcher.cursor >= this.#recent.completeFrom) {
      return this.#share(watcher) ?? this.#readRecent(watcher, workMax);
    }
    return this.#readPlanned(watcher, workMax);
  }

  /** Nothing read before is true any more. */
  reset(): void {
    this.#shared = [];
  }

  /** Whether a new watcher of one key has missed nothing since `revision`, known at the price of one lookup. */
  isUnchangedSince(key: ByteString, revision: number): boolean {
    const { index } = this.#mvcc;
    const newest = index.newest(key);
    return newest === NO_SLOT || index.revisions.main(newest) < revision;
  }

  #readKey(watcher: Watcher): CatchUpBatch {
    const { index, revision } = this.#mvcc;
    const newest = index.newest(watcher.key);
    const before = watcher.cursor - 1;
    // One more than a revision can add, so that what is left out of the batch shows where it ends.
    const countMax = CATCH_UP_EVENTS_MAX + CHANGES_PER_KEY_AND_REVISION_MAX + 1;
    const found = index.revisions.oldestAfter(newest, before, countMax);
    return this.#batchOf(watcher, found, 0, revision).batch;
  }

  /** What another watcher of the same range was given, unless there would be more by now. */
  #share(watcher: Watcher): CatchUpBatch | null {
    const { cursor, key, end, eventForm } = watcher;
    const { revision } = this.#mvcc;
    const found = this.#shared.find(
      (batch) =>
        batch.cursor === cursor &&
        batch.eventForm === eventForm &&
        (batch.throughRevision < batch.revision || batch.revision === revision) &&
        batch.key === key &&
        batch.end === end,
    );
    if (found === undefined) return null;
    this.work += found.events.count;
    return found;
  }

  #readRecent(watcher: Watcher, workMax: number): CatchUpBatch {
    const events = new EventBatch();
    let throughRevision = this.#mvcc.revision;
    let lastRevision = 0;
    this.#recent.visitFrom(watcher.cursor, (change) => {
      const isNewRevision = change.revision !== lastRevision;
      if (isNewRevision && (isFull(events) || this.work > workMax)) {
        throughRevision = change.revision - 1;
        return false;
      }
      lastRevision = change.revision;
      this.work += 1;
      if (rangeContains(watcher, change.key)) this.#addChange(watcher, events, change);
      return true;
    });
    const { cursor, key, end, eventForm } = watcher;
    const { revision } = this.#mvcc;
    const batch = { events, throughRevision, revision, cursor, key, end, eventForm };
    if (events.sizeBytes > SHARED_BYTES_MAX) return batch;
    if (this.#shared.unshift(batch) > SHARED_BATCHES_MAX) this.#shared.pop();
    return batch;
  }

  #addChange(watcher: Watcher, events: EventBatch, change: Change): void {
    if (!watcher.wants(change.isDelete)) return;
    const prevPair = watcher.wantsPrevKv ? this.#mvcc.pairBefore(change) : null;
    events.add(change.pair, change.isDelete, prevPair);
  }

  #readPlanned(watcher: Watcher, workMax: number): CatchUpBatch | null {
    watcher.plan ??= {
      lastRevision: this.#mvcc.revision,
      nextKey: watcher.key,
      slots: [],
      slotsMax: 2 * PLAN_SLOTS_MAX,
      sent: 0,
    };
    const { plan } = watcher;
    if (plan.nextKey !== null) this.#lookUp(watcher, plan, workMax);
    if (plan.nextKey !== null) return null;
    const { batch, taken } = this.#batchOf(watcher, plan.slots, plan.sent, plan.lastRevision);
    plan.sent += taken;
    if (plan.sent === plan.slots.length) watcher.plan = null;
    return batch;
  }

  /** Collects the revisions from the cursor to the plan's last one, key by key. */
  #lookUp(watcher: Watcher, plan: CatchUpPlan, workMax: number): void {
    const { index } = this.#mvcc;
    const { revisions } = index;
    let nextKey: ByteString | null = null;
    index.visitAll(plan.nextKey!, watcher.end, (key, newest) => {
      if (this.work > workMax) {
        nextKey = key;
        return false;
      }
      this.work += 1;
      let slot = revisions.atRevision(newest, plan.lastRevision);
      for (; slot !== NO_SLOT && revisions.main(slot) >= watcher.cursor; ) {
        plan.slots.push(slot);
        slot = revisions.older(slot);
      }
      if (plan.slots.length > plan.slotsMax) this.#shorten(plan);
      return true;
    });
    plan.nextKey = nextKey;
    if (nextKey === null) this.#sort(plan.slots);
  }

  /** Keeps the older half, whole revisions, so that a plan stays small however much was missed. */
  #shorten(plan: CatchUpPlan): void {
    const { revisions } = this.#mvcc.index;
    this.#sort(plan.slots);
    const first = revisions.main(plan.slots[0]!);
    const cut = Math.max(revisions.main(plan.slots[PLAN_SLOTS_MAX]!), first + 1);
    plan.slots = plan.slots.filter((slot) => revisions.main(slot) < cut);
    plan.slotsMax = Math.max(2 * PLAN_SLOTS_MAX, 2 * plan.slots.length);
    plan.lastRevision = Math.min(plan.lastRevision, cut - 1);
  }

  #sort(slots: number[]): void {
    const { revisions } = this.#mvcc.index;
    slots.sort(
      (a, b) => revisions.main(a) - revisions.main(b) || revisions.sub(a) - revisions.sub(b),
    );
  }

  /** Encodes the events at `slots` from `start` on, up to the limits; `lastRevision` is what all of them reach to. */
  #batchOf(
    watcher: Watcher,
    slots: readonly number[],
    start: number,
    lastRevision: number,
  ): { batch: CatchUpBatch; taken: number } {
    const { revisions } = this.#mvcc.index;
    const events = new EventBatch();
    let throughRevision = lastRevision;
    let revision = 0;
    let at = start;
    for (; at < slots.length; at += 1) {
      const slot = slots[at]!;
      const main = revisions.main(slot);
      if (main !== revision && isFull(events, at - start)) {
        throughRevision = main - 1;
        break;
      }
      revision = main;
      this.work += 1;
      const isDelete = revisions.isTombstone(slot);
      if (!watcher.wants(isDelete)) continue;
      const isCreate = revisions.create(slot) === main;
      const wantsPrev = watcher.wantsPrevKv && !isCreate;
      const prevPair = wantsPrev ? this.#mvcc.pairBeforeSlot(slot, main) : null;
      events.add(this.#mvcc.pairAt(slot), isDelete, prevPair);
    }
    return { batch: { events, throughRevision }, taken: at - start };
  }
}

function isFull(events: EventBatch, count = events.count): boolean {
  return count >= CATCH_UP_EVENTS_MAX || events.sizeBytes >= CATCH_UP_BYTES_MAX;
}
