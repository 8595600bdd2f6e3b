import { expect, test } from "vitest";
import { type Duration, durationMs } from "./duration.ts";

test.each<[Duration, number]>([
  [1_500, 1_500],
  ["250ms", 250],
  ["10s", 10_000],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
])("%s is %i ms", (duration, ms) => {
  expect(durationMs(duration, "ttl")).toBe(ms);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, "10", "s", "10 s", "-1s"])(
  "%s is refused, naming the option",
  (wrong) => {
    expect(() => durationMs(wrong as Duration, "session.ttl")).toThrow(/^session\.ttl/);
  },
);
