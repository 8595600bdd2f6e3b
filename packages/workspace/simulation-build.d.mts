import type { BuildOptions, Plugin } from "esbuild";

export function simulationBuild(
  root: string,
  entry: string,
  outfile: string,
  plugins?: readonly Plugin[],
): BuildOptions;
