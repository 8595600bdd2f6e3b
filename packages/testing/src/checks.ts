import type { ChangeRecord, Check, HoldRecord, Recorded, WatchRecord } from "./history.ts";

/** A change is to have arrived at a reader that waits for it after so long, unless told otherwise. Virtual ms. */
const WATCH_WITHIN_MS = 10_000;

interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * No two clients hold `name` at the same time, each judged by its own signal. While a process is stopped it does
 * nothing, so that time does not count as held. For exclusive locks and for elections.
 *
 * @example
 * ```ts
 * import { mutualExclusion, simulate } from "@conclave/testing";
 *
 * await simulate({ members: 1 }, async (sim) => {
 *   await sim.client().locks.request("job", async () => {});
 *   sim.history.check(mutualExclusion("job"));
 * });
 * ```
 */
export function mutualExclusion(name: string): Check {
  return (history) => {
    const holds = history.holds.filter(({ names }) => names.includes(name));
    for (const [at, first] of holds.entries()) {
      for (const second of holds.slice(at + 1)) {
        const both = overlap(activeTimes(first, history), activeTimes(second, history));
        if (both !== null)
          return `${JSON.stringify(name)} was held twice: ${told(first)} and ${told(second)}, from ${ms(both.fromMs)} to ${ms(both.toMs)}`;
      }
    }
    return null;
  };
}

/**
 * Fences only grow: of each name from holder to holder, and at each resource from write to write, as told by
 * `history.accept`.
 *
 * @example
 * ```ts
 * import { monotonicFences, simulate } from "@conclave/testing";
 *
 * await simulate({ members: 1 }, async (sim) => {
 *   await sim.client().locks.request("job", async () => {});
 *   sim.history.check(monotonicFences());
 * });
 * ```
 */
export function monotonicFences(): Check {
  return ({ holds, accepted }) => {
    const lastHolds = new Map<string, HoldRecord>();
    for (const hold of holds) {
      for (const name of hold.names) {
        const last = lastHolds.get(name);
        if (last !== undefined && hold.fence <= last.fence) {
          return `the fence of ${JSON.stringify(name)} did not grow: ${told(last)}, then ${told(hold)}`;
        }
        lastHolds.set(name, hold);
      }
    }
    const lastFences = new Map<string, number>();
    for (const { resource, fence, atMs } of accepted) {
      const last = lastFences.get(resource) ?? 0;
      if (fence < last) {
        return `${resource} accepted a write under fence ${fence} at ${ms(atMs)}, after one under fence ${last}`;
      }
      lastFences.set(resource, fence);
    }
    return null;
  };
}

/**
 * Every watch of keys that begin with `prefix` delivered every change once, in order. What a waiting reader was not given
 * in `withinMs` of virtual time counts as lost.
 *
 * @example
 * ```ts
 * import { watchComplete, simulate } from "@conclave/testing";
 *
 * await simulate({ members: 1 }, async (sim) => {
 *   await sim.client().locks.request("job", async () => {});
 *   sim.history.check(watchComplete("orders/"));
 * });
 * ```
 */
export function watchComplete(prefix: string, { withinMs = WATCH_WITHIN_MS } = {}): Check {
  return (history) => {
    for (const watch of history.watches) {
      if (!watch.covers(prefix)) continue;
      const problem = problemOf(watch, history, prefix, withinMs);
      if (problem !== null) return `the watch of ${watch.target} by ${watch.client} ${problem}`;
    }
    return null;
  };
}

function problemOf(
  watch: WatchRecord,
  { changes, nowMs }: Recorded,
  prefix: string,
  withinMs: number,
): string | null {
  const { fromRevision, delivered, waitingSinceMs } = watch;
  if (fromRevision === null) return null;
  const isWanted = ({ key, revision }: ChangeRecord) =>
    revision >= fromRevision && key.startsWith(prefix) && watch.covers(key);
  const expected = changes.filter(isWanted);
  const seen = delivered.filter(({ key }) => key.startsWith(prefix));
  for (const [at, event] of seen.entries()) {
    const wanted = expected[at];
    if (wanted?.revision === event.revision && wanted.key === event.key) continue;
    const instead =
      wanted === undefined ? "nothing" : `${wanted.key} at revision ${wanted.revision}`;
    return `delivered ${event.key} at revision ${event.revision} at ${ms(event.atMs)} where ${instead} came next`;
  }
  const missing = expected[seen.length];
  if (missing === undefined || waitingSinceMs === null) return null;
  if (nowMs - Math.max(missing.atMs, waitingSinceMs) <= withinMs) return null;
  return `never delivered ${missing.key} at revision ${missing.revision}, written at ${ms(missing.atMs)}`;
}

/** When a holder could act on its hold: not while its process was stopped. */
function activeTimes(hold: HoldRecord, { stops, nowMs }: Recorded): readonly Interval[] {
  let times: Interval[] = [{ fromMs: hold.fromMs, toMs: Math.min(hold.toMs, nowMs) }];
  for (const stop of stops) {
    if (stop.client !== hold.client) continue;
    times = times.flatMap(({ fromMs, toMs }) => [
      { fromMs, toMs: Math.min(toMs, stop.fromMs) },
      { fromMs: Math.max(fromMs, stop.toMs), toMs },
    ]);
  }
  return times.filter(({ fromMs, toMs }) => fromMs < toMs);
}

function overlap(some: readonly Interval[], others: readonly Interval[]): Interval | null {
  for (const a of some) {
    for (const b of others) {
      const both = { fromMs: Math.max(a.fromMs, b.fromMs), toMs: Math.min(a.toMs, b.toMs) };
      if (both.fromMs < both.toMs) return both;
    }
  }
  return null;
}

function told({ client, fence, fromMs, toMs, end }: HoldRecord): string {
  const until = end === null ? "still" : `until ${ms(toMs)} (${end})`;
  return `${client} with fence ${fence} from ${ms(fromMs)} ${until}`;
}

function ms(time: number): string {
  return `${time.toFixed(1)} ms`;
}
