/** Echoes unary calls, and says on exit signal how much CPU that took. Bundled and started by `bench.mjs`. */
import { type AddressInfo, createServer } from "node:net";
import { createRpcServer } from "@conclave/rpc";

let calls = 0;
const server = createRpcServer().unary("/bench.Echo/Echo", (call, message) => {
  calls += 1;
  call.reply(message);
});
const listener = createServer((socket) => server.acceptSocket(socket));
listener.listen(0, "127.0.0.1", () => {
  process.send?.({ port: (listener.address() as AddressInfo).port });
});

let calls0 = 0;
let cpu0 = process.cpuUsage();
process.on("message", (message) => {
  if (message === "start") {
    calls0 = calls;
    cpu0 = process.cpuUsage();
  } else if (message === "stop") {
    const { user, system } = process.cpuUsage(cpu0);
    const rssMiB = process.memoryUsage.rss() / 2 ** 20;
    process.send?.({ calls: calls - calls0, cpuMicros: user + system, rssMiB });
  } else {
    process.disconnect();
    process.exit(0);
  }
});
