import type ts from "typescript";
import type { ExampleProgram } from "./examples.ts";
import { type PublicSymbol, publicSymbolsIn } from "./public-api.ts";
import { implementedBy, typesNamedBy, usesIn } from "./uses.ts";

/**
 * How users are shown what they can name. A function, class, method, option or field of a result is shown where an example
 * uses it; a type also where something that is shown names it: as an argument, a result, the value of an option.
 */
export interface Showing {
  /** Of which no example runs. */
  readonly notRun: readonly PublicSymbol[];
  /** Those of them that are not in the part of an example either that is there to be read only. */
  readonly notShown: readonly PublicSymbol[];
}

export function showing({ program, sources }: ExampleProgram): Showing {
  const checker = program.getTypeChecker();
  const symbols = publicSymbolsIn(program);
  const uses = [...sources.values()].map((source) => usesIn(source, checker));
  const types = new Set(symbols.filter(isType).flatMap(({ declarations }) => declarations));
  const reachedFrom = (used: Iterable<ts.Declaration>) => reached(used, types, checker);

  const run = reachedFrom(uses.flatMap((each) => [...each.run]));
  const read = reachedFrom(uses.flatMap((each) => [...each.uncalled]));
  const isAmong = (shown: ReadonlySet<ts.Declaration>, { declarations }: PublicSymbol) =>
    declarations.some((each) =>
      [each, ...implementedBy(each, checker)].some((at) => shown.has(at)),
    );
  const notRun = symbols.filter((symbol) => !isAmong(run, symbol));
  return { notRun, notShown: notRun.filter((symbol) => !isAmong(read, symbol)) };
}

/** What is used, with the types that are named on the way. */
function reached(
  used: Iterable<ts.Declaration>,
  types: ReadonlySet<ts.Declaration>,
  checker: ts.TypeChecker,
): ReadonlySet<ts.Declaration> {
  const shown = new Set(used);
  // What is added while it is gone through comes up, too.
  for (const declaration of shown) {
    for (const type of typesNamedBy(declaration, checker)) if (types.has(type)) shown.add(type);
  }
  return shown;
}

function isType({ kind }: PublicSymbol): boolean {
  return kind === "interface" || kind === "type" || kind === "class";
}
