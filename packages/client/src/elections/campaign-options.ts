import type { Duration } from "../duration.ts";
import type { Session } from "../session/session.ts";
import type { ElectionValue } from "./election-value.ts";

/**
 * What {@link Election.campaign} takes. All of it is optional.
 *
 * @example
 * ```ts
 * const giveUp = new AbortController();
 * const election = client.election("billing", { value: "host-a" });
 * await using term = await election.campaign({
 *   value: "host-a, since noon", // in place of the election's
 *   signal: giveUp.signal, // withdraws the candidacy
 *   timeout: "1m",
 *   session: "own", // a lease that nothing else can lose
 * });
 * console.log(`${election.name}: ${new TextDecoder().decode(term.value)}`);
 * ```
 */
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
