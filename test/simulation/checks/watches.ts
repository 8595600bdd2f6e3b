import type { Watched } from "../history.ts";
import type { Ledger } from "./ledger.ts";
import { check } from "./violation.ts";

/** W2, W3, W5, W6: over all its streams, a watcher got every change of its prefix, in order, once. */
export function checkWatches(watches: readonly Watched[], ledger: Ledger): void {
  for (const { client, prefix, events } of watches) {
    const last = events.at(-1)?.revision ?? 0;
    const expected = ledger.filter(
      ({ key, revision }) => key.startsWith(prefix) && revision <= last,
    );
    const count = Math.max(expected.length, events.length);
    for (let at = 0; at < count; at += 1) {
      check(
        JSON.stringify(events[at]) === JSON.stringify(expected[at]),
        () =>
          `W5: ${client} got ${JSON.stringify(events[at])} where ${JSON.stringify(expected[at])} was due`,
      );
    }
  }
}
