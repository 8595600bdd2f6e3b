import { Trace } from "./cluster/trace.ts";

/** A lock, or the leadership of a term, as its client saw it. Times are virtual, ms. */
export interface HoldRecord {
  /** Which client: "client 1" and so on, in the order in which they were made. */
  readonly client: string;
  /** What is held. */
  readonly names: readonly string[];
  /** Revision that the fence stands for. */
  readonly fence: number;
  /** When it was granted. */
  readonly fromMs: number;
  /** When its signal aborted; Infinity while it is held. */
  toMs: number;
  /** `"released"`, or why it was lost; null while it is held. */
  end: string | null;
}

/**
 * One change of the store.
 *
 * @example
 * ```ts
 * import { type Check, simulate } from "@conclave/testing";
 *
 * const neverNegative: Check = ({ changes }) => {
 *   const bad = changes.find(({ key, value }) => key.startsWith("stock/") && Number(value) < 0);
 *   return bad === undefined
 *     ? null
 *     : `${bad.key} was ${bad.value} from revision ${bad.revision} on, at ${bad.atMs} ms`;
 * };
 * await simulate({ members: 1 }, async (sim) => {
 *   await sim.client().kv.put("stock/42", "7");
 *   sim.history.check(neverNegative);
 * });
 * ```
 */
export interface ChangeRecord {
  /** When it was committed, ms. */
  readonly atMs: number;
  /** Revision of the change. */
  readonly revision: number;
  /** With the namespace, if there is one. */
  readonly key: string;
  /** Null: deleted. */
  readonly value: string | null;
}

/**
 * One watch of one client, and what its reader was given.
 *
 * @example
 * ```ts
 * import { type Check, simulate } from "@conclave/testing";
 *
 * // A reader that waits was told of everything that is older than five seconds.
 * const toldInTime: Check = ({ watches, changes, nowMs }) => {
 *   for (const { client, target, covers, fromRevision, delivered, waitingSinceMs } of watches) {
 *     if (fromRevision === null || waitingSinceMs === null) continue;
 *     const due = changes.filter(
 *       ({ key, revision, atMs }) => covers(key) && revision >= fromRevision && atMs < nowMs - 5_000,
 *     );
 *     if (delivered.length < due.length) return `${client} was not told of all changes of ${target}`;
 *   }
 *   return null;
 * };
 * await simulate({ members: 1 }, async (sim) => {
 *   const client = sim.client();
 *   await using watch = client.watch("orders/");
 *   await watch.started();
 *   await client.kv.put("orders/1", "new");
 *   await watch.next();
 *   sim.history.check(toldInTime);
 * });
 * ```
 */
export interface WatchRecord {
  /** Whose watch it is. */
  readonly client: string;
  /** What it covers, in words. */
  readonly target: string;
  /** Whether it covers a key of the store. */
  readonly covers: (key: string) => boolean;
  /** First revision that it has to deliver; null until the server has answered. */
  fromRevision: number | null;
  /** What its reader was given, in order. */
  readonly delivered: { readonly revision: number; readonly key: string; readonly atMs: number }[];
  /** Since when its reader waits for the next event, ms; null while nobody reads. */
  waitingSinceMs: number | null;
}

/**
 * A write that a resource outside of the store let through, under the fence it came with.
 *
 * @example
 * ```ts
 * import { type Check, simulate } from "@conclave/testing";
 *
 * // Nothing was let through but from whoever held the lock then.
 * const onlyFromHolders: Check = ({ accepted, holds }) => {
 *   for (const { atMs, resource, fence } of accepted) {
 *     const hold = holds.find((each) => each.fence === fence);
 *     if (hold !== undefined && hold.fromMs <= atMs && atMs <= hold.toMs) continue;
 *     const whose = hold === undefined ? "nobody's" : `${hold.client}'s, ${hold.names}: ${hold.end}`;
 *     return `${resource} took a write under fence ${fence} at ${atMs} ms, ${whose}`;
 *   }
 *   return null;
 * };
 * await simulate({ members: 1 }, async (sim) => {
 *   await sim.client().locks.request("job", async (lock) => sim.history.accept("db", lock.fence));
 *   sim.history.check(onlyFromHolders);
 * });
 * ```
 */
export interface AcceptedRecord {
  /** When, ms. */
  readonly atMs: number;
  /** As it was named to `history.accept`. */
  readonly resource: string;
  /** Revision that the fence stands for. */
  readonly fence: number;
}

/**
 * A time in which a client's process was stopped, ms.
 *
 * @example
 * ```ts
 * import { simulate } from "@conclave/testing";
 *
 * await simulate({ members: 1 }, async (sim) => {
 *   const worker = sim.client();
 *   await sim.pause(worker, "30s");
 *   sim.history.check(({ stops }) => {
 *     const long = stops.find(({ fromMs, toMs }) => toMs - fromMs > 60_000);
 *     return long === undefined ? null : `${long.client} was stopped for more than a minute`;
 *   });
 * });
 * ```
 */
export interface StopRecord {
  /** Whose process it was. */
  readonly client: string;
  /** When it was stopped. */
  readonly fromMs: number;
  /** When it went on; Infinity while it is stopped. */
  toMs: number;
}

/** Something that must be true of a history. @returns what is wrong with it, or null */
export type Check = (history: Recorded) => string | null;

/** What checks look at. */
export interface Recorded {
  /** Virtual time now, ms. */
  readonly nowMs: number;
  /** Locks and terms, in the order in which they were granted. */
  readonly holds: readonly HoldRecord[];
  /** Changes of the store, in order. A wipe forgets them. */
  readonly changes: readonly ChangeRecord[];
  /** Every watch that was opened, since the last wipe. */
  readonly watches: readonly WatchRecord[];
  /** What resources let through, in order. */
  readonly accepted: readonly AcceptedRecord[];
  /** When processes were stopped. */
  readonly stops: readonly StopRecord[];
}

/** Lines kept for the message of a failed check. Count. */
const LINES_MAX = 400;
/** Lines of them that are shown. Count. */
const LINES_SHOWN = 40;

/**
 * A promise that the history broke. Its message says what, when and who, and how to see it again.
 *
 * @example
 * ```ts
 * import { HistoryError, simulate } from "@conclave/testing";
 *
 * await simulate({ members: 1 }, async (sim) => {
 *   try {
 *     sim.history.check(({ holds }) => (holds.length === 0 ? "nobody ever held anything" : null));
 *   } catch (error) {
 *     if (!(error instanceof HistoryError)) throw error;
 *   }
 * });
 * ```
 */
export class HistoryError extends Error {
  override readonly name = "HistoryError";
}

/**
 * What happened in a simulation, in virtual time: holds, changes of the store, what watches delivered, faults.
 *
 * @example
 * ```ts
 * import { monotonicFences, mutualExclusion, simulate } from "@conclave/testing";
 *
 * await simulate({ seed: 7 }, async (sim) => {
 *   const a = sim.client();
 *   await a.locks.request("order/42", async (lock) => {
 *     sim.history.accept("payments", lock.fence); // the payment service let it through
 *   });
 *   sim.history.check(mutualExclusion("order/42"), monotonicFences());
 * });
 * ```
 */
export class History implements Recorded {
  /** Locks and terms, in the order in which they were granted. */
  readonly holds: HoldRecord[] = [];
  /** Changes of the store, in order. A wipe forgets them. */
  readonly changes: ChangeRecord[] = [];
  /** Every watch that was opened, since the last wipe. */
  readonly watches: WatchRecord[] = [];
  /** What resources let through, in order. */
  readonly accepted: AcceptedRecord[] = [];
  /** When processes were stopped. */
  readonly stops: StopRecord[] = [];
  readonly #trace = new Trace(LINES_MAX);
  readonly #now: () => number;
  readonly #replay: string;

  /** @internal */
  constructor(now: () => number, replay: string) {
    this.#now = now;
    this.#replay = replay;
  }

  /** Virtual time, ms. */
  get nowMs(): number {
    return this.#now();
  }

  /** One number for all that happened: equal for equal seeds. */
  get hash(): number {
    return this.#trace.hash;
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#trace.lastLines;
  }

  /**
   * Adds a line of your own.
   * @example
   * ```ts
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 1, seed: 7 }, async (sim) => {
   *   sim.history.note("the deploy begins"); // shows up among the lines of a failed check
   *   await sim.client().kv.put("version", "2");
   *   console.log(sim.history.lines.length, sim.history.hash, sim.history.nowMs); // equal for equal seeds
   * });
   * ```
   */
  note(text: string): void {
    this.#trace.add(this.nowMs, text);
  }

  /** Notes that `resource` let a write through that came with `fence`: {@link monotonicFences} looks at it. */
  accept(resource: string, fence: { readonly revision: number }): void {
    this.note(`${resource} accepts a write under fence ${fence.revision}`);
    this.accepted.push({ atMs: this.nowMs, resource, fence: fence.revision });
  }

  /** @throws HistoryError for the first check that finds something wrong */
  check(...checks: readonly Check[]): void {
    for (const check of checks) {
      const problem = check(this);
      if (problem === null) continue;
      const lines = this.lines.slice(-LINES_SHOWN).map((line) => `  ${line}`);
      throw new HistoryError([problem, this.#replay, ...lines].join("\n"));
    }
  }
}
