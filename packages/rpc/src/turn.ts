import type { Clock } from "@conclave/base";

/** Calls back at the end of the current turn of the event loop, once for each time asked. */
export type AtTurnEnd = (callback: () => void) => void;

/** What is asked for while the end of a turn is running still belongs to this turn, so many times. Count. */
const ROUNDS = 4;

/**
 * The turn of node's event loop: `setImmediate` runs after all sockets that were readable have been read, so
 * whatever they caused leaves in one write per socket. One immediate serves all who ask in a turn; work that is done
 * at its end may ask again, and its output leaves in the same turn.
 */
export function eventLoopTurn(): AtTurnEnd {
  let waiting: (() => void)[] = [];
  let spare: (() => void)[] = [];
  let isAsked = false;
  const run = (): void => {
    for (let round = 0; round < ROUNDS && waiting.length > 0; round += 1) {
      const due = waiting;
      waiting = spare;
      for (const callback of due) callback();
      due.length = 0;
      spare = due;
    }
    isAsked = waiting.length > 0;
    if (isAsked) setImmediate(run);
  };
  return (callback) => {
    waiting.push(callback);
    if (isAsked) return;
    isAsked = true;
    setImmediate(run);
  };
}

/** A turn that ends when a clock says so: the deterministic one. */
export function clockTurn(clock: Clock): AtTurnEnd {
  return (callback) => {
    clock.setTimer(0, callback);
  };
}
