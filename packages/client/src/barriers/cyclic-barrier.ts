import { OperationLimit } from "../abort.ts";
import type { Duration } from "../duration.ts";
import { ConclaveError } from "../errors.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { op } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { nobodyIn } from "../ownership/queue-entry.ts";
import type { Session } from "../session/session.ts";
import { arrive } from "./arrive.ts";
import { readView, roundsKey } from "./barrier-view.ts";
import { Party } from "./party.ts";
import type { Round } from "./rounds.ts";
import { sessionFor } from "./session-for.ts";

/**
 * What {@link CyclicBarrier} methods that wait take. All of it is optional.
 *
 * @example
 * ```ts
 * const giveUp = new AbortController(); // aborts when our caller does
 * const own = client.session.fork({ ttl: "5s" }); // the others learn within 5 s that we died
 * const arrive = () =>
 *   client
 *     .barrier("loaded", { parties: 2 })
 *     .arriveAndWait({ session: own, signal: giveUp.signal, timeout: "1m" });
 * await Promise.all([arrive(), arrive()]);
 * await own.close();
 * ```
 */
export interface ArriveOptions {
  /** Gives up, which breaks the barrier for the parties that wait with this one. */
  readonly signal?: AbortSignal;
  /** As `signal`, after this time. Default: wait as long as it takes. */
  readonly timeout?: Duration;
  /** What proves that this party is alive: if it is lost, the others are told. Default `"shared"`. */
  readonly session?: "shared" | Session;
}

/** All parties had arrived. */
export interface Tripped {
  /** Which time this was, from 1. */
  readonly generation: number;
  /** This party was the last to arrive: true for exactly one of them, which is a way to choose one. */
  readonly isLast: boolean;
}

/** The time between entering and leaving together. */
export interface BarrierPhase extends Tripped, AsyncDisposable {
  /** Aborts when the session is lost: the others no longer wait for this party to leave. */
  readonly signal: AbortSignal;
  /**
   * Says that this party is done, and waits until all are, or have died. A call that gave up can be made again.
   * @throws ConclaveError TIMEOUT, CANCELLED, …: this party has left, but others may not have
   * @example
   * ```ts
   * const barrier = client.barrier("copy", { parties: 2 });
   * const copy = async (shard: number) => {
   *   const phase = await barrier.enter({ timeout: "1m" });
   *   console.log(`shard ${shard} is copied`);
   *   await phase.leave({ timeout: "10m" }); // until the other has copied, too
   * };
   * await Promise.all([copy(1), copy(2)]);
   * ```
   */
  leave(options?: CallOptions): Promise<void>;
}

/**
 * A place where a fixed number of parties wait for each other, again and again: each time all have arrived is a
 * generation. If one gives up or dies before all have arrived, that generation is broken, and everyone who waits in it is
 * told; the next generation begins at once. Made by {@link Client.barrier} with `parties`.
 *
 * How a generation ended is kept under `<name>/rounds`, until {@link remove}.
 */
export interface CyclicBarrier {
  /**
   * Waits until all parties have arrived.
   * @throws ConclaveError BARRIER_BROKEN if another party gave up or died; FAILED_PRECONDITION if those who wait are for
   *   another number of parties; TIMEOUT or CANCELLED, up to a second late, with the outcome `"unknown"` if it could not be
   *   found out whether the others were let through; SessionLostError
   * @example
   * ```ts
   * const parties = [1, 2, 3].map(async (part) => {
   *   // … load a part, then
   *   const { generation, isLast } = await client
   *     .barrier("loaded", { parties: 3 })
   *     .arriveAndWait({ timeout: "1m" });
   *   if (isLast) console.log(`part ${part} was the last of generation ${generation}`);
   * });
   * await Promise.all(parties);
   * ```
   */
  arriveAndWait(options?: ArriveOptions): Promise<Tripped>;
  /**
   * Waits until all parties have entered; they then leave together as well (a double barrier). A party that dies inside
   * keeps nobody from leaving.
   * @throws as `arriveAndWait` does
   * @example
   * ```ts
   * const round = async (player: string) => {
   *   await using phase = await client.barrier("round", { parties: 2 }).enter();
   *   console.log(`${player} plays in round ${phase.generation}`);
   * }; // left when both have
   * await Promise.all([round("ada"), round("bob")]);
   * ```
   */
  enter(options?: ArriveOptions): Promise<BarrierPhase>;
  /**
   * How many parties wait now.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   */
  waiting(options?: CallOptions): Promise<number>;
  /**
   * Deletes what is kept of a barrier that is no longer needed.
   * @throws ConclaveError FAILED_PRECONDITION while parties are there
   * @example
   * ```ts
   * const barrier = client.barrier("end-of-season", { parties: 1 });
   * await barrier.arriveAndWait();
   * console.log(await barrier.waiting()); // 0
   * await barrier.remove();
   * ```
   */
  remove(options?: CallOptions): Promise<void>;
}

/** The {@link CyclicBarrier} of one name. */
export class NamedCyclicBarrier implements CyclicBarrier {
  readonly #coordination: Coordination;
  readonly #name: string;
  readonly #parties: number;

  constructor(coordination: Coordination, name: string, parties: number) {
    this.#coordination = coordination;
    this.#name = name;
    this.#parties = parties;
  }

  async arriveAndWait(options: ArriveOptions = {}): Promise<Tripped> {
    const { party, round } = await this.#arrive(options);
    party.leave();
    return { generation: round.generation, isLast: party.isLastOf(round) };
  }

  async enter(options: ArriveOptions = {}): Promise<BarrierPhase> {
    const { party, round } = await this.#arrive(options);
    const leave = async (limits: CallOptions = {}) => {
      using limit = this.#limit("leaving", limits);
      try {
        await party.untilAllLeft(round, limit.signal);
      } finally {
        party.leave(); // Whatever came in between: the others are not to wait for this one.
      }
    };
    return {
      generation: round.generation,
      isLast: party.isLastOf(round),
      signal: party.session.signal,
      leave,
      [Symbol.asyncDispose]: () => leave(),
    };
  }

  async waiting(options: CallOptions = {}): Promise<number> {
    const { arrivals, rounds } = await readView(this.#coordination, this.#name, options);
    return arrivals.filter((arrival) => arrival.revision > rounds.upTo).length;
  }

  async remove(options: CallOptions = {}): Promise<void> {
    const { succeeded } = await this.#coordination
      .txn()
      .if(nobodyIn(this.#name))
      .then(op.delete(roundsKey(this.#name)))
      .commit(options);
    if (succeeded) return;
    const message = `${JSON.stringify(this.#name)}: parties are at the barrier`;
    throw new ConclaveError("FAILED_PRECONDITION", "not-applied", message);
  }

  async #arrive(options: ArriveOptions): Promise<{ party: Party; round: Round }> {
    const { windDown, sessions } = this.#coordination;
    const session = sessionFor(sessions, options.session);
    using limit = this.#limit("waiting at", options);
    limit.alsoEndWith(windDown.signal);
    limit.alsoEndWith(session.signal);
    const terms = { name: this.#name, parties: this.#parties, session };
    const arrived = await arrive(this.#coordination, terms, limit.signal);
    const party = new Party(this.#coordination, terms, arrived);
    const round = await party
      .untilRoundEnded(limit.signal)
      .catch((error: unknown) => party.giveUp(limit.signal.aborted ? limit.signal.reason : error));
    if (round.tripped) return { party, round };
    party.leave();
    const what = `generation ${round.generation} of ${JSON.stringify(this.#name)}`;
    const message = `${what} is broken: one of its parties gave up or died`;
    throw new ConclaveError("BARRIER_BROKEN", "not-applied", message);
  }

  #limit(what: string, options: CallOptions): OperationLimit {
    const { clock } = this.#coordination.runtime;
    return new OperationLimit(clock, `${what} ${JSON.stringify(this.#name)}`, limitsOf(options));
  }
}
