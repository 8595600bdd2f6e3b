import { Trace } from "./cluster/index.ts";

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

/** One change of the store. */
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

/** One watch of one client, and what its reader was given. */
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

/** A write that a resource outside of the store let through, under the fence it came with. */
export interface AcceptedRecord {
  /** When, ms. */
  readonly atMs: number;
  /** As it was named to `history.accept`. */
  readonly resource: string;
  /** Revision that the fence stands for. */
  readonly fence: number;
}

/** A time in which a client's process was stopped, ms. */
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

  /** Adds a line of your own. */
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
