import { expect, test } from "vitest";
import { refreshAfterMs } from "./token-life.ts";

const NOW_MS = 1_700_000_000_000;
const jwt = (claims: object) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

test.each([
  ["etcd's simple token, which does not tell", "fpWzIkDnMtGBdRpj.42", 240_000],
  ["a JWT that ends in ten seconds", jwt({ exp: NOW_MS / 1_000 + 10 }), 8_000],
  ["a JWT without an end", jwt({ username: "alice" }), 240_000],
  ["something with two dots", "a.b.c", 240_000],
  ["a JWT that has ended, by our clock", jwt({ exp: NOW_MS / 1_000 - 60 }), 500],
])("%s is replaced after 80 %% of its life", (_, token, afterMs) => {
  expect(refreshAfterMs(token, NOW_MS)).toBe(afterMs);
});
