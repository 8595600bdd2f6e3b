import { defineConfig } from "tsup";
import { preset } from "../workspace/tsup-preset.ts";

/** Client and server stay the packages they are: a client made here is the `Client` that the tested code knows. */
const OWN = /^@conclave\/(client|server)($|\/)/;

export default defineConfig(
  preset({
    isBundling: true,
    entry: { index: "src/index.ts", cluster: "src/cluster/index.ts" },
    format: ["esm", "cjs"],
    noExternal: [/^@conclave\/(?!client|server)/],
    external: [OWN],
  }),
);
