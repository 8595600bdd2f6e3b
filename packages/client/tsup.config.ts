import { defineConfig } from "tsup";
import { preset } from "../workspace/tsup-preset.ts";

/** What can be imported of the package, by the name of the file it is built into. */
const entry = {
  index: "src/index.ts",
  fencing: "src/fencing/index.ts",
  "grpc-js": "src/grpc-js/index.ts",
  shutdown: "src/shutdown/index.ts",
  "web-locks": "src/web-locks/index.ts",
  simulation: "src/simulation.ts",
};

export default defineConfig([
  preset({ isBundling: true, entry }),
  // p-retry is an ES module only, which `require` cannot load on every Node we support: bundled here.
  preset({ isBundling: true, entry, format: ["cjs"], noExternal: [/^@conclave\//, "p-retry"] }),
]);
