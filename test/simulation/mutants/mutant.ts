import type { SourceEdit } from "../../support/source-edit.ts";

/** Which simulator hunts a mutant: that of consensus alone, or that of whole members. */
export type Simulator = "consensus" | "cluster";

/** A bug that the shipped code does not have, as the change of the sources that would bring it. */
export interface Mutant {
  readonly id: string;
  /** Where it is known from: a row of the table of historical bugs (E1…, H1…), or the rule of Raft that it breaks. */
  readonly bug: string;
  /** What is wrong, as a sentence. */
  readonly title: string;
  readonly simulator: Simulator;
  readonly edits: readonly SourceEdit[];
  /** Takes hundreds of seeds of whole members: hunted with all of them, or by name, but never has a turn. */
  readonly isRare?: true;
  /** Not found by the simulators so far, but by this test: `CONCLAVE_MUTANT=<id> npx vitest run <file>` fails. */
  readonly heldBy?: string;
}
