import { expect, test } from "vitest";
import { withSection } from "./page-section.ts";

const page = "# Page\n\n<!-- a -->\nold\n<!-- end of a -->\n\nBy hand.\n";

test("a section replaces what an earlier run had put there, and nothing else", () => {
  const written = withSection(page, "a", "new\n\n");
  expect(written).toBe("# Page\n\n<!-- a -->\nnew\n<!-- end of a -->\n\nBy hand.\n");
  expect(withSection(written, "a", "new")).toBe(written);
});

test("a section that is new to the page goes to its end", () => {
  expect(withSection(page, "b", "text")).toBe(`${page}\n<!-- b -->\ntext\n<!-- end of b -->\n`);
});

test("a page that lost one of a section's marks is left as it is", () => {
  expect(() => withSection(page.replace("<!-- end of a -->\n", ""), "a", "x")).toThrow(
    "marks of section a",
  );
});
