#!/usr/bin/env node
import { runCommandLine } from "./cli/command.ts";
import { processHost } from "./cli/process-host.ts";
import { startServer } from "./server.ts";

const exitCode = await runCommandLine(processHost(), startServer);
// Not process.exitCode: whatever might still be open has had its chance to close.
process.exit(exitCode);
