import { setTimeout as sleep } from "node:timers/promises";
import { nextBelow, type Prng } from "@conclave/base";
import type { Contender, ReportedTurn } from "./contender-process.ts";

/** Turns between two kills: enough for everyone to come by. */
const TURNS_BETWEEN_KILLS = 20;
const LOOK_EVERY_MS = 5;
const STALLED_AFTER_MS = 30_000;

/** What the contenders told, and what was done to them, while a company of contenders took turns. */
export interface Run {
  readonly turns: readonly ReportedTurn[];
  readonly losses: readonly string[];
  readonly killed: { readonly holders: number; readonly waiters: number };
}

/** Contenders of several kinds at one queue, and the killing among them. */
export class Company implements AsyncDisposable {
  readonly #contenders: readonly Contender[];
  readonly #prng: Prng;
  readonly #killed = { holders: 0, waiters: 0 };

  constructor(contenders: readonly Contender[], prng: Prng) {
    this.#contenders = contenders;
    this.#prng = prng;
  }

  /**
   * Lets them take turns for a time, and on until a holder and a waiter were killed, and everyone has had turns after that.
   * @throws Error when a contender ends by itself, or turns stop coming
   */
  async run(durationMs: number): Promise<Run> {
    for (const contender of this.#contenders) contender.start();
    await this.#turnsOfAll();
    const until = performance.now() + durationMs;
    while (performance.now() < until || this.#killed.holders === 0 || this.#killed.waiters === 0) {
      await this.#killOne(this.#killed.holders <= this.#killed.waiters);
      await this.#moreTurns(TURNS_BETWEEN_KILLS);
    }
    await this.#turnsOfAll();
    await this[Symbol.asyncDispose]();
    return {
      turns: this.#contenders.flatMap(({ reports }) => reports.turns),
      losses: this.#contenders.flatMap(({ reports }) =>
        reports.losses.map((reason) => `${reports.who}: ${reason}`),
      ),
      killed: this.#killed,
    };
  }

  /** Kills all that run. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#contenders.map((contender) => contender.kill()));
  }

  async #killOne(wantsHolder: boolean): Promise<void> {
    const candidates = this.#contenders.filter(({ mayBeKilled }) => mayBeKilled);
    const victim = candidates[nextBelow(this.#prng, candidates.length)]!;
    await this.#until(() => victim.reports.isHolding === wantsHolder, `${victim.reports.who}`);
    await victim.kill();
    this.#killed[victim.reports.killed() ? "holders" : "waiters"] += 1;
    victim.start();
  }

  /** Everyone finishes two more turns. */
  async #turnsOfAll(): Promise<void> {
    for (const { reports } of this.#contenders) {
      const target = finishedTurns(reports.turns) + 2;
      await this.#until(() => finishedTurns(reports.turns) >= target, reports.who);
    }
  }

  async #moreTurns(count: number): Promise<void> {
    const total = () =>
      this.#contenders.reduce((sum, { reports }) => sum + finishedTurns(reports.turns), 0);
    const target = total() + count;
    await this.#until(() => total() >= target, "anyone");
  }

  async #until(holds: () => boolean, who: string): Promise<void> {
    const deadline = performance.now() + STALLED_AFTER_MS;
    while (!holds()) {
      for (const contender of this.#contenders) {
        const failure = contender.failure();
        if (failure !== null) throw new Error(failure);
      }
      if (performance.now() > deadline) throw new Error(`no turn of ${who} came`);
      await sleep(LOOK_EVERY_MS);
    }
  }
}

function finishedTurns(turns: readonly ReportedTurn[]): number {
  return turns.filter(({ releasedAtMs }) => releasedAtMs !== null).length;
}
