import { FilterType, type WatchCreateRequest } from "@conclave/wire";
import type { KeyRange } from "../mvcc/range-bounds.ts";
import type { CatchUpPlan } from "./catch-up.ts";
import type { WatcherGroup } from "./interval-index.ts";
import type { WatchStream } from "./watch-stream.ts";

/**
 * One subscription. It is either in step, and gets every event as it is published; or it lags, and then it is no more
 * than a cursor: what it has not been sent is read again later.
 */
export class Watcher {
  readonly stream: WatchStream;
  readonly id: number;
  readonly range: KeyRange;
  /** Events below this revision are never sent. */
  readonly startRevision: number;
  readonly wantsPuts: boolean;
  readonly wantsDeletes: boolean;
  readonly wantsPrevKv: boolean;
  readonly wantsFragments: boolean;
  readonly wantsProgress: boolean;

  isLagging = false;
  /** Valid only while lagging: everything below this revision was sent. */
  cursor = 0;
  /** Valid only while lagging: history that was looked up and not sent yet. */
  plan: CatchUpPlan | null = null;
  /** Whether a response went out since progress was last due. */
  wasBusy = false;

  /** Neighbours in the list of watchers of the same range. */
  group: WatcherGroup | null = null;
  nextInGroup: Watcher | null = null;
  previousInGroup: Watcher | null = null;

  constructor(
    stream: WatchStream,
    id: number,
    range: KeyRange,
    startRevision: number,
    request: WatchCreateRequest,
  ) {
    this.stream = stream;
    this.id = id;
    this.range = range;
    this.startRevision = startRevision;
    this.wantsPuts = !request.filters.includes(FilterType.NOPUT);
    this.wantsDeletes = !request.filters.includes(FilterType.NODELETE);
    this.wantsPrevKv = request.prevKv;
    this.wantsFragments = request.fragment;
    this.wantsProgress = request.progressNotify;
  }

  wants(isDelete: boolean): boolean {
    return isDelete ? this.wantsDeletes : this.wantsPuts;
  }
}
