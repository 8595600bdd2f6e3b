/**
 * A contender for one queue, by our SDK: takes its turn again and again, and appends its fence to a shared register. Prints a line
 * of JSON for what happens. It is ended by killing it.
 *
 * Arguments: "lock" or "election", endpoint, name, register, who, TTL in seconds, hold in milliseconds.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect, type Lock, type Term } from "@conclave/client";

const [recipe, endpoint = "", name = "", register = "", who = "", ttlSeconds, holdMs] =
  process.argv.slice(2);

function report(event: string, more: object): void {
  const line = { event, atMs: performance.timeOrigin + performance.now(), ...more };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function take(client: Client): Promise<Lock | Term> {
  return recipe === "lock"
    ? client.locks.acquire(name, { label: who })
    : client.election(name, { value: who }).campaign();
}

/** What the lock protects: read, think, write. The write is guarded by the fence, not by what was read. */
async function section(client: Client, hold: Lock | Term): Promise<void> {
  const fence = hold.fence.revision;
  report("acquired", { key: hold.key, fence });
  const before = (await client.kv.get(register))?.text ?? "";
  await sleep(Number(holdMs));
  await hold.kv.put(register, `${before}${fence} ${who}\n`);
  report("released", { key: hold.key, fence });
}

await using client = await connect(endpoint, { session: { ttl: `${Number(ttlSeconds)}s` } });
for (;;) {
  try {
    await using hold = await take(client);
    await section(client, hold);
  } catch (error) {
    report("lost", { reason: `${error}` });
  }
}
