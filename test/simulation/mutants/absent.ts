/** A historical bug that has no mutant, and what stands in its place. */
export interface AbsentBug {
  readonly bug: string;
  readonly why: string;
}

/** Why the other rows of the table of historical bugs are not hunted by the simulators. */
export const ABSENT_BUGS: readonly AbsentBug[] = [
  {
    bug: "E5",
    why: "With the rule for E6 the record of the newest revision always survives compaction, so to count the survivors would be right as well. The revision is stored all the same.",
  },
  {
    bug: "E14",
    why: "There is no auth yet; its state will be part of the replicated, hashed state, and gets its mutant then.",
  },
  {
    bug: "E21",
    why: "It took auth to lose leases in a restore. That somebody watches the time of leases that came with a snapshot is L2 of the simulation.",
  },
  {
    bug: "E23",
    why: "There is one source of membership, the log; ids of removed members are kept for ever and refused at the peer port and at the start: `member-directory.test.ts`, `peer-service.test.ts`, `test/members`.",
  },
  {
    bug: "E24",
    why: "An update of a member writes the one field that it is about, and its vote lies elsewhere, in consensus: `member-directory.test.ts`, 'leaves a learner a learner'.",
  },
  {
    bug: "E28",
    why: "The simulated store has no quota. The guards are composed in one place, `command-executor.ts`, and `packages/state-machine/src/guards.test.ts` holds that an alarm takes none away.",
  },
  {
    bug: "H8",
    why: "A candidate asks once a term, so no repeated request exists whose refusal could hurt; `election.test.ts` holds that the answer is the same.",
  },
  {
    bug: "Raft Figure 2, rule 5",
    why: "A follower that commits beyond the last entry of an append: the search for agreement ends exactly where the logs part, so the first append that is taken cuts off what differs, and nothing is left to commit wrongly. 2,000 seeds agree.",
  },
];
