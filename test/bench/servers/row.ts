import type { Deployment } from "../../support/server-process.ts";
import type { Tool } from "../../support/tools.ts";
import type { Effort } from "../section.ts";
import type { Quantiles } from "./load-process.ts";

/** Something that is measured of both servers. */
export interface Figure {
  readonly name: string;
  /** With its unit. */
  readonly title: string;
  readonly isBetter: "more" | "less";
  /** What Conclave ÷ etcd has to be: at least, where more is better, at most, where less is. */
  readonly ratioGoal?: number;
  /** What Conclave's figure may be at most, in every round. */
  readonly valueGoal?: number;
}

/** What one run on one server came to. */
export interface Sample {
  /** By the names of the row's figures. */
  readonly figures: Readonly<Record<string, number>>;
  /** How long its calls took, where that is worth a drawing. */
  readonly quantiles?: Quantiles;
}

/** One workload that a foreign client puts on either server. */
export interface ServerRow {
  readonly name: string;
  readonly title: string;
  readonly members: 1 | 3;
  /** The first is what the row is about. */
  readonly figures: readonly Figure[];
  /** What makes its load, beside the Go program. A row without it is left out, visibly. */
  readonly needs?: Tool;
  /** Whether each round wants servers that nobody has used. Otherwise the rounds of a row share theirs. */
  readonly isFresh?: boolean;
  measure(deployment: Deployment, effort: Effort): Promise<Sample>;
}
