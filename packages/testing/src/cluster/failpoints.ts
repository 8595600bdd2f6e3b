import { FAILPOINT_ACTIONS, FAILPOINTS, type FailpointAction } from "./failpoint-names.ts";

export { FAILPOINT_ACTIONS, FAILPOINTS, type FailpointAction };

interface Armed {
  readonly action: FailpointAction;
  /** Times that the point is passed before. */
  skip: number;
}

/**
 * Places in the code that ships where a member can be made to crash, stall or fail. All of them lie at its seams (disk,
 * store, links), so the code itself knows nothing of them.
 */
export class Failpoints {
  /** By name of the point. */
  readonly #armed = new Map<string, Armed[]>();
  /** By "point: action". What is absent was never taken. */
  readonly taken = new Map<string, number>();
  #isIdle = true;

  /** Nothing is armed: whoever would have to work for a name need not ask. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** The action is taken once, by whoever gets to the point when it was passed `skip` times. */
  arm(point: string, action: FailpointAction, skip: number): void {
    const armed = this.#armed.get(point);
    if (armed === undefined) this.#armed.set(point, [{ action, skip }]);
    else armed.push({ action, skip });
    this.#isIdle = false;
  }

  disarm(): void {
    this.#armed.clear();
    this.#isIdle = true;
  }

  /** Called at the point. @returns what is to happen there */
  take(point: string): FailpointAction | null {
    if (this.#isIdle) return null;
    const armed = this.#armed.get(point);
    const next = armed?.[0];
    if (armed === undefined || next === undefined) return null;
    if (next.skip > 0) {
      next.skip -= 1;
      return null;
    }
    armed.shift();
    if (armed.length === 0) this.#armed.delete(point);
    this.#isIdle = this.#armed.size === 0;
    const name = `${point}: ${next.action}`;
    this.taken.set(name, (this.taken.get(name) ?? 0) + 1);
    return next.action;
  }
}
