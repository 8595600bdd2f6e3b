/** The other thread of `hand-over.ts`: gives every batch back as it came. */
import { parentPort, workerData } from "node:worker_threads";
import { type HandOver, takeBatch, tellBatch } from "./ring.ts";

const { way, shared } = workerData as {
  readonly way: HandOver;
  readonly shared: SharedArrayBuffer;
};
const port = parentPort!;
if (way === "port") {
  port.on("message", (batch: ArrayBuffer) => port.postMessage(batch, [batch]));
} else {
  // Keeps the thread: a wait for shared memory alone does not.
  setInterval(() => {}, 60_000);
  await giveBack();
}

async function giveBack(): Promise<never> {
  for (let turn = 0; ; turn++) {
    const batch = await takeBatch(shared, "request", turn);
    tellBatch(shared, "answer", batch);
  }
}
