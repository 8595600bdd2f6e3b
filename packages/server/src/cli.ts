#!/usr/bin/env node
import { systemClock } from "@conclave/base";
import { runCommandLine } from "./cli/command.ts";
import { giveHeapRoom, isHeapGrowthSet, processHeap } from "./cli/heap-room.ts";
import { processHost } from "./cli/process-host.ts";
import { startServer } from "./server.ts";

if (!isHeapGrowthSet(process.execArgv, process.env.NODE_OPTIONS)) {
  giveHeapRoom(processHeap(), systemClock({ keepsProcessAlive: false }));
}
const exitCode = await runCommandLine(processHost(), startServer);
// Not process.exitCode: whatever might still be open has had its chance to close.
process.exit(exitCode);
