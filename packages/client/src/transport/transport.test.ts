import { seededPrng, VirtualClock } from "@conclave/base";
import { Status, type StatusCode } from "@conclave/rpc";
import { KV, Lease } from "@conclave/wire";
import { expect, test } from "vitest";
import { ScriptedCaller } from "../testing/scripted-caller.ts";
import { Transport } from "./transport.ts";

interface Failure {
  readonly code: StatusCode;
  readonly mayHaveReached: boolean;
}
const refusedToConnect: Failure = { code: Status.UNAVAILABLE, mayHaveReached: false };
const broke: Failure = { code: Status.UNAVAILABLE, mayHaveReached: true };
const ranOutOfTime: Failure = { code: Status.DEADLINE_EXCEEDED, mayHaveReached: true };

/** A call that is repeated once, both times in vain. */
async function errorAfter(call: (transport: Transport) => Promise<unknown>, ...script: Failure[]) {
  const caller = new ScriptedCaller();
  const retry = { retriesMax: script.length - 1, delayMinMs: 0, delayMaxMs: 0 };
  const clock = new VirtualClock();
  const runtime = { clock, prng: seededPrng(1) };
  const transport = new Transport(caller, runtime, { timeoutMs: 5_000, retry });
  const failing = call(transport).then(
    () => undefined,
    (error: unknown) => error,
  );
  for (const { code, mayHaveReached } of script) {
    await expect
      .poll(() => {
        clock.advance(0);
        return caller.unaryCalls.length;
      })
      .toBe(1);
    caller.takeUnary().fail(code, `code ${code}`, mayHaveReached);
  }
  return failing;
}

const revoke = (transport: Transport) =>
  transport.call(Lease.LeaseRevoke, { ID: 1n }, "idempotent");
const read = (transport: Transport) => transport.call(KV.Range, {}, "read");

test("a repeated call is in doubt if any of its attempts was, though the last one did nothing", async () => {
  const error = await errorAfter(revoke, broke, refusedToConnect);
  expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
});

test("a repeated call of which no attempt arrived was not applied", async () => {
  const error = await errorAfter(revoke, refusedToConnect, refusedToConnect);
  expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "not-applied" });
});

test("a call whose time ran out while it was repeated tells what the time was lost on", async () => {
  const error = await errorAfter(read, refusedToConnect, ranOutOfTime);
  expect(error).toMatchObject({
    code: "TIMEOUT",
    outcome: "not-applied",
    message: "KV/Range: code 4, after KV/Range: code 14",
    cause: expect.objectContaining({ code: "UNAVAILABLE" }),
  });
});
