import { expect, test } from "vitest";
import { editSource } from "./source-edit.ts";

const edit = { file: "a.ts", find: "x > 0", replace: "x >= $&" };

test("the text is replaced as it stands, once", () => {
  expect(editSource("if (x > 0) y();", edit)).toBe("if (x >= $&) y();");
});

test.each([
  { why: "is gone", code: "if (x > 1) y();" },
  { why: "is there twice", code: "x > 0 || x > 0" },
])("an edit whose text $why is refused", ({ code }) => {
  expect(() => editSource(code, edit)).toThrow("a.ts: not exactly once: x > 0");
});
