import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Something that users of a package can name: an export, or a public member of an exported class or interface. */
export interface PublicSymbol {
  /** `Client.close`, `connect`. */
  readonly name: string;
  readonly kind: "function" | "class" | "interface" | "type" | "variable" | "member";
  /** From the root of the repository. */
  readonly file: string;
  /** The text of its docstring and of what it says about arguments, results and errors; empty if there is none. */
  readonly doc: string;
  readonly examples: readonly string[];
  /** Where it is declared; several for overloads. */
  readonly declarations: readonly ts.Declaration[];
}

export function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

/** Entries for the other packages of this repository: no user imports them. */
const INTERNAL_ENTRIES = ["./simulation", "./cluster"];

/** The sources of a package's entries. */
export function entriesOf(packageName: string): readonly string[] {
  const directory = join(root, "packages", packageName);
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  return Object.entries<Record<string, string>>(manifest.exports).flatMap(([name, entry]) => {
    if (INTERNAL_ENTRIES.includes(name)) return [];
    const source = entry["conclave-source"];
    return source === undefined ? [] : [join(directory, source)];
  });
}

/** The packages whose entries are for users. */
const PUBLIC_PACKAGES = ["client", "testing"];

/** The sources of their entries. */
export const publicEntries = (): readonly string[] => PUBLIC_PACKAGES.flatMap(entriesOf);

/** Everything public that the entries of our packages export, each once. */
export function publicSymbols(): readonly PublicSymbol[] {
  return publicSymbolsIn(ts.createProgram(publicEntries(), compilerOptions()));
}

/** The same, as a program that has these entries among its files sees it. */
export function publicSymbolsIn(program: ts.Program): readonly PublicSymbol[] {
  const checker = program.getTypeChecker();
  const found = new Map<ts.Symbol, readonly PublicSymbol[]>();
  for (const entry of publicEntries()) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!);
    if (module === undefined) throw new Error(`${entry} exports nothing`);
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol =
        exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (!found.has(symbol)) found.set(symbol, described(symbol, checker));
    }
  }
  return [...found.values()].flat();
}

/** An export and its members. What other packages than ours declare is not ours to describe. */
function described(symbol: ts.Symbol, checker: ts.TypeChecker): readonly PublicSymbol[] {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined || isForeign(declaration)) return [];
  const own = publicSymbol(symbol.name, kindOf(declaration), symbol, checker);
  const isContainer = ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration);
  if (!isContainer) return [own];
  const members = [...(symbol.members?.values() ?? []), ...staticMembers(symbol)].filter(isPublic);
  return [
    own,
    ...members.map((each) => publicSymbol(`${symbol.name}.${each.name}`, "member", each, checker)),
  ];
}

function staticMembers(symbol: ts.Symbol): readonly ts.Symbol[] {
  return [...(symbol.exports?.values() ?? [])].filter(({ name }) => name !== "prototype");
}

function publicSymbol(
  name: string,
  kind: PublicSymbol["kind"],
  symbol: ts.Symbol,
  checker: ts.TypeChecker,
): PublicSymbol {
  const tagged = (isExample: boolean) =>
    symbol
      .getJsDocTags(checker)
      .filter((tag) => (tag.name === "example") === isExample)
      .map((tag) => ts.displayPartsToString(tag.text));
  return {
    name,
    kind,
    file: relative(root, symbol.declarations?.[0]?.getSourceFile().fileName ?? ""),
    doc: ts.displayPartsToString(symbol.getDocumentationComment(checker)) + tagged(false).join(),
    examples: tagged(true),
    declarations: symbol.declarations ?? [],
  };
}

/** Whether who uses it has to expect a rejection: it is asked for a promise, or for what is read by `for await`. */
export function isAsynchronous({ declarations }: PublicSymbol): boolean {
  return declarations.some((declaration) => {
    const { type } = declaration as ts.Node as { readonly type?: ts.TypeNode };
    return type !== undefined && /^(Promise|Async\w*(Iterator|Generator))\b/.test(type.getText());
  });
}

/** Whether its docstring says what it rejects with, or that it does not. */
export function tellsOfRejection({ doc, declarations }: PublicSymbol): boolean {
  const tags = declarations.flatMap((declaration) => ts.getJSDocTags(declaration));
  const throws = tags.some(({ tagName }) => tagName.text === "throws");
  return throws || /never (throws|rejects)/i.test(doc);
}

function isForeign(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.includes("node_modules");
}

/**
 * Named, declared in a class or interface of ours, and neither private nor marked as internal. What a class inherits is
 * described where it is declared; disposal is what the language says it is.
 */
function isPublic(member: ts.Symbol): boolean {
  const [declaration] = member.declarations ?? [];
  if (declaration === undefined || ts.isTypeParameterDeclaration(declaration)) return false;
  if (ts.isConstructorDeclaration(declaration)) return false;
  const { name } = declaration as ts.NamedDeclaration;
  if (name === undefined || ts.isPrivateIdentifier(name) || ts.isComputedPropertyName(name)) {
    return false;
  }
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  if (ts.getCombinedModifierFlags(declaration) & hidden) return false;
  if (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Override) return false;
  return !ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === "internal");
}

function kindOf(declaration: ts.Declaration): PublicSymbol["kind"] {
  if (ts.isFunctionDeclaration(declaration)) return "function";
  if (ts.isClassDeclaration(declaration)) return "class";
  if (ts.isInterfaceDeclaration(declaration)) return "interface";
  if (ts.isTypeAliasDeclaration(declaration)) return "type";
  return "variable";
}
