import type { FailpointAction } from "./failpoints.ts";

/** How a part of a member tells where it is. A crash has happened when this returns: what goes on is a ghost. */
export interface Steps {
  /** @returns what the caller has to do itself: wait, or fail */
  reach(point: string): FailpointAction | null;
  /** For a delay. Milliseconds. */
  drawDelayMs(): number;
}
