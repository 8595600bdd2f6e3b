import { describe, expect, expectTypeOf, test } from "vitest";
import { type KeyTemplate, keyTemplate } from "./typed-key.ts";

const count = {
  encode: (value: number) => String(value),
  decode: (bytes: Uint8Array) => {
    const value = Number(new TextDecoder().decode(bytes));
    if (!Number.isInteger(value)) throw new TypeError("no whole number");
    return value;
  },
};
const stored = (keyText: string, value: string) => ({
  keyText,
  value: new TextEncoder().encode(value),
});

describe("the parts of a key", () => {
  const item = keyTemplate("cart/:user/items/:item", count);

  test("are given in order or by name, as texts or numbers", () => {
    expect(item("ada", 7).key).toBe("cart/ada/items/7");
    expect(item({ item: 7n, user: "ada" }).key).toBe("cart/ada/items/7");
    expectTypeOf(item).toEqualTypeOf<KeyTemplate<"cart/:user/items/:item", number>>();
    // @ts-expect-error One part is missing.
    expect(() => item("ada")).toThrow(TypeError);
    // @ts-expect-error So it is by name.
    expect(() => item({ user: "ada" })).toThrow(TypeError);
  });

  test("may hold whatever has no slash, and is not taken apart again", () => {
    expect(item(":user", "a b%2F..é").key).toBe("cart/:user/items/a b%2F..é");
  });

  test.each([
    { why: "a slash, which would name a key of another form", parts: ["ada/items/1", "x"] },
    { why: "an empty text", parts: ["", "x"] },
    { why: "too few", parts: ["ada"] },
    { why: "null", parts: ["ada", null] },
    { why: "names of which one is missing", parts: [{ user: "ada" }] },
    { why: "names of which one is misspelled", parts: [{ user: "ada", itm: "x" }] },
    { why: "a list", parts: [["ada", "x"]] },
  ])("are refused at once: $why", ({ parts }) => {
    const make = item as unknown as (...parts: unknown[]) => unknown;
    const complaint = /^cart\/:user\/items\/:item: :(user|item) needs a text that is not empty/;
    expect(() => make(...parts)).toThrow(TypeError);
    expect(() => make(...parts)).toThrow(complaint);
  });

  test("that the template has no place for are ignored, so that it can be mapped over a list", () => {
    const account = keyTemplate("acct/:id", count);
    expect(["a", "b"].map(account).map(({ key }) => key)).toEqual(["acct/a", "acct/b"]);
    const user = { id: "ada", name: "Ada" };
    expect(account(user).key).toBe("acct/ada");
  });

  test("need not be: a template without any is one key", () => {
    const config = keyTemplate("config/app", count);
    expect(config().key).toBe("config/app");
    expect(config.all.has("config/app")).toBe(true);
  });
});

describe("all keys of a template", () => {
  test.each([
    { template: "acct/:id", prefix: "acct/" },
    { template: "cart/:user/items/:item", prefix: "cart/" },
    { template: ":tenant/cart", prefix: "" },
    { template: "config/app", prefix: "config/app" },
  ])("$template begin with '$prefix'", ({ template, prefix }) => {
    expect(keyTemplate(template, count).all.prefix).toBe(prefix);
  });

  test("are those that it can have made, and no others", () => {
    const { all } = keyTemplate("cart/:user/items/:item", count);
    expect(all.has("cart/ada/items/7")).toBe(true);
    for (const other of [
      "cart/ada/items",
      "cart/ada/items/",
      "cart//items/7",
      "cart/ada/items/7/notes",
      "cart/ada/wishes/7",
      "basket/ada/items/7",
    ]) {
      expect(all.has(other), other).toBe(false);
    }
  });
});

describe("a codec of two functions", () => {
  const visits = keyTemplate("visits/:page", count)("home");

  test("writes and reads", () => {
    expect(visits.encode(7)).toBe("7");
    expect(visits.decode(stored("visits/home", "7"))).toBe(7);
  });

  test("refuses what it cannot read by throwing: the error names the key, and has it as cause", () => {
    const reading = () => visits.decode(stored("visits/home", "seven"));
    expect(reading).toThrow(
      expect.objectContaining({
        code: "INVALID_VALUE",
        outcome: "not-applied",
        message: `the value of "visits/home" is not valid: no whole number`,
        cause: expect.any(TypeError),
      }),
    );
  });
});
