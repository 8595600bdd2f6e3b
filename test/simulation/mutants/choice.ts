import type { Mutant } from "./mutant.ts";

const PARTS = 4;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The part of the mutants whose turn it is: each day another, or the one that a seed names. */
export function partOf(mutants: readonly Mutant[], turn: number): readonly Mutant[] {
  return mutants.filter((_, at) => at % PARTS === turn % PARTS);
}

/** Whole days since 1970. */
export function dayOf(date: Date): number {
  return Math.floor(date.getTime() / DAY_MS);
}

/** @throws Error naming the id that no mutant has */
export function mutantsNamed(
  mutants: readonly Mutant[],
  ids: readonly string[],
): readonly Mutant[] {
  return ids.map((id) => {
    const mutant = mutants.find((each) => each.id === id);
    if (mutant === undefined) throw new Error(`there is no mutant ${id}`);
    return mutant;
  });
}
