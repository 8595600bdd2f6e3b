import { assert, type ByteString } from "@conclave/base";
import type { RangeRequest } from "@conclave/wire";
import { type KeyRange, keyRangeOf } from "./range-bounds.ts";
import { hasRevisionBounds, type RangeAnswer, RangeReading } from "./range-reading.ts";
import { NO_SLOT } from "./revision.ts";
import type { MvccStore } from "./store.ts";

/** Why a read at a revision is refused; null if it is not. */
export type ReadRefusal = "compacted" | "futureRevision";

/** Whether a read asking for `revision` is refused. 0 and less ask for the latest. */
export function checkReadRevision(store: MvccStore, revision: number): ReadRefusal | null {
  if (revision <= 0) return null;
  if (revision > store.readRevision) return "futureRevision";
  if (revision < store.compactRevision) return "compacted";
  return null;
}

/** Answers a Range. Requires: {@link checkReadRevision} does not refuse its revision. */
export function evaluateRange(store: MvccStore, request: RangeRequest): RangeAnswer {
  const reading = readRange(store, request);
  if (!(reading instanceof RangeReading)) return reading;
  const isDone = reading.step(Number.POSITIVE_INFINITY);
  assert(isDone, "nothing ends an unlimited step but the end");
  return reading.answer();
}

/** Answers a Range of one key, or begins the reading of one of many. Requires: as {@link evaluateRange}. */
export function readRange(store: MvccStore, request: RangeRequest): RangeAnswer | RangeReading {
  const range = keyRangeOf(request.key, request.rangeEnd);
  const at = request.revision > 0 ? request.revision : store.readRevision;
  if (range.isSingle && !hasRevisionBounds(request)) return readOne(store, request, range.key, at);
  return new RangeReading(store, request, range, at);
}

/** Visits the keys of a range that existed at `at`, in order, until `visit` returns false. */
export function visitRange(
  store: MvccStore,
  range: KeyRange,
  at: number,
  visit: (key: ByteString, slot: number) => boolean,
): void {
  if (!range.isSingle) {
    store.index.visitLive(range.key, range.end, at, visit);
    return;
  }
  const slot = store.index.liveAt(range.key, at);
  if (slot !== NO_SLOT) visit(range.key, slot);
}

function readOne(
  store: MvccStore,
  request: RangeRequest,
  key: ByteString,
  at: number,
): RangeAnswer {
  const slot = store.index.liveAt(key, at);
  if (slot === NO_SLOT) return { kvs: [], more: false, count: 0 };
  if (request.countOnly) return { kvs: [], more: false, count: 1 };
  const pair = request.keysOnly ? store.keyOnlyAt(key, slot) : store.pairAt(slot);
  return { kvs: [pair], more: false, count: 1 };
}
