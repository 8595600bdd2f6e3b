/** The two uses of one queue layout. */
export type Recipe = "lock" | "election";

/** What every contender of one queue is told. */
export interface QueueTerms {
  readonly recipe: Recipe;
  readonly endpoint: string;
  /** The queue's entries are the keys under `<name>/`. */
  readonly name: string;
  /** The key to which each holder appends a line, `<fence> <who>`. */
  readonly register: string;
  /** How long a killed contender's entry stays. */
  readonly ttlSeconds: number;
  /** Between reading the register and writing it: a lost update is a matter of this time. */
  readonly holdMs: number;
  /** Longer than this no contender of a queue that moves waits. */
  readonly waitMsMax: number;
}
