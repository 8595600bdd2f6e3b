import type { Client } from "../client.ts";
import type { Duration } from "../duration.ts";

/**
 * What {@link closeOnSignals} takes besides the clients.
 *
 * @example
 * ```ts
 * import { closeOnSignals } from "@conclave/client/shutdown";
 *
 * using shutdown = closeOnSignals([client], { signals: ["SIGTERM", "SIGHUP"], grace: "20s" });
 * void shutdown.closed.then(() => console.log("the locks are free, the process ends"));
 * ```
 */
export interface ShutdownOptions {
  /** The signals that end the process. Default `["SIGTERM", "SIGINT"]`. */
  readonly signals?: readonly NodeJS.Signals[];
  /** How long the holders of locks and leaderships may take to end; see {@link Client.close}. Default `"5s"`. */
  readonly grace?: Duration;
}

/** The watch over the process's signals. Disposing of it ends the watch. */
export interface Shutdown extends Disposable {
  /** Aborts when the first signal comes: for what else has to stop. */
  readonly signal: AbortSignal;
  /** Resolves when a signal has come and the clients are closed. Never rejects. */
  readonly closed: Promise<void>;
}

const SIGNALS_DEFAULT: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT"];
const GRACE_DEFAULT: Duration = "5s";

/**
 * Closes clients when the process is told to end, so that others need not wait for a TTL: nothing new is taken, the signals of
 * all holds abort, their holders get the grace to end, and what they still hold is given back in one call for each session.
 *
 * Then the signal takes its usual effect, which is to end the process, unless somebody else listens for it too: then it is theirs
 * to end it. A second signal does not wait for anything.
 *
 * @throws RangeError for a grace that is no duration
 * @example
 * ```ts
 * import { closeOnSignals } from "@conclave/client/shutdown";
 *
 * using shutdown = closeOnSignals(client, { grace: "10s" });
 * shutdown.signal.addEventListener("abort", () => console.log("stops taking requests"));
 * ```
 */
export function closeOnSignals(
  clients: Client | readonly Client[],
  options: ShutdownOptions = {},
): Shutdown {
  const { signals = SIGNALS_DEFAULT, grace = GRACE_DEFAULT } = options;
  const all: readonly Client[] = Array.isArray(clients) ? clients : [clients];
  const controller = new AbortController();
  let onClosed = () => {};
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  const stopListening = () => {
    for (const name of signals) process.off(name, onSignal);
  };
  const onSignal = async (name: NodeJS.Signals): Promise<void> => {
    stopListening();
    controller.abort();
    await Promise.all(all.map((client) => client.close({ grace })));
    onClosed();
    if (process.listenerCount(name) === 0) process.kill(process.pid, name);
  };
  for (const name of signals) process.on(name, onSignal);
  return { signal: controller.signal, closed, [Symbol.dispose]: stopListening };
}
