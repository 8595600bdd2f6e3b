import { defineConfig } from "tsup";
import { preset } from "../workspace/tsup-preset.ts";

export default defineConfig([
  preset({ entry: ["src/index.ts", "src/simulation.ts", "src/cli.ts"], isBundling: true }),
  // For tests that are run as CommonJS, as jest does.
  preset({ entry: ["src/index.ts", "src/simulation.ts"], isBundling: true, format: ["cjs"] }),
]);
