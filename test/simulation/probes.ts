/**
 * Interesting states ("sometimes" assertions): rare ones in which mistakes hide. In how many of a thousand seeds each must
 * be reached is checked, so that nobody makes the simulation tamer without noticing.
 */
export const PROBES = {
  "every member is down": 50,
  "a quorum is down": 50,
  "a second member leads": 100,
  "two members believe that they lead": 10,
  "two candidates stand at once": 10,
  "a candidate stands against a leader": 10,
  "a candidate has a longer log of an older term": 1,
  "a log is cut back on a conflict": 5,
  "a leader is deposed while reads wait": 2,
  "a leader is deposed with entries of its own not committed": 5,
  "a leader is deposed by its hand-over": 5,
  "a leader has entries of older terms not committed": 10,
  "reads wait for the first entry of a term": 2,
  "a hand-over is under way": 20,
  "a member applies behind its commit index": 5,
  "a member lags behind the kept log": 10,
  "a snapshot is under way": 10,
} as const;

export type ProbeName = keyof typeof PROBES;

export class Probes {
  readonly #reached = new Set<ProbeName>();

  hit(name: ProbeName): void {
    this.#reached.add(name);
  }

  get reached(): readonly ProbeName[] {
    return [...this.#reached];
  }
}
