/**
 * A process that holds a lock until it is told to end. Prints what happens. Arguments: the server's address, the keys'
 * namespace, how many ms its work takes to end, and its grace.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Duration } from "@conclave/client";
import { closeOnSignals } from "@conclave/client/shutdown";

const [address = "", namespace = "", endsAfterMs = "0", grace = ""] = process.argv.slice(2);

const client = await connect(address, { namespace, session: { ttl: "30s" } });
closeOnSignals(client, { grace: grace as Duration });
const section = client.locks.request("job", async (lock) => {
  console.log("held");
  await new Promise((resolve) => lock.signal.addEventListener("abort", resolve));
  console.log(`told: ${lock.signal.reason.code}`);
  await client.locks.acquire("other").catch(({ code }) => console.log(`nothing new: ${code}`));
  await sleep(Number(endsAfterMs));
  await lock.kv.put("state", "tidy");
  console.log("tidy");
});
await section.then(
  () => console.log("done"),
  (error) => console.log(`failed: ${error.code}`),
);
// What keeps a service running.
setInterval(() => {}, 1_000);
