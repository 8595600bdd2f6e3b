import type { Mutant } from "./mutant.ts";

/** How many have their turn at a time. Count. */
export const MUTANTS_A_TURN = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The mutants whose turn it is: each day those that follow the last day's, and after the last one the first again. */
export function partOf(mutants: readonly Mutant[], turn: number): readonly Mutant[] {
  const count = Math.min(MUTANTS_A_TURN, mutants.length);
  const from = turn * MUTANTS_A_TURN;
  return Array.from({ length: count }, (_, at) => mutants[(from + at) % mutants.length] as Mutant);
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
