import type { ScriptedFault } from "./fault-script.ts";

/** Runs of one seed that a search for fewer faults may take. Count. */
const RUNS_MAX = 200;

/**
 * Fewer faults that break the same promise, by leaving out ever smaller parts (delta debugging, Zeller 2002): without any
 * single fault of what is returned the run succeeds, unless the number of runs is used up before.
 *
 * @param fails whether the run with only these faults breaks the promise, too
 */
export async function shrink(
  faults: readonly ScriptedFault[],
  fails: (faults: readonly ScriptedFault[]) => Promise<boolean>,
): Promise<readonly ScriptedFault[]> {
  let left = faults;
  let parts = 1;
  for (let runs = 0; left.length > 0 && parts <= left.length; ) {
    const smaller = await firstFailing(withoutEachPart(left, parts), async (candidate) => {
      runs += 1;
      return runs <= RUNS_MAX && (await fails(candidate));
    });
    if (runs > RUNS_MAX) return left;
    if (smaller === null)
      parts = parts === left.length ? parts + 1 : Math.min(parts * 2, left.length);
    else {
      left = smaller;
      parts = Math.max(parts - 1, 1);
    }
  }
  return left;
}

/** The list without its first part, without its second, … */
function withoutEachPart<T>(list: readonly T[], parts: number): readonly (readonly T[])[] {
  const bound = (at: number): number => Math.floor((list.length * at) / parts);
  return Array.from({ length: parts }, (_, at) => [
    ...list.slice(0, bound(at)),
    ...list.slice(bound(at + 1)),
  ]);
}

async function firstFailing<T>(
  candidates: readonly T[],
  fails: (candidate: T) => Promise<boolean>,
): Promise<T | null> {
  for (const candidate of candidates) if (await fails(candidate)) return candidate;
  return null;
}
