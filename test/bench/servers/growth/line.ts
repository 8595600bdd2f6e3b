import type { Deployment } from "../../../support/server-process.ts";
import type { Effort } from "../../section.ts";
import type { Figure, Sample } from "../row.ts";

/** What a server holds more and more of, and what that does to its work. */
export interface GrowthLine {
  readonly name: string;
  readonly title: string;
  /** What grows: `keys`, `idle watchers`. */
  readonly counted: string;
  /** How many, ascending. */
  readonly points: readonly number[];
  /** The points when it is only tried that everything works. */
  readonly quickPoints: readonly number[];
  /** The first is drawn. */
  readonly figures: readonly Figure[];
  /** What one of them may add to the server's memory; bytes. */
  readonly bytesEachGoal?: number;
  /** Whether the server's memory grows with them at rest. */
  readonly isHeld: boolean;
  /** Brings a server from one point to the next. What it leaves open is closed when the line has been measured. */
  grow(deployment: Deployment, from: number, to: number): Promise<AsyncDisposable | null>;
  measure(deployment: Deployment, point: number, effort: Effort): Promise<Sample>;
}
