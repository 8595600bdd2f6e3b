/** What people get who install a package: entries that resolve, types that fit them, and a small core. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPackages } from "./bundle.mjs";
import { readJson, readPackages, workspaceRoot } from "./workspace.mjs";

const published = [...readPackages().values()].filter(
  ({ directory }) => readJson(join(directory, "package.json")).private !== true,
);
const BUILD_TIMEOUT_MS = 120_000;

/** For users on Node ≥ 20 with a bundler, `import` or `require`; not for the module resolution of 2019. */
const UNSUPPORTED_RESOLUTIONS = ["node10"];

describe.each(published)("$name as it is published", ({ name, directory }) => {
  let tarballs = "";
  beforeAll(async () => {
    await buildPackages([name], { hasTypes: true });
    tarballs = mkdtempSync(join(tmpdir(), "conclave-pack-"));
  }, BUILD_TIMEOUT_MS);
  afterAll(() => rmSync(tarballs, { recursive: true, force: true }));

  const manifest = readJson(join(directory, "package.json"));

  test("publint finds nothing in its manifest and entries", async () => {
    const { messages } = await publint({ pkgDir: directory, strict: true, pack: "npm" });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  test("every entry has the types that its format needs, for import and for require", async () => {
    const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", tarballs];
    const packed = JSON.parse(execFileSync("npm", args, { cwd: directory, encoding: "utf8" }));
    const tarball = readFileSync(join(tarballs, packed[0].filename));
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
    const isEsmOnly = manifest.exports["."].require === undefined;
    const problems = (analysis.types === false ? [{ kind: "Untyped" }] : analysis.problems)
      .filter((problem) => !UNSUPPORTED_RESOLUTIONS.includes(problem.resolutionKind))
      .filter((problem) => !(isEsmOnly && problem.kind === "CJSResolvesToESM"));
    expect(problems).toEqual([]);
  });
});

describe("the core entry of the SDK", () => {
  test("is at most 40 kB minified and gzipped, with its dependencies but protobuf tables", async () => {
    const { outputFiles } = await build({
      absWorkingDir: workspaceRoot,
      entryPoints: ["packages/client/src/index.ts"],
      bundle: true,
      minify: true,
      write: false,
      platform: "node",
      format: "esm",
      conditions: ["conclave-source"],
      plugins: [withoutProtobufTables, withoutWhatIsImportedOnDemand],
    });
    const [core] = outputFiles;
    expect(gzipSync(core?.text ?? "", { level: 9 }).length).toBeLessThanOrEqual(40_000);
  });
});

/**
 * Left out rather than split off: a bundler that splits cuts the core itself into as many files as there are combinations
 * of rooms that share a module, each gzipped alone, which says more about the bundler than about the core.
 * @type {import("esbuild").Plugin}
 */
const withoutWhatIsImportedOnDemand = {
  name: "without-what-is-imported-on-demand",
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  },
};

/** The generated codecs; their index is all that the rest imports. @type {import("esbuild").Plugin} */
const withoutProtobufTables = {
  name: "without-protobuf-tables",
  setup({ onResolve }) {
    onResolve({ filter: /\/generated\// }, () => ({ path: "protobuf-tables", external: true }));
  },
};
