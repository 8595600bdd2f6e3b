/** `npm run build`: installs if needed, then builds every package that changed, with its types. */
import { buildPackages, builtPackageNames } from "./bundle.mjs";
import { installDependencies } from "./install.mjs";
import { runScript } from "./run.mjs";

await runScript(async () => {
  await installDependencies();
  const built = await buildPackages(builtPackageNames(), { hasTypes: true });
  process.stdout.write(built.length === 0 ? "up to date\n" : `built ${built.join(", ")}\n`);
});
