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
  "a snapshot is installed": 10,
  "a leader is deposed while it sends a snapshot": 2,
  "a member ends during an install": 5,
  "a member boots with a log ahead of its state": 50,
  "a member boots behind the kept log": 2,
  "a torn write is cut from a log": 5,
  "a damaged disk is noticed": 5,
  "a member lacks entries that its disk lost": 5,
  "a member has again what its disk lost": 2,
  "a commit is not on the leader's own disk": 5,
  "several terms of a log are not committed": 5,
  "the window of a member is full": 5,
  "a member is three terms behind": 10,
  "a read of a follower waits for its leader": 50,
  "a read is refused by consensus": 20,
  "a new leader takes over leases": 20,
  "a watch is passed by compaction": 5,
  "a read of the past comes after its compaction": 2,
  "a call is never answered": 50,
  "a change of the members is refused": 20,
  "a change of the members is cut from a log": 1,
  "a change of the members is not committed when its leader is deposed": 2,
  "a new member is brought up by a snapshot": 10,
  "a learner is promoted": 10,
  "a member that joined leads": 2,
  "a leader is removed": 5,
  "a removed member ends": 20,
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
