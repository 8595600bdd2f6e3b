import { seededPrng, VirtualClock } from "@conclave/base";
import { type CallStatus, type ClientStreamHandler, Status } from "@conclave/rpc";
import { Watch } from "@conclave/wire";
import { expect, test } from "vitest";
import { ScriptedCaller } from "../testing/scripted-caller.ts";
import { AuthCaller } from "./auth-caller.ts";
import { TokenKeeper } from "./token-keeper.ts";

// Servers look at the token that a stream was opened with. A watch need not be refused first: failure mode 23.
test("when there is a new token, streams with another end, and open again with this one", async () => {
  const tokens = ["first", "second"];
  const clock = new VirtualClock();
  const inner = new ScriptedCaller();
  const runtime = { clock, prng: seededPrng(1) };
  const fetch = async () => tokens.shift() ?? "";
  const keeper = new TokenKeeper(fetch, runtime, undefined, () => caller.reopenStreams());
  const caller = new AuthCaller(inner, keeper, clock);
  await keeper.replace("");
  const ends: CallStatus[] = [];
  const handler: ClientStreamHandler = {
    onMessage: () => {},
    onEnd: (status) => ends.push(status),
  };
  const tokenOfLast = () => inner.lastStream.options.metadata?.token;

  caller.stream(Watch.Watch.path, {}, handler);
  expect(tokenOfLast()).toBe("first");
  await keeper.replace("first");
  expect(inner.lastStream.cancelled).toBe(true);
  expect(ends).toMatchObject([{ code: Status.UNAVAILABLE }]);
  caller.stream(Watch.Watch.path, {}, handler);
  expect(tokenOfLast()).toBe("second");
  caller.close();
});
