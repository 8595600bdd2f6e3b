/** Takes the lock, and writes to the resource when told to: without looking at the lock again, which is the mistake. */
import { once } from "node:events";
import { connect } from "@conclave/client";

const [name, ...endpoints] = process.argv.slice(2);
const client = await connect(endpoints, {
  namespace: "fenced-section/",
  session: { ttl: "2s", margin: "600ms" },
});

const lock = await client.locks.acquire("account/42", { label: name });
process.send({ kind: "acquired", fence: lock.fence });

await once(process, "message"); // "write", which comes late if this process was stopped meanwhile
process.send({ kind: "write", fence: lock.fence, value: `written by ${name}` });

const [{ accepted }] = await once(process, "message");
const inStore = await lock.kv.put("account/42/owner", name).then(
  () => "accepted",
  (error) => `refused: ${error.message}`,
);
process.send({ kind: "done", accepted, inStore });

await once(process, "message"); // "end"
await client.close();
process.disconnect();
