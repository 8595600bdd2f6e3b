import { OperationLimit } from "../abort.ts";
import type { CallOptions } from "../kv/limits.ts";
import type { Coordination } from "../ownership/coordination.ts";
import type { CampaignOptions, ResumeOptions } from "./campaign-options.ts";
import type { ElectionValue } from "./election-value.ts";
import type { LeadOptions } from "./lead.ts";
import type { Leader } from "./leader.ts";
import type { Term } from "./term.ts";

/** What {@link Client.election} takes besides the name. */
export interface ElectionOptions {
  /** What this candidate says of itself. Default: an empty text. */
  readonly value?: ElectionValue;
}

/**
 * One leader by name, in the order of candidacy. Go's `concurrency.Election`, `etcdctl elect` and the `v3election`
 * service stand in the same queues.
 *
 * @example
 * ```ts
 * const election = client.election("billing", { value: "host-a" });
 * await using term = await election.campaign({ timeout: "10s" });
 * console.log(`leads with fence ${term.fence}`, (await election.leader())?.text);
 * ```
 */
export class Election {
  /** As it was asked for; within the client's namespace. */
  readonly name: string;
  readonly #coordination: Coordination;
  readonly #value: ElectionValue;

  /** @internal */
  constructor(coordination: Coordination, name: string, options: ElectionOptions) {
    if (name === "") throw new TypeError("an election needs a name");
    this.name = name;
    this.#coordination = coordination;
    this.#value = options.value ?? "";
  }

  /**
   * Waits to be elected.
   * @throws ConclaveError TIMEOUT or CANCELLED, after which the candidacy is withdrawn; SessionLostError if the session
   *   was lost while waiting: campaign again, or use {@link lead}
   */
  campaign(options: CampaignOptions = {}): Promise<Term> {
    return this.#campaign(options, null);
  }

  /**
   * Runs `body` whenever this client leads, for ever: after a lost term it campaigns again, and never starts a term
   * before the body of the last one has ended. Pass `term.signal` on, for it aborts when the lead is about to be lost.
   *
   * A body that returns while it leads gives up the lead, and stands again behind the other candidates.
   *
   * Ends when `signal` aborts, after the body has ended.
   * @throws what `body` threw, unless it threw because its term was over; ConclaveError for an error that campaigning
   *   again cannot mend (PERMISSION_DENIED, CLOSED, …)
   * @example
   * ```ts
   * const shutdown = new AbortController();
   * const work = async (signal: AbortSignal) => shutdown.abort(); // ends when the signal aborts
   *
   * await client.election("billing", { value: { host: "a" } }).lead(
   *   async (term) => {
   *     console.log(`leads with fence ${term.fence}`);
   *     await work(term.signal);
   *   },
   *   { signal: shutdown.signal, grace: "5s" },
   * );
   * ```
   */
  async lead(body: (term: Term) => void | Promise<void>, options: LeadOptions = {}): Promise<void> {
    const { lead } = await import("./lead.ts");
    const campaign = (signal: AbortSignal, ending: AbortSignal) =>
      this.#campaign({ signal }, ending);
    return lead({ campaign }, this.#coordination.runtime, body, options);
  }

  /**
   * Goes on with a term after a crash and restart, within the time that the lease had left: the same term, with the same
   * fence and value, so that nobody else leads in between. What it stands on is from now on this client's session.
   *
   * Meant for a process that takes the place of a dead one. If that one lives after all, its term ends as `stolen`.
   * @param token of {@link Term.token}, kept where a restart finds it
   * @returns null if that term is over: campaign
   * @throws TypeError for what is no token of this election; ConclaveError FAILED_PRECONDITION if the session to resume it on
   *   holds it already; TIMEOUT, CANCELLED or another, after which the term is as it was, or, if the server may have moved
   *   it, given up; SessionLostError
   * @example
   * ```ts
   * const election = client.election("billing", { value: "host-a" });
   * const token = (await election.campaign()).token; // kept in a file, say, until the process is started again
   *
   * const session = client.session.fork();
   * const term = (await election.resume(token, { session })) ?? (await election.campaign());
   * await term.resign();
   * ```
   */
  async resume(token: string, options: ResumeOptions = {}): Promise<Term | null> {
    const { resumeTerm } = await import("./resume.ts");
    return resumeTerm(this.#coordination, this.name, token, options);
  }

  /**
   * Who leads now, by a linearizable read; null if nobody does.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   */
  async leader(options: CallOptions = {}): Promise<Leader | null> {
    const { readFirst } = await import("./observe.ts");
    return readFirst(this.#coordination, this.name, options);
  }

  /**
   * All candidates in the order in which they will lead, the leader first.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   */
  async candidates(options: CallOptions = {}): Promise<readonly Leader[]> {
    const { readCandidates } = await import("./observe.ts");
    return readCandidates(this.#coordination, this.name, options);
  }

  /**
   * Who leads now, and every change; null while nobody does. A slow reader may miss leaders in between, never the
   * latest. It never ends by itself: leave the loop, or abort `signal`, which also ends the wait for a change.
   * @throws (while it is read) ConclaveError CANCELLED, CLOSED, PERMISSION_DENIED, UNAUTHENTICATED
   */
  async *observe(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Leader | null, void, undefined> {
    using limit = new OperationLimit(
      this.#coordination.runtime.clock,
      `observing ${JSON.stringify(this.name)}`,
      options,
    );
    const { observeLeader } = await import("./observe.ts");
    yield* observeLeader(this.#coordination, this.name, limit.signal);
  }

  async #campaign(options: CampaignOptions, ending: AbortSignal | null): Promise<Term> {
    const { campaign } = await import("./campaign.ts");
    return campaign(
      this.#coordination,
      this.name,
      { ...options, value: options.value ?? this.#value },
      ending,
    );
  }
}
