import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import {
  compilerOptions,
  type PublicSymbol,
  publicEntries,
  publicSymbols,
  root,
} from "./public-api.ts";

/** A piece of documentation that claims to run. */
export interface Example {
  /** `docs/guides/guard-a-section.md 2`, `Client.close in packages/client/src/client.ts`. */
  readonly title: string;
  /** The public symbol that it belongs to, or the file of a guide. */
  readonly subject: string;
  readonly source: string;
}

/** The address that examples connect to; a test puts that of its server there. */
export const EXAMPLE_ADDRESS = "127.0.0.1:2379";

const BLOCK = /```ts\n([\s\S]*?)```/g;
const blocksOf = (text: string) => [...text.matchAll(BLOCK)].map(([, source]) => source ?? "");

/** Every TypeScript block of the guides, and of each public symbol's `@example`s. */
export function allExamples(): readonly Example[] {
  return [...guideExamples(), ...publicSymbols().flatMap(symbolExamples)];
}

function guideExamples(): readonly Example[] {
  const directory = join(root, "docs/guides");
  return ts.sys.readDirectory(directory, [".md"]).flatMap((file) =>
    blocksOf(readFileSync(file, "utf8")).map((source, index) => ({
      title: `${relative(root, file)} ${index + 1}`,
      subject: relative(root, file),
      source,
    })),
  );
}

function symbolExamples({ name, file, examples }: PublicSymbol): readonly Example[] {
  return examples.flatMap(blocksOf).map((source, index) => ({
    title: `${name}${index === 0 ? "" : ` ${index + 1}`} in ${file}`,
    subject: name,
    source,
  }));
}

/** Examples have a connected client at hand. */
const SCOPE = `import type { Client } from "@conclave/client";
declare global {
  const client: Client;
}
`;

/** Examples with the entries of our packages, as the compiler sees them. */
export interface ExampleProgram {
  readonly program: ts.Program;
  readonly sources: ReadonlyMap<Example, ts.SourceFile>;
}

export function compiled(examples: readonly Example[]): ExampleProgram {
  const options = { ...compilerOptions(), noEmit: true };
  // In this folder, for what they import has to be found from somewhere.
  const fileOf = (index: number) => join(import.meta.dirname, `example-${index}.ts`);
  const files = new Map([[join(import.meta.dirname, "example-scope.d.ts"), SCOPE]]);
  for (const [index, { source }] of examples.entries()) {
    files.set(fileOf(index), `${source}\nexport {};\n`);
  }
  const host = hostWith(files, options);
  const program = ts.createProgram([...publicEntries(), ...files.keys()], options, host);
  const sources = examples.map(
    (example, index) => [example, program.getSourceFile(fileOf(index))!] as const,
  );
  return { program, sources: new Map(sources) };
}

/** Sees `files`, by name and text, as if they were on the disk. */
function hostWith(
  files: ReadonlyMap<string, string>,
  options: ts.CompilerOptions,
): ts.CompilerHost {
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.getSourceFile = (file, target, ...rest) => {
    const text = files.get(file);
    return text === undefined
      ? getSourceFile(file, target, ...rest)
      : ts.createSourceFile(file, text, target, true);
  };
  return host;
}

/** What the compiler has to say about each example that is not right, by title. */
export function typeErrors({ program, sources }: ExampleProgram): readonly string[] {
  return [...sources].flatMap(([{ title }, sourceFile]) =>
    ts.getPreEmitDiagnostics(program, sourceFile).map(({ messageText, start = 0 }) => {
      const line = sourceFile.getLineAndCharacterOfPosition(start).line + 1;
      return `${title}, line ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    }),
  );
}

/** `console.log(…); // true 7: because`: what it says that it prints is checked as far as it is made of such literals. */
const CLAIM = /console\.log\((.*)\); \/\/ ((?:(?:true|false|null|\d+)(?=[ :,]|$) ?)+).*$/gm;

/**
 * As a module for Node, against the server at `endpoint`. Where it claims what it prints, it calls `printed` with the claim and
 * with what it prints.
 */
export function javaScriptOf({ source }: Example, endpoint: string): string {
  const addressed = source
    .replaceAll(EXAMPLE_ADDRESS, endpoint)
    .replaceAll(
      CLAIM,
      (_, values, claim) => `printed(${JSON.stringify(claim.trim())}, ${values});`,
    );
  const { ES2022, ESNext } = { ES2022: ts.ScriptTarget.ES2022, ESNext: ts.ModuleKind.ESNext };
  return ts.transpileModule(addressed, { compilerOptions: { target: ES2022, module: ESNext } })
    .outputText;
}
