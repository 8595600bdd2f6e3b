import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { compilerOptions, type PublicSymbol, publicSymbols, root } from "./public-api.ts";

/** A piece of documentation that claims to run. */
export interface Example {
  /** `docs/guides/guard-a-section.md 2`, `Client.close in packages/client/src/client.ts`. */
  readonly title: string;
  readonly source: string;
}

/** The address that examples connect to; a test puts that of its server there. */
export const EXAMPLE_ADDRESS = "127.0.0.1:2379";

const BLOCK = /```ts\n([\s\S]*?)```/g;
const blocksOf = (text: string) => [...text.matchAll(BLOCK)].map(([, source]) => source ?? "");

/** Every TypeScript block of the guides, and of each public symbol's `@example`s. */
export function allExamples(): readonly Example[] {
  return [...guideExamples(), ...publicSymbols("client", "testing").flatMap(symbolExamples)];
}

function guideExamples(): readonly Example[] {
  const directory = join(root, "docs/guides");
  return ts.sys.readDirectory(directory, [".md"]).flatMap((file) =>
    blocksOf(readFileSync(file, "utf8")).map((source, index) => ({
      title: `${relative(root, file)} ${index + 1}`,
      source,
    })),
  );
}

function symbolExamples({ name, file, examples }: PublicSymbol): readonly Example[] {
  return examples.flatMap(blocksOf).map((source, index) => ({
    title: `${name}${index === 0 ? "" : ` ${index + 1}`} in ${file}`,
    source,
  }));
}

/** Examples have a connected client at hand. */
const SCOPE = `import type { Client } from "@conclave/client";
declare global {
  const client: Client;
}
`;

/** What the compiler has to say about each example that is not right, by title. */
export function typeErrors(examples: readonly Example[]): readonly string[] {
  const options = { ...compilerOptions(), noEmit: true };
  // In this folder, for what they import has to be found from somewhere.
  const files = new Map([[join(import.meta.dirname, "example-scope.d.ts"), SCOPE]]);
  const titles = new Map<string, string>();
  for (const [index, { title, source }] of examples.entries()) {
    const file = join(import.meta.dirname, `example-${index}.ts`);
    files.set(file, `${source}\nexport {};\n`);
    titles.set(file, title);
  }
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.getSourceFile = (file, target, ...rest) => {
    const text = files.get(file);
    return text === undefined
      ? getSourceFile(file, target, ...rest)
      : ts.createSourceFile(file, text, target);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...titles].flatMap(([file, title]) => {
    const sourceFile = program.getSourceFile(file);
    return ts.getPreEmitDiagnostics(program, sourceFile).map(({ messageText, start = 0 }) => {
      const line = (sourceFile?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${title}, line ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
}

/** As a module for Node, against the server at `endpoint`. */
export function javaScriptOf({ source }: Example, endpoint: string): string {
  const addressed = source.replaceAll(EXAMPLE_ADDRESS, endpoint);
  const { ES2022, ESNext } = { ES2022: ts.ScriptTarget.ES2022, ESNext: ts.ModuleKind.ESNext };
  return ts.transpileModule(addressed, { compilerOptions: { target: ES2022, module: ESNext } })
    .outputText;
}
