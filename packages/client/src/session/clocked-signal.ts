const { prototype } = AbortSignal;
const abortedOf = Object.getOwnPropertyDescriptor(prototype, "aborted")!.get!;
const reasonOf = Object.getOwnPropertyDescriptor(prototype, "reason")!.get!;

/**
 * Makes the signal of `controller` look at the clock whenever it is asked: `check` may abort it first. Without that, a loop
 * that computes and looks at `signal.aborted` on the way would not stop, for the timer that aborts the signal waits
 * until the loop is over.
 */
export function clockedSignal({ signal }: AbortController, check: () => void): AbortSignal {
  return Object.defineProperties(signal, {
    aborted: {
      get: () => {
        check();
        return abortedOf.call(signal);
      },
    },
    reason: {
      get: () => {
        check();
        return reasonOf.call(signal);
      },
    },
    throwIfAborted: {
      value: () => {
        check();
        prototype.throwIfAborted.call(signal);
      },
    },
  });
}
