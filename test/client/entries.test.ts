import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const isBuilt = existsSync(
  fileURLToPath(new URL("../../packages/client/dist/fencing.cjs", import.meta.url)),
);

const use = `
const gate = fenceGate(memoryFenceStore());
const admitted: Promise<void> = gate.admit("r", "7");
const text: string = sqlFence({ dialect: "postgres", table: "t" }, 7).condition().text;
const main: typeof connect = connect;
const transport = grpcTransport();
void (() => connect("http://127.0.0.1:2379", { transport }));
console.log(typeof admitted.then, text, typeof main, typeof ConclaveError, typeof transport);
`;

const consumers = {
  "ES module": {
    file: "consumer.mts",
    source: `import { ConclaveError, connect } from "@conclave/client";
import { fenceGate, memoryFenceStore, sqlFence } from "@conclave/client/fencing";
import { grpcTransport } from "@conclave/client/grpc-js";
${use}`,
  },
  "CommonJS module": {
    file: "consumer.cts",
    source: `import client = require("@conclave/client");
import fencing = require("@conclave/client/fencing");
import grpc = require("@conclave/client/grpc-js");
const { grpcTransport } = grpc;
const { ConclaveError, connect } = client;
const { fenceGate, memoryFenceStore, sqlFence } = fencing;
${use}`,
  },
};

/** The package as others get it: its dist, without the condition that leads to the sources. */
describe.skipIf(!isBuilt)("the built package (after npm run build)", () => {
  let directory = "";
  beforeAll(async () => {
    // Beside this file, so that it resolves the packages that this file does.
    directory = await mkdtemp(fileURLToPath(new URL("entries-", import.meta.url)));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test.each(Object.entries(consumers))(
    "a %s can import its entries, and gets their types",
    async (_, { file, source }) => {
      const path = `${directory}/${file}`;
      await writeFile(path, source);
      const options: ts.CompilerOptions = {
        module: ts.ModuleKind.Node16,
        moduleResolution: ts.ModuleResolutionKind.Node16,
        target: ts.ScriptTarget.ES2022,
        lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
        types: ["node"],
        strict: true,
        outDir: directory,
      };
      const program = ts.createProgram([path], options);
      const found = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
      const mistakes = found.filter(({ file: inFile }) => !inFile?.fileName.includes("@types/"));
      expect(mistakes.map(({ messageText }) => messageText)).toEqual([]);
      const run = spawnSync(process.execPath, [path.replace(/ts$/, "js")], { encoding: "utf8" });
      expect(run.stderr).toBe("");
      expect(run.stdout).toBe(
        'function ("fence" IS NULL OR "fence" <= $1) function function function\n',
      );
    },
  );
});

test("the fencing entry stands alone", async () => {
  const source = fileURLToPath(
    new URL("../../packages/client/src/fencing/index.ts", import.meta.url),
  );
  const program = ts.createProgram([source], { allowImportingTsExtensions: true, noEmit: true });
  const own = program.getSourceFiles().map(({ fileName }) => fileName);
  const others = own.filter((file) => /packages\/(?!client\/src\/fencing\/)/.test(file));
  expect(own.filter((file) => file.includes("/src/fencing/")).length).toBeGreaterThan(5);
  expect(others).toEqual([]);
});
