import { expect, test } from "vitest";
import { reportIn } from "./h2load.ts";

/** What nghttp2 1.52 prints at the end of a run for a time. */
const outputOf = ({ failed = 0, unwelcome = 0 }) => `
finished in 2.00s, 51234.50 req/s, 17.60MB/s
requests: 102469 total, 102725 started, 102469 done, 102469 succeeded, ${failed} failed, ${failed} errored, 0 timeout
status codes: 102469 2xx, 0 3xx, ${unwelcome} 4xx, 0 5xx
traffic: 35.21MB (36915840) total, 6.45MB (6763554) headers (space savings 46.67%), 24.43MB (25617250) data
                     min         max         mean         sd        +/- sd
time for request:      612us     21.03ms      4.98ms      1.80ms    78.15%
time for connect:      104us       612us       310us       120us    62.50%
`;

test("what h2load prints is understood: counts, rate, bytes of the answers and the mean in its unit", () => {
  expect(reportIn(outputOf({}))).toEqual({
    answered: 102_469,
    perSecond: 51_234.5,
    bodyBytes: 25_617_250,
    meanMs: 4.98,
  });
});

test("a run with a failed request, or one answered otherwise than with 200, is no measurement", () => {
  expect(() => reportIn(outputOf({ failed: 1 }))).toThrow(/not answered as it should be/);
  expect(() => reportIn(outputOf({ unwelcome: 3 }))).toThrow(/not answered as it should be/);
  expect(() => reportIn("something else")).toThrow(/not answered as it should be/);
});
