import type { Mutant } from "./mutant.ts";

/** Leases, and the locks that hang on them. */
export const LEASE_MUTANTS: readonly Mutant[] = [];
