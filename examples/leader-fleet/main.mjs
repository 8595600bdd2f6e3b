/** Starts three workers, watches whom they elect, kills the leader, and sees the next one take over. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { connect } from "@conclave/client";
import { useCluster } from "../shared/cluster.mjs";

const cluster = await useCluster();
const client = await connect(cluster.endpoints, { namespace: "leader-fleet/" });

const workerFile = fileURLToPath(new URL("worker.mjs", import.meta.url));
const workers = new Map();
for (const name of ["ada", "grace", "barbara"]) {
  workers.set(name, fork(workerFile, [name, ...cluster.endpoints]));
}
console.log(`three workers: ${[...workers.keys()].join(", ")}`);

let failed = false;
try {
  await watchTheFleet();
} catch (error) {
  console.error(error);
  failed = true;
} finally {
  await stopAll();
  await client.close();
  await cluster[Symbol.asyncDispose]();
}
process.exitCode = failed ? 1 : 0;

async function watchTheFleet() {
  let first = null;
  for await (const leader of client
    .election("workers")
    .observe({ signal: AbortSignal.timeout(30_000) })) {
    if (leader === null) {
      console.log("nobody leads");
      continue;
    }
    const { name } = leader.json();
    console.log(`${name} leads, fence ${leader.fence}`);
    if (first === null) {
      first = { name, fence: leader.fence };
      await untilItHasWorked(name);
      workers.get(name).kill("SIGKILL");
      console.log(`${name} was killed`);
    } else if (name !== first.name) {
      await untilItHasWorked(name);
      if (!(leader.fence > first.fence)) throw new Error("a later leader needs a higher fence");
      console.log(`the work goes on: fence ${leader.fence} is higher than ${first.fence}`);
      return;
    }
  }
}

/** Waits until a worker has done something as leader. */
async function untilItHasWorked(name) {
  const { items, revision } = await client.kv.getAll("last-run");
  if (items[0]?.json().by === name) return;
  for await (const event of client.watch("last-run", { from: revision + 1 })) {
    if (event.json().by === name) return;
  }
}

/** SIGTERM lets a worker resign and close its session, so that nothing of it is left in the queue. */
async function stopAll() {
  const ends = [...workers.values()]
    .filter((worker) => worker.exitCode === null && worker.signalCode === null)
    .map((worker) => {
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      worker.kill("SIGTERM");
      return ended;
    });
  await Promise.all(ends);
}
