import type { Mutant } from "./mutant.ts";

/** Watches: every change, in order, once. */
export const WATCH_MUTANTS: readonly Mutant[] = [];
