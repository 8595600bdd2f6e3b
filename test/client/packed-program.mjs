/**
 * Uses the package as it was packed, by `require` if told so, and prints what it found. Arguments: the server's address,
 * "import" or "require".
 */
import { createRequire } from "node:module";

const [address = "", format] = process.argv.slice(2);
const require = createRequire(import.meta.url);
/** @param {string} name @returns {Promise<any>} */
const load = async (name) => (format === "require" ? require(name) : await import(name));

const { ConclaveError, connect } = await load("@conclave/client");
const { fenceRevision } = await load("@conclave/client/fencing");
const { grpcTransport } = await load("@conclave/client/grpc-js");
const { closeOnSignals } = await load("@conclave/client/shutdown");

const found = {};
for (const [name, options] of Object.entries({
  "a worker": { session: { keepalive: "worker" } },
  "grpc-js": { transport: grpcTransport() },
})) {
  const client = await connect(address, { namespace: `${name}/`, ...options });
  const watch = closeOnSignals(client);
  await client.locks.request("job", async (lock) => {
    await lock.kv.put("jobs/state", "done");
    found[`${name}: the fence of the lock is one`] =
      fenceRevision(lock.fence) === lock.fence.revision;
  });
  const mirror = await client.mirror("jobs/");
  found[`${name}: a mirror shows it`] = mirror.get("jobs/state")?.text === "done";
  const error = await client.kv.get("jobs/state", { revision: 1e9 }).catch((error) => error);
  found[`${name}: its errors are of the class`] = error instanceof ConclaveError;
  watch[Symbol.dispose]();
  await client.close();
}
const closedMs = performance.now();
process.on("exit", () => {
  found["nothing keeps the process alive"] = performance.now() - closedMs < 1_500;
  console.log(JSON.stringify(found));
});
