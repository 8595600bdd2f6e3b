import { EventType, type Event as WireEvent } from "@conclave/wire";
import { inDoubt, OperationLimit } from "../abort.ts";
import { ConclaveError, type Outcome } from "../errors.ts";
import { compare } from "../kv/compare.ts";
import { textOf } from "../kv/keys.ts";
import { op } from "../kv/op.ts";
import type { Coordination } from "../ownership/coordination.ts";
import { isUncertain, queuePrefix } from "../ownership/queue-entry.ts";
import { untilSettled } from "../ownership/until-settled.ts";
import type { Session } from "../session/session.ts";
import { type Arrived, type PartyTerms, TRIP_UNKNOWN } from "./arrive.ts";
import { arrivalOf, type BarrierView, readView, roundsKey } from "./barrier-view.ts";
import { Roster } from "./roster.ts";
import type { Arrival, Round, Step } from "./rounds.ts";

/** How long one who gives up may take to learn whether the barrier has tripped meanwhile, ms. */
const GIVE_UP_MS = 1_000;

/**
 * One party of a cyclic barrier, from its arrival until it leaves: a key on its session's lease, of the same form as a
 * lock's. A round is ended by one write to the key of the rounds, guarded by the write before it; so all parties agree on
 * how it ended, whatever each of them saw.
 */
export class Party {
  readonly #coordination: Coordination;
  readonly #terms: PartyTerms;
  readonly #own: Arrival;
  readonly #wasUncertain: boolean;
  readonly #after: number;
  readonly #roster: Roster;
  #view: BarrierView;

  constructor(coordination: Coordination, terms: PartyTerms, arrived: Arrived) {
    this.#coordination = coordination;
    this.#terms = terms;
    this.#own = arrived.arrival;
    this.#wasUncertain = arrived.wasUncertain;
    this.#after = arrived.after;
    this.#view = arrived.view;
    this.#roster = new Roster(arrived.arrival);
    this.#roster.takeIn(arrived.view);
  }

  get session(): Session {
    return this.#terms.session;
  }

  /** Whether it was the last to arrive of a round that tripped. Exactly one party is. */
  isLastOf(round: Round): boolean {
    return this.#own.revision === round.upTo;
  }

  /**
   * Waits until its round has ended.
   * @throws ConclaveError BARRIER_BROKEN if its key was deleted; the signal's reason
   */
  async untilRoundEnded(signal: AbortSignal): Promise<Round> {
    for (;;) {
      const round = this.#ownRound();
      if (round !== null) return this.#assertCounted(round);
      if (this.#roster.isOwnGone) {
        this.session.renewNow(); // Its lease may have gone, and the key with it.
        throw this.#broken("its key was deleted", "not-applied");
      }
      const step = this.#roster.nextStep(this.#view.revision);
      if (step.kind === "wait") await this.#untilNews(signal);
      else await this.#end(step, signal);
      await this.#look(signal);
    }
  }

  /**
   * Breaks its round, for it waits no longer because of `error`, and leaves.
   * @returns the round if it tripped all the same
   * @throws `error`, with the outcome `"unknown"` if it could not be found out whether the barrier tripped
   */
  async giveUp(error: unknown): Promise<Round> {
    const { clock } = this.#coordination.runtime;
    using limit = new OperationLimit(clock, "giving up", { timeoutMs: GIVE_UP_MS });
    limit.alsoEndWith(this.session.signal);
    let round: Round | null;
    try {
      round = await this.#breakRound(limit.signal);
    } catch {
      this.leave();
      throw error === this.session.signal.reason ? error : inDoubt(error, TRIP_UNKNOWN);
    }
    const isCounted = !this.#roster.isOwnGone;
    if (round?.tripped && isCounted) return round;
    this.leave();
    throw round?.tripped ? inDoubt(error, TRIP_UNKNOWN) : error;
  }

  /** Takes its key away, in the background. */
  leave(): void {
    const { debris } = this.#coordination;
    debris.add(this.session, this.#own.key, { again: this.#wasUncertain });
  }

  /** Takes its key away, and waits until nobody of its round is left. */
  async untilAllLeft(round: Round, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#look(signal);
      const after = this.#view.rounds.upToBefore(round.generation);
      const left = this.#view.arrivals.filter(
        ({ revision }) => revision > after && revision <= round.upTo,
      );
      if (left.length === 0) return;
      const keys = new Set(left.map(({ key }) => key));
      if (keys.has(this.#own.key)) {
        await settled(this.#coordination.kv.delete(this.#own.key, { signal }));
      } else {
        await this.#untilEvent(signal, ({ type }, key) => {
          if (type === EventType.DELETE) keys.delete(key);
          return keys.size === 0;
        });
      }
    }
  }

  async #breakRound(signal: AbortSignal): Promise<Round | null> {
    for (;;) {
      await this.#look(signal);
      const round = this.#ownRound();
      if (round !== null) return round;
      this.#roster.remove(this.#own.key);
      const step = this.#roster.nextStep(this.#view.revision);
      if (step.kind !== "break") {
        if (!this.#view.arrivals.some(({ key }) => key === this.#own.key)) return null;
        await this.#stepOut(signal);
      } else await this.#end(step, signal);
    }
  }

  /** @throws ConclaveError BARRIER_BROKEN if that is no longer known */
  #ownRound(): Round | null {
    const round = this.#view.rounds.roundOf(this.#own.revision, this.#after);
    if (round !== "forgotten") return round;
    throw this.#broken(
      "it was cut off for so long that the end of its round is forgotten",
      "unknown",
    );
  }

  /**
   * A key that was deleted while its party could not look counted for nobody, or for a round that has gone on without it.
   * @throws ConclaveError BARRIER_BROKEN
   */
  #assertCounted(round: Round): Round {
    if (!round.tripped || !this.#roster.isOwnGone) return round;
    throw this.#broken("its key was deleted", "unknown");
  }

  #broken(why: string, outcome: Outcome): ConclaveError {
    const message = `${JSON.stringify(this.#terms.name)}: a party cannot go on, for ${why}`;
    return new ConclaveError("BARRIER_BROKEN", outcome, message);
  }

  /** Resolves when the rounds were written, or somebody who waits is gone. */
  #untilNews(signal: AbortSignal): Promise<void> {
    const rounds = roundsKey(this.#terms.name);
    return this.#untilEvent(signal, ({ type, kv }, key) => {
      if (key === rounds) return true;
      if (type === EventType.PUT) {
        const { createRevision, lease: leaseId, value } = kv!;
        const found = { createRevision, leaseId, text: textOf(value) };
        this.#roster.add(arrivalOf(this.#terms.name, key, found));
        return false;
      }
      return this.#roster.remove(key);
    });
  }

  #untilEvent(
    signal: AbortSignal,
    isAwaited: (event: WireEvent, key: string) => boolean,
  ): Promise<void> {
    const { hub, namespace } = this.#coordination;
    const range = namespace.rangeOf({ prefix: queuePrefix(this.#terms.name) });
    const spec = { ...range, startRevision: this.#view.revision + 1 };
    return untilSettled(signal, (resolve, onFailed) => {
      const onEvents = (events: readonly WireEvent[]) => {
        const keyOf = (event: WireEvent) => textOf(namespace.strip(event.kv!.key));
        if (events.filter((event) => isAwaited(event, keyOf(event))).length > 0) resolve();
      };
      return [hub.open(spec, { onEvents, onFailed })];
    });
  }

  async #look(signal: AbortSignal): Promise<void> {
    const view = await readView(this.#coordination, this.#terms.name, { signal });
    if (view.roundsRevision !== this.#view.roundsRevision) this.#roster.clear();
    this.#view = view;
    this.#roster.takeIn(view);
  }

  /** Goes, unless a round has ended meanwhile, which may be its own. */
  async #stepOut(signal: AbortSignal): Promise<void> {
    const { key } = this.#own;
    const isSame = compare({ key: roundsKey(this.#terms.name) }).modRevision;
    await settled(
      this.#coordination
        .txn()
        .if(isSame.eq(this.#view.roundsRevision))
        .then(op.delete(key))
        .commit({ signal }),
    );
  }

  /** Ends the round, unless somebody else has. A lost answer does not matter: the next look tells. */
  async #end(step: Exclude<Step, { kind: "wait" }>, signal: AbortSignal): Promise<void> {
    const key = roundsKey(this.#terms.name);
    const { rounds, roundsRevision } = this.#view;
    const text = rounds.with(step.upTo, step.kind === "trip").toText();
    await settled(
      this.#coordination
        .txn()
        .if(compare({ key }).modRevision.eq(roundsRevision))
        .then(op.put(key, text))
        .commit({ signal }),
    );
  }
}

/** Waits for a write whose effect is looked up afterwards. @throws what certainly was not applied */
async function settled(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isUncertain(error)) throw error;
  }
}
