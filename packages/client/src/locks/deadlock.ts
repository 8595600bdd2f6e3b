import type { Timer } from "@conclave/base";
import { type ConclaveError, DeadlockError, type WaitingLock } from "../errors.ts";
import { compare } from "../kv/compare.ts";
import type { KeyValue } from "../kv/key-value.ts";
import { op, type RangeResult } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import type { Hold } from "../ownership/hold.ts";
import { type QueueEntry, queuePrefix } from "../ownership/queue-entry.ts";
import { Backoff } from "../runtime.ts";
import { entryFacts, type StandingEntry, standingEntries } from "./queue-snapshot.ts";

/** Most waits end by themselves before anybody has to look, ms. */
const LOOK_AFTER_MS = 1_000;
const LOOK_AGAIN_MAX_MS = 15_000;
/** Queues that one search follows. Count. */
const QUEUES_MAX = 64;

/**
 * Looks for a circle of tasks that wait for each other, on behalf of a task that holds locks and waits for another.
 *
 * Once it has waited for a while, its held entries say which entry it waits with (`waitsWith`): by that, whoever waits for
 * one of them finds the next queue to look at. A circle is believed only when one transaction sees all of it at one
 * revision. The youngest entry in it is the victim, so exactly one of them gives up.
 */
export class DeadlockWatch {
  readonly #coordination: Coordination;
  readonly #entry: QueueEntry;
  readonly #held: readonly Hold[];
  readonly #controller = new AbortController();
  readonly #backoff: Backoff;
  #timer: Timer | null = null;
  #isAnnounced = false;
  #isOver = false;

  constructor(coordination: Coordination, entry: QueueEntry, held: readonly Hold[]) {
    this.#coordination = coordination;
    this.#entry = entry;
    this.#held = held;
    this.#backoff = new Backoff(coordination.runtime.prng, LOOK_AFTER_MS, LOOK_AGAIN_MAX_MS);
    this.#lookLater();
  }

  /** Aborts with a {@link DeadlockError} if the entry is the victim of a circle. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The wait is over. */
  close(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    // What was announced stays: it names an entry that no longer waits, which ends every search.
  }

  #lookLater(): void {
    const delayMs = this.#backoff.nextDelayMs();
    this.#timer = this.#coordination.runtime.clock.setTimer(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    try {
      if (!this.#isAnnounced) await this.#announce();
      const circle = await this.#findCircle();
      if (this.#isOver) return;
      if (circle !== null) return this.#controller.abort(deadlockError(this.#entry, circle));
    } catch {
      // A search that failed is repeated; the wait itself goes on.
    }
    if (!this.#isOver) this.#lookLater();
  }

  /** Writes into the held entries which entry their task waits with. */
  async #announce(): Promise<void> {
    for (const { keys, fence } of this.#held.filter(({ isTerm }) => !isTerm)) {
      for (const key of keys) {
        const found = await this.#coordination.kv.get(key);
        if (found?.createRevision !== fence.revision) continue;
        const value = JSON.stringify({ ...entryFacts(found), waitsWith: this.#entry.keys });
        await this.#coordination
          .txn()
          .if(compare({ key }).modRevision.eq(found.modRevision))
          .then(op.put(key, value, { leaseId: found.leaseId }))
          .commit();
      }
    }
    this.#isAnnounced = true;
  }

  /** The circle whose victim our entry is, or null. */
  async #findCircle(): Promise<readonly StandingEntry[] | null> {
    const names = new Set(this.#entry.names);
    // Each look may reveal queues to look at as well; the last one sees all of them at one revision.
    for (;;) {
      const entries = await this.#readQueues([...names]);
      const search = new CircleSearch(entries);
      const circle = search.circleFrom(this.#entry.keys);
      const unseen = [...search.unseenNames].filter((name) => !names.has(name));
      if (unseen.length === 0 || names.size + unseen.length > QUEUES_MAX) {
        return circle !== null && isYoungest(this.#entry, circle) ? circle : null;
      }
      for (const name of unseen) names.add(name);
    }
  }

  async #readQueues(names: readonly string[]): Promise<readonly StandingEntry[]> {
    const { results } = await this.#coordination
      .txn()
      .then(...names.map((name) => op.getAll({ prefix: queuePrefix(name) })))
      .commitAs("read", {});
    return standingEntries((results as RangeResult[]).flatMap(({ items }) => items));
  }
}

/** Follows who waits for whom through entries that were read at one revision. */
class CircleSearch {
  /** Names of queues that the search was led to and that were not read. */
  readonly unseenNames = new Set<string>();
  readonly #byKey: ReadonlyMap<string, StandingEntry>;

  constructor(entries: readonly StandingEntry[]) {
    this.#byKey = new Map(entries.map((entry) => [entry.kv.keyText, entry]));
  }

  /** The waiting entries of a circle through one of `keys`, or null. */
  circleFrom(keys: readonly string[]): readonly StandingEntry[] | null {
    const visited = new Set<string>();
    const follow = (
      key: string,
      path: readonly StandingEntry[],
    ): readonly StandingEntry[] | null => {
      const entry = this.#byKey.get(key);
      if (entry === undefined || entry.waitingOn.length === 0 || visited.has(key)) return null;
      visited.add(key);
      const here = [...path, entry];
      for (const next of entry.waitingOn.flatMap((kept) => this.#waitsWith(kept))) {
        if (keys.includes(next)) return here;
        const circle = follow(next, here);
        if (circle !== null) return circle;
      }
      return null;
    };
    for (const key of keys) {
      const circle = follow(key, []);
      if (circle !== null) return circle;
    }
    return null;
  }

  /** The entries that whoever made this one waits with: itself while it waits, or what it announced. */
  #waitsWith(kv: KeyValue): readonly string[] {
    const standing = this.#byKey.get(kv.keyText);
    const own = standing !== undefined && standing.waitingOn.length > 0 ? [kv.keyText] : [];
    const announced = entryFacts(kv)?.waitsWith;
    const others = Array.isArray(announced)
      ? announced.filter((key): key is string => typeof key === "string")
      : [];
    for (const key of others) {
      const slash = key.lastIndexOf("/");
      if (slash > 0 && !this.#byKey.has(key)) this.unseenNames.add(key.slice(0, slash));
    }
    return [...own, ...others];
  }
}

function isYoungest(entry: QueueEntry, circle: readonly StandingEntry[]): boolean {
  return circle.every(({ kv }) => kv.createRevision <= entry.createRevision);
}

function deadlockError(entry: QueueEntry, circle: readonly StandingEntry[]): ConclaveError {
  const cycle: WaitingLock[] = circle.map(({ name, kv, waitingOn }) => {
    const facts = entryFacts(kv) ?? {};
    const { host, pid, label } = facts;
    return {
      name,
      key: kv.keyText,
      host: typeof host === "string" ? host : null,
      pid: typeof pid === "number" ? pid : null,
      label: typeof label === "string" ? label : null,
      waitingOn: waitingOn.map(({ keyText }) => keyText),
    };
  });
  return new DeadlockError(entry.names.join(", "), cycle);
}
