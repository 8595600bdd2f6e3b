import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";

const readme = readFileSync(new URL("../../packages/client/README.md", import.meta.url), "utf8");

/** The first TypeScript block, for Node as it is. */
function example(endpoint: string): string {
  const source = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const addressed = source.replace("http://127.0.0.1:2379", `http://${endpoint}`);
  const { ES2022, ESNext } = { ES2022: ts.ScriptTarget.ES2022, ESNext: ts.ModuleKind.ESNext };
  const body = ts.transpileModule(addressed, {
    compilerOptions: { target: ES2022, module: ESNext },
  });
  return body.outputText;
}

describeEachServer(
  "the README of the SDK",
  (server) => {
    test("its example runs as it stands", async () => {
      // Beside this file, so that it resolves the packages that this file does.
      const directory = await mkdtemp(fileURLToPath(new URL("readme-", import.meta.url)));
      try {
        const file = `${directory}/example.mjs`;
        await writeFile(file, example(server.deployment.endpoints[0]!));
        const printed: string[] = [];
        const log = console.log;
        console.log = (...words: unknown[]) => printed.push(words.join(" "));
        try {
          await import(file);
        } finally {
          console.log = log;
        }
        expect(printed).toEqual([
          expect.stringMatching(/^7 \d+$/),
          "6",
          expect.stringMatching(/^fence \d{16}, proven for \d/),
          expect.stringMatching(/^leading with fence \d{16}$/),
          "put stock/42 6",
        ]);
      } finally {
        await rm(directory, { recursive: true });
      }
    });
  },
  { sizes: [1] },
);
