/** One holder of a lock is stopped for longer than its lease; the fence keeps it from spoiling the next one's work. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { useCluster } from "../shared/cluster.mjs";
import { FencedResource } from "./resource.mjs";

const cluster = await useCluster();
const resource = new FencedResource();
const holderFile = fileURLToPath(new URL("holder.mjs", import.meta.url));

const slow = startHolder("slow");
const { fence: slowFence } = await slow.next("acquired");
console.log(`slow holds the lock, fence ${slowFence}`);

slow.process.kill("SIGSTOP");
console.log("slow is stopped, as by a long garbage collection or a sleeping laptop");
slow.process.send("write"); // It will find this when it wakes up.

const quick = startHolder("quick");
const { fence: quickFence } = await quick.next("acquired");
console.log(`slow's lease ran out: quick holds the lock, fence ${quickFence}`);
quick.process.send("write");
await letItWrite("quick", quick);

slow.process.kill("SIGCONT");
console.log("slow wakes up, and goes on where it was");
await letItWrite("slow", slow);

console.log(`the resource holds: ${resource.value}`);
if (resource.value !== "written by quick" || !(slowFence < quickFence)) process.exitCode = 1;
await Promise.all([quick, slow].map((holder) => holder.end()));
await cluster[Symbol.asyncDispose]();

/** Passes a holder's write on to the resource, and tells what came of it. */
async function letItWrite(name, holder) {
  const { fence, value } = await holder.next("write");
  const accepted = resource.write(fence, value);
  console.log(
    `${name} writes to the resource with fence ${fence}: ${accepted ? "accepted" : "refused"}`,
  );
  holder.process.send({ accepted });
  const { inStore } = await holder.next("done");
  console.log(`${name} writes to the store through lock.kv: ${inStore}`);
}

function startHolder(name) {
  const child = fork(holderFile, [name, ...cluster.endpoints]);
  return {
    process: child,
    async next(kind) {
      const [message] = await once(child, "message");
      if (message.kind !== kind) throw new Error(`${name} said ${message.kind}, not ${kind}`);
      return message;
    },
    async end() {
      const ended = once(child, "exit");
      child.send("end");
      await ended;
    },
  };
}
