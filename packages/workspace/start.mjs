/** `npm start [-- flags]`: installs and builds what changed, then runs the server in this process. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildPackages } from "./bundle.mjs";
import { installDependencies } from "./install.mjs";
import { runScript } from "./run.mjs";
import { workspaceRoot } from "./workspace.mjs";

await runScript(async () => {
  await installDependencies();
  await buildPackages(["@conclave/server"], { hasTypes: false });
  const cli = join(workspaceRoot, "packages/server/dist/cli.js");
  // In this process rather than a child: signals arrive where they are meant to, and it starts sooner.
  process.argv = [process.execPath, cli, "serve", ...process.argv.slice(2)];
  await import(pathToFileURL(cli).href);
});
