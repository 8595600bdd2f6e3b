import { expect, test } from "vitest";
import { allExamples, compiled } from "./examples.ts";
import { CALLED_BY_THE_LANGUAGE, NOT_RUN } from "./not-run.ts";
import { type PublicSymbol, publicSymbols } from "./public-api.ts";
import { showing } from "./shown.ts";

const symbols = publicSymbols();
const namesOf = (wanting: readonly PublicSymbol[]) =>
  wanting.map(({ name, file }) => `${file}: ${name}`).sort();

test("everything that users can name says what it is", () => {
  expect(namesOf(symbols.filter(({ doc }) => doc === ""))).toEqual([]);
});

test("every function and class shows how it is used", () => {
  const callable = symbols.filter(({ kind }) => kind === "function" || kind === "class");
  expect(namesOf(callable.filter(({ examples }) => examples.length === 0))).toEqual([]);
});

test("an example that runs uses every function, method, option and result, and leads to every type", () => {
  const { notRun, notShown } = showing(compiled(allExamples()));
  const named = ({ name }: PublicSymbol) => !CALLED_BY_THE_LANGUAGE.includes(name);
  expect(namesOf(notShown.filter(named))).toEqual([]);
  expect(
    notRun
      .filter(named)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(NOT_RUN).sort());
}, 120_000);
