/** One worker: waits to be elected, works while it leads, and stops at once when it does not. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@conclave/client";

const [name, ...endpoints] = process.argv.slice(2);
const client = await connect(endpoints, {
  namespace: "leader-fleet/",
  session: { ttl: "2s", margin: "600ms" }, // a dead leader is replaced after about two seconds
});

const shutdown = new AbortController();
process.once("SIGTERM", () => shutdown.abort());

/** What only the leader does. It stops when the term's signal aborts. */
async function work(term) {
  for (let run = 1; !term.signal.aborted; run += 1) {
    // The write commits only while this term lasts: a leader that was paused cannot overwrite its successor's.
    await term.kv.put("last-run", JSON.stringify({ by: name, run, fence: term.fence }));
    await sleep(200, undefined, { signal: term.signal });
  }
}

await client
  .election("workers", { value: { name, pid: process.pid } })
  .lead(work, { signal: shutdown.signal, grace: "1s" });

await client.close();
