import { invalidValueError } from "../kv/value-codec.ts";

/** How one generation of a cyclic barrier ended. */
export interface Round {
  /** Counted from 1. */
  readonly generation: number;
  /** Those who arrived at this revision or before it belong to this generation, or to one before. */
  readonly upTo: number;
  /** All parties had arrived; else it was broken. */
  readonly tripped: boolean;
}

/** A party that is there, by its key. */
export interface Arrival {
  readonly key: string;
  /** When it arrived: its key's create revision. */
  readonly revision: number;
  /** How many it waits for, itself included. */
  readonly parties: number;
}

/** Rounds that are kept. A party that was cut off for longer than these lasted cannot know how its own ended. Count. */
const KEPT_MAX = 16;

/** The rounds that ended so far, the last ones, oldest first, as they are kept in the store. */
export class Rounds {
  readonly #kept: readonly Round[];

  constructor(kept: readonly Round[]) {
    this.#kept = kept;
  }

  /** @throws ConclaveError INVALID_VALUE if `text` is not what {@link toText} writes */
  static fromText(key: string, text: string | null): Rounds {
    if (text === null) return new Rounds([]);
    try {
      const kept: unknown = JSON.parse(text);
      if (Array.isArray(kept) && kept.length > 0 && kept.every(isRound)) return new Rounds(kept);
    } catch {
      // Said below.
    }
    throw invalidValueError(key, "it does not hold the rounds of a barrier");
  }

  toText(): string {
    return JSON.stringify(this.#kept);
  }

  /** The generation of the last round; 0 before the first. */
  get generation(): number {
    return this.#kept.at(-1)?.generation ?? 0;
  }

  /** Who arrived later than this waits. */
  get upTo(): number {
    return this.#kept.at(-1)?.upTo ?? 0;
  }

  with(upTo: number, tripped: boolean): Rounds {
    const round = { generation: this.generation + 1, upTo, tripped };
    return new Rounds([...this.#kept, round].slice(-KEPT_MAX));
  }

  /**
   * The round of a party that arrived at `revision`, after generation `after` had ended: null while it waits,
   * `"forgotten"` if its round is no longer kept.
   */
  roundOf(revision: number, after: number): Round | "forgotten" | null {
    if (revision > this.upTo) return null;
    const round = this.#kept.find(({ upTo }) => revision <= upTo)!;
    return round === this.#kept[0] && round.generation > after + 1 ? "forgotten" : round;
  }

  /** The end of the round before, below which nobody belongs to `generation`. */
  upToBefore(generation: number): number {
    return this.#kept.find((round) => round.generation === generation - 1)?.upTo ?? 0;
  }
}

/** What a party does about what it sees. */
export type Step =
  | { readonly kind: "wait" }
  /** End the round, with everyone who arrived up to this revision. */
  | { readonly kind: "trip" | "break"; readonly upTo: number };

/**
 * Decides for a party while its round has not ended. `arrived`: all who have arrived since the last round, in order, those
 * who are `gone` again included, as of `revision`. Those beyond the last place wait for the next round.
 *
 * The last one to arrive trips the barrier, so that exactly one does; whoever sees that one has gone may break it.
 */
export function nextStep(
  arrived: readonly Arrival[],
  gone: ReadonlySet<string>,
  own: Arrival,
  revision: number,
): Step {
  const round = arrived.slice(0, own.parties);
  const last = round[own.parties - 1];
  if (round.some(({ key }) => gone.has(key))) {
    return { kind: "break", upTo: last?.revision ?? revision };
  }
  return last?.key === own.key ? { kind: "trip", upTo: own.revision } : { kind: "wait" };
}

function isRound(value: unknown): value is Round {
  if (typeof value !== "object" || value === null) return false;
  const { generation, upTo, tripped } = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(generation) && Number.isSafeInteger(upTo) && typeof tripped === "boolean"
  );
}
