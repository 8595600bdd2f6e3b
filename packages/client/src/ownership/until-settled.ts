import { onAbort } from "../abort.ts";
import type { ConclaveError } from "../errors.ts";

/**
 * Runs watches until one of them calls back, or what it should see may have been compacted away: then the caller looks again.
 * @throws the signal's reason when it aborts, or what a watch fails with for another reason than compaction
 */
export function untilSettled(
  signal: AbortSignal,
  open: (
    resolve: () => void,
    onFailed: (error: ConclaveError) => void,
  ) => readonly { close(): void }[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stops: readonly (() => void)[] = [];
    let isOver = false;
    const settle = (act: () => void) => {
      if (isOver) return;
      isOver = true;
      for (const stop of stops) stop();
      act();
    };
    const onFailed = (error: ConclaveError) =>
      settle(() => (error.code === "COMPACTED" ? resolve() : reject(error)));
    const watches = open(() => settle(resolve), onFailed);
    const stopListening = onAbort(signal, () => settle(() => reject(signal.reason)));
    stops = [stopListening, ...watches.map((watch) => () => watch.close())];
    if (isOver) for (const stop of stops) stop();
  });
}
