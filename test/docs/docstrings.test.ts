import { expect, test } from "vitest";
import { allExamples, compiled, javaScriptOf, typeErrors } from "./examples.ts";
import { CALLED_BY_THE_LANGUAGE, NOT_RUN } from "./not-run.ts";
import {
  isAsynchronous,
  type PublicSymbol,
  publicSymbols,
  tellsOfRejection,
} from "./public-api.ts";
import { showing } from "./shown.ts";

const symbols = publicSymbols();
const examples = compiled(allExamples());
const namesOf = (wanting: readonly PublicSymbol[]) =>
  wanting.map(({ name, file }) => `${file}: ${name}`).sort();

test("everything that users can name says what it is", () => {
  expect(namesOf(symbols.filter(({ doc }) => doc === ""))).toEqual([]);
});

test("every function and class shows how it is used", () => {
  const callable = symbols.filter(({ kind }) => kind === "function" || kind === "class");
  expect(namesOf(callable.filter(({ examples }) => examples.length === 0))).toEqual([]);
});

test("the examples of guides and docstrings are right by their types", () => {
  expect(examples.sources.size).toBeGreaterThan(0);
  expect(typeErrors(examples)).toEqual([]);
}, 120_000);

test("what an example says that it prints is checked with what it prints", () => {
  const example = { title: "", subject: "", source: "console.log(a, b); // true 7: for a reason" };
  expect(javaScriptOf(example, "")).toContain('printed("true 7", a, b)');
});

test("what can reject says with what, or that it never does", () => {
  const rejecting = symbols.filter(isAsynchronous);
  expect(rejecting.length).toBeGreaterThan(0);
  expect(namesOf(rejecting.filter((each) => !tellsOfRejection(each)))).toEqual([]);
});

test("an example that runs uses every function, method, option and result, and leads to every type", () => {
  const { notRun, notShown } = showing(examples);
  const named = ({ name }: PublicSymbol) => !CALLED_BY_THE_LANGUAGE.includes(name);
  expect(namesOf(notShown.filter(named))).toEqual([]);
  expect(
    notRun
      .filter(named)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(NOT_RUN).sort());
}, 120_000);
