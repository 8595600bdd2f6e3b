import { seededPrng, VirtualClock } from "@conclave/base";
import { expect, test } from "vitest";
import type { CallLimits } from "../transport/transport.ts";
import { AcquisitionLimit } from "./acquisition-limit.ts";
import { WindDown } from "./wind-down.ts";

function newLimit(limits: CallLimits) {
  const clock = new VirtualClock();
  const windDown = new WindDown();
  const runtime = { clock, prng: seededPrng(1) };
  const limit = new AcquisitionLimit({ runtime, windDown }, limits, () => "locking");
  return { clock, windDown, limit, session: new AbortController() };
}

const kinds: readonly (readonly [string, CallLimits])[] = [
  ["with limits of its own", { timeoutMs: 1_000, signal: new AbortController().signal }],
  ["without", {}],
];

test.each(kinds)("an acquisition %s ends with its client", (_title, limits) => {
  const { windDown, limit } = newLimit(limits);
  void windDown.begin();
  expect(limit.signal.reason).toMatchObject({ code: "CLOSED" });
});

test.each(kinds)("an acquisition %s ends with its session or client", (_title, limits) => {
  for (const end of ["session", "client"]) {
    const { windDown, limit, session } = newLimit(limits);
    limit.restOn(session);
    if (end === "session") session.abort("lost");
    else void windDown.begin();
    const reason = end === "session" ? "lost" : expect.objectContaining({ code: "CLOSED" });
    expect(limit.signal.reason).toEqual(reason);
  }
});

test.each(kinds)(
  "an acquisition %s on a session that is lost already is over",
  (_title, limits) => {
    const { limit, session } = newLimit(limits);
    session.abort("lost");
    limit.restOn(session);
    expect(limit.signal.reason).toBe("lost");
  },
);

test("the limits of one acquisition end no other on the same session", () => {
  const { clock, limit, session, windDown } = newLimit({ timeoutMs: 1_000 });
  const runtime = { clock, prng: seededPrng(1) };
  const other = new AcquisitionLimit({ runtime, windDown }, {}, () => "locking");
  limit.restOn(session);
  other.restOn(session);
  clock.advance(1_000);
  expect(limit.signal.reason).toMatchObject({ code: "TIMEOUT", outcome: "not-applied" });
  expect(`${limit.signal.reason}`).toContain("locking took longer than 1000 ms");
  expect(other.signal.aborted).toBe(false);
});

test("an acquisition that is over is ended by nothing any more", () => {
  const { clock, limit, session, windDown } = newLimit({ timeoutMs: 1_000 });
  limit.restOn(session);
  limit[Symbol.dispose]();
  clock.advance(1_000);
  session.abort("lost");
  void windDown.begin();
  expect(limit.signal.aborted).toBe(false);
});
