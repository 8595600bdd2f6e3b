import { defineConfig } from "tsup";
import { preset } from "../workspace/tsup-preset.ts";

export default defineConfig([
  preset({ isBundling: true }),
  // p-retry is an ES module only, which `require` cannot load on every Node we support: bundled here.
  preset({ isBundling: true, format: ["cjs"], noExternal: [/^@conclave\//, "p-retry"] }),
]);
