import type { Duration } from "../duration.ts";
import type { Session } from "../session/session.ts";
import type { ElectionValue } from "./election-value.ts";

/** What {@link Election.campaign} takes. All of it is optional. */
export interface CampaignOptions {
  /** In place of the election's value. */
  readonly value?: ElectionValue;
  /** Gives the candidacy up, and leaves nothing behind. It does not end a term. */
  readonly signal?: AbortSignal;
  /** Default: wait as long as it takes. */
  readonly timeout?: Duration;
  /** As for locks. Default `"shared"`. */
  readonly session?: "shared" | "own" | Session;
}

/** What {@link Election.resume} takes besides the token. */
export type ResumeOptions = Omit<CampaignOptions, "value">;
