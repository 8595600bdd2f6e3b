import ts from "typescript";

/** What a piece of source uses, each as its declaration. */
export interface Uses {
  /** In what runs when the source does. */
  readonly run: ReadonlySet<ts.Declaration>;
  /** In functions of it that nothing calls. */
  readonly uncalled: ReadonlySet<ts.Declaration>;
}

export function usesIn(source: ts.SourceFile, checker: ts.TypeChecker): Uses {
  const run = new Set<ts.Declaration>();
  const uncalled = new Set<ts.Declaration>();
  const visit = (node: ts.Node, found: Set<ts.Declaration>): void => {
    const into = isNeverCalled(node, source) ? uncalled : found;
    for (const symbol of symbolsAt(node, checker)) {
      for (const declaration of declarationsOf(symbol, checker)) into.add(declaration);
    }
    ts.forEachChild(node, (child) => visit(child, into));
  };
  ts.forEachChild(source, (child) => visit(child, run));
  return { run, uncalled };
}

/** The types that a declaration names: of its arguments, its result or its value, and what it extends. */
export function typesNamedBy(
  declaration: ts.Declaration,
  checker: ts.TypeChecker,
): readonly ts.Declaration[] {
  const found: ts.Declaration[] = [];
  const visit = (node: ts.Node): void => {
    // Members are shown one by one.
    if (ts.isBlock(node) || (ts.isClassElement(node) && node !== declaration)) return;
    if (ts.isInterfaceDeclaration(declaration) && ts.isTypeElement(node)) return;
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      if (symbol !== undefined) found.push(...declarationsOf(symbol, checker));
    }
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(declaration, visit);
  return found;
}

/** The members of the interfaces that a class says it implements of which this member is the implementation. */
export function implementedBy(
  member: ts.Declaration,
  checker: ts.TypeChecker,
): readonly ts.Declaration[] {
  const { parent } = member;
  if (!ts.isClassDeclaration(parent)) return [];
  const name = checker.getSymbolAtLocation((member as ts.PropertyDeclaration).name)?.name ?? "";
  return (parent.heritageClauses ?? [])
    .flatMap(({ types }) => types)
    .flatMap((type) => checker.getTypeAtLocation(type).getProperty(name)?.declarations ?? []);
}

function declarationsOf(symbol: ts.Symbol, checker: ts.TypeChecker): readonly ts.Declaration[] {
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  return (isAlias ? checker.getAliasedSymbol(symbol) : symbol).declarations ?? [];
}

/** A function whose name is nowhere else in its source does not run with it. */
function isNeverCalled(node: ts.Node, source: ts.SourceFile): boolean {
  if (!ts.isFunctionDeclaration(node) || node.name === undefined) return false;
  const { text } = node.name;
  let mentions = 0;
  const count = (each: ts.Node): void => {
    if (ts.isIdentifier(each) && each.text === text) mentions += 1;
    ts.forEachChild(each, count);
  };
  count(source);
  return mentions === 1;
}

function symbolsAt(node: ts.Node, checker: ts.TypeChecker): readonly ts.Symbol[] {
  if (ts.isObjectLiteralElementLike(node)) return givenFields(node, checker);
  if (ts.isBindingElement(node)) return [takenField(node, checker)].filter(isThere);
  if (!ts.isIdentifier(node) || isImported(node)) return [];
  return [checker.getSymbolAtLocation(node)].filter(isThere);
}

const isThere = <Value>(value: Value | undefined): value is Value => value !== undefined;

/** An import shows nothing by itself. */
function isImported({ parent }: ts.Identifier): boolean {
  return ts.isImportSpecifier(parent) || ts.isImportClause(parent);
}

/** The fields that `{ name: … }` gives to whoever takes the object. */
function givenFields(
  element: ts.ObjectLiteralElementLike,
  checker: ts.TypeChecker,
): readonly ts.Symbol[] {
  const { name, parent } = element;
  if (name === undefined || !(ts.isIdentifier(name) || ts.isStringLiteral(name))) return [];
  if (!ts.isObjectLiteralExpression(parent)) return [];
  const wanted = checker.getContextualType(parent);
  if (wanted === undefined) return [];
  const types = wanted.isUnion() ? wanted.types : [wanted];
  return types.map((type) => type.getProperty(name.text)).filter(isThere);
}

/** The field that `const { name } = …` takes. */
function takenField(element: ts.BindingElement, checker: ts.TypeChecker): ts.Symbol | undefined {
  const name = element.propertyName ?? element.name;
  if (!ts.isIdentifier(name) || !ts.isObjectBindingPattern(element.parent)) return undefined;
  return checker.getTypeAtLocation(element.parent).getProperty(name.text);
}
