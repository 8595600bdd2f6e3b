/** The keep-alive worker: renews leases over a connection of its own while the main thread gives signs of life. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@conclave/base";
import { systemRuntime } from "../../runtime.ts";
import { openChannel } from "../../transport/h2.ts";
import { Transport } from "../../transport/transport.ts";
import type { LeaseToKeep } from "../keep-alive.ts";
import { Renewer } from "../renewer.ts";
import type { WorkerReport, WorkerRequest, WorkerStart } from "./messages.ts";
import { Heartbeat, SharedLease } from "./shared-cells.ts";
import { sharedClock } from "./shared-clock.ts";

const { endpoints, tls, heartbeat: heartbeatBuffer } = workerData as WorkerStart;
assert(parentPort !== null, "runs in a worker");
const port = parentPort;
const clock = sharedClock();
const runtime = { clock, prng: systemRuntime().prng };
const heartbeat = new Heartbeat(heartbeatBuffer);
// Only streams are opened, which have no time limit and repeat themselves.
const noRetries = { timeoutMs: 0, retry: { retriesMax: 0, delayMinMs: 0, delayMaxMs: 0 } };
const transport = new Transport(openChannel(endpoints, tls), runtime, noRetries);
const renewers = new Map<bigint, Renewer>();

function report(message: WorkerReport): void {
  port.postMessage(message);
}

function keep(lease: LeaseToKeep, shared: SharedLease, stallLimitMs: number): void {
  const { leaseId } = lease;
  const mayRenew = () => {
    if (heartbeat.ageMs(clock.nowMs()) > stallLimitMs) shared.stall();
    return !shared.isStalled && !shared.isWithheld;
  };
  const listener = {
    onNews: () => {
      const renewal = renewer.takeNews();
      if (renewal !== null) shared.onRenewed(renewal);
    },
    onLate: () => report({ kind: "late", leaseId, afterRenewals: shared.renewals }),
    onGone: () => report({ kind: "gone", leaseId }),
  };
  const renewer = new Renewer(transport, runtime, lease, listener, mayRenew);
  renewers.set(leaseId, renewer);
}

function drop(leaseId: bigint): void {
  renewers.get(leaseId)?.stop();
  renewers.delete(leaseId);
}

port.on("message", (message: WorkerRequest) => {
  switch (message.kind) {
    case "keep":
      return keep(message.lease, new SharedLease(message.cells), message.stallLimitMs);
    case "renew":
      return renewers.get(message.leaseId)?.renewNow();
    case "drop":
      return drop(message.leaseId);
  }
});
report({ kind: "ready" });
