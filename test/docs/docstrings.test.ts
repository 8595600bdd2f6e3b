import { expect, test } from "vitest";
import { type PublicSymbol, publicSymbols } from "./public-api.ts";

const symbols = publicSymbols("client", "testing");
const namesOf = (wanting: readonly PublicSymbol[]) =>
  wanting.map(({ name, file }) => `${file}: ${name}`).sort();

test("everything that users can name says what it is", () => {
  expect(namesOf(symbols.filter(({ doc }) => doc === ""))).toEqual([]);
});

test("every function and class shows how it is used", () => {
  const callable = symbols.filter(({ kind }) => kind === "function" || kind === "class");
  expect(namesOf(callable.filter(({ examples }) => examples.length === 0))).toEqual([]);
});
