/** One change of a key, as the server's history tells it. */
export interface Change {
  readonly type: "put" | "delete";
  readonly key: string;
  readonly text: string;
  readonly revision: number;
  readonly createRevision: number;
}

/** A line of the register: who appended it, and with which fence. */
export interface Appended {
  readonly fence: number;
  readonly who: string;
}

/** What a run's history says of its queue. */
export interface QueueHistory {
  readonly appended: readonly Appended[];
  /** Create revisions of all entries that ever stood in the queue, in that order. */
  readonly entries: readonly number[];
  /** What should not have happened, in words. */
  readonly violations: readonly string[];
}

/**
 * Goes through everything that happened to a queue and to the register that its holders append to. Nobody's word is taken
 * for anything: who held when follows from the entries that stood in the queue at that revision.
 *
 * - Only the oldest entry may append: never two holders, and turns in the order of create revisions.
 * - Each append extends what was there by one line, with a fence greater than all before: no update is lost.
 */
export function readHistory(changes: readonly Change[], register: string): QueueHistory {
  const standing = new Map<string, number>();
  const entries: number[] = [];
  const violations: string[] = [];
  let text = "";
  for (const change of changes) {
    if (change.key === register) {
      violations.push(...wrongAppend(change, text, standing));
      text = change.text;
    } else if (change.type === "delete") {
      standing.delete(change.key);
    } else if (standing.get(change.key) !== change.createRevision) {
      standing.set(change.key, change.createRevision);
      entries.push(change.createRevision);
    }
  }
  return { appended: linesOf(text), entries, violations };
}

function wrongAppend(
  change: Change,
  before: string,
  standing: ReadonlyMap<string, number>,
): readonly string[] {
  const at = `at revision ${change.revision}`;
  if (!change.text.startsWith(before)) return [`${at} an update was lost`];
  const added = linesOf(change.text.slice(before.length));
  const [line] = added;
  if (line === undefined || added.length > 1) return [`${at} ${added.length} lines were added`];
  const wrong = [];
  const oldest = Math.min(...standing.values());
  if (line.fence !== oldest) {
    wrong.push(`${at} ${line.who} wrote with fence ${line.fence} while ${oldest} was the oldest`);
  }
  const last = linesOf(before).at(-1);
  if (last !== undefined && last.fence >= line.fence) {
    wrong.push(`${at} fence ${line.fence} came after ${last.fence}`);
  }
  return wrong;
}

function linesOf(text: string): Appended[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => {
    const [fence, ...who] = line.split(" ");
    return { fence: Number(fence), who: who.join(" ") };
  });
}

/** Turns that overlap by the holders' own clocks, in words. All run on one machine. */
export function overlaps(
  turns: readonly {
    readonly who: string;
    readonly acquiredAtMs: number;
    readonly releasedAtMs: number | null;
  }[],
): readonly string[] {
  const finished = turns.flatMap((turn) => {
    const { releasedAtMs } = turn;
    return releasedAtMs === null ? [] : [{ ...turn, releasedAtMs }];
  });
  finished.sort((a, b) => a.acquiredAtMs - b.acquiredAtMs);
  return finished.slice(1).flatMap((turn, at) => {
    const before = finished[at]!;
    if (before.releasedAtMs <= turn.acquiredAtMs) return [];
    const ms = (before.releasedAtMs - turn.acquiredAtMs).toFixed(1);
    return [`${turn.who} held while ${before.who} did, for ${ms} ms`];
  });
}
