import { DURABILITY_MUTANTS } from "./durability.ts";
import { ELECTION_MUTANTS } from "./elections.ts";
import { KEY_MUTANTS } from "./keys.ts";
import { LEASE_MUTANTS } from "./leases.ts";
import { MEMBERSHIP_MUTANTS } from "./memberships.ts";
import type { Mutant } from "./mutant.ts";
import { PROPOSAL_MUTANTS } from "./proposals.ts";
import { READ_MUTANTS } from "./reads.ts";
import { REPLICATION_MUTANTS } from "./replication.ts";
import { TRANSPORT_MUTANTS } from "./transport.ts";
import { WATCH_MUTANTS } from "./watches.ts";

export const MUTANTS: readonly Mutant[] = [
  ...ELECTION_MUTANTS,
  ...REPLICATION_MUTANTS,
  ...MEMBERSHIP_MUTANTS,
  ...READ_MUTANTS,
  ...DURABILITY_MUTANTS,
  ...TRANSPORT_MUTANTS,
  ...PROPOSAL_MUTANTS,
  ...KEY_MUTANTS,
  ...LEASE_MUTANTS,
  ...WATCH_MUTANTS,
];

/** Those that the simulators find. */
export const HUNTED: readonly Mutant[] = MUTANTS.filter(({ heldBy }) => heldBy === undefined);

/** Those that have their turn with `npm test`. */
export const QUICKLY_HUNTED: readonly Mutant[] = HUNTED.filter(({ isRare }) => isRare !== true);

/** Those that they have not found so far. */
export const HELD: readonly Mutant[] = MUTANTS.filter(({ heldBy }) => heldBy !== undefined);
