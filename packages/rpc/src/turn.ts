import type { Clock } from "@conclave/base";

/** Calls back at the end of the current turn of the event loop, once for each time asked. */
export type AtTurnEnd = (callback: () => void) => void;

/**
 * The turn of node's event loop: `setImmediate` runs after all sockets that were readable have been read, so
 * whatever they caused leaves in one write per socket. One immediate serves all who ask in a turn.
 */
export function eventLoopTurn(): AtTurnEnd {
  let waiting: (() => void)[] = [];
  let running: (() => void)[] = [];
  const run = (): void => {
    const due = waiting;
    waiting = running;
    running = due;
    for (const callback of due) callback();
    due.length = 0;
  };
  return (callback) => {
    if (waiting.length === 0) setImmediate(run);
    waiting.push(callback);
  };
}

/** A turn that ends when a clock says so: the deterministic one. */
export function clockTurn(clock: Clock): AtTurnEnd {
  return (callback) => {
    clock.setTimer(0, callback);
  };
}
