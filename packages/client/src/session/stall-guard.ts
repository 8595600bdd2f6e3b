import v8 from "node:v8";

const checks = new Set<() => void>();
let stopHook = () => {};

function checkAll(): void {
  for (const check of checks) check();
}

function startHook(): () => void {
  try {
    return v8.promiseHooks.onBefore(checkAll) as () => void;
  } catch {
    return () => {}; // Absent, or said not to be implemented.
  }
}

/**
 * Calls `check` before code of this thread goes on after any `await`, until told to stop.
 *
 * After a pause of the process, or of its event loop, timers are not the first to run: promises that were settled come
 * before them, and so do answers that waited in a socket. Code that goes on there would not know yet that its time is
 * over; with this it does. It costs some 70 ns for each await, so it is on only while there is something to lose. Callbacks
 * without a promise are not covered, for Node does not bear what a check may do (such as cancelling the very timer that is
 * about to run); they find out when they ask the signal. Where there is no such hook (Bun, Deno), so do all.
 */
export function beforeContinuations(check: () => void): () => void {
  if (checks.size === 0) stopHook = startHook();
  checks.add(check);
  return () => {
    if (checks.delete(check) && checks.size === 0) stopHook();
  };
}
