import { VirtualClock } from "@conclave/base";
import { expect, test } from "vitest";
import type { Claim } from "../peer/claim.ts";
import { type Answer, Introduction } from "./introduction.ts";

const LOG = { term: 1, lastIndex: 1 };

function newcomer(peers: readonly bigint[]) {
  const clock = new VirtualClock();
  const asked: { peer: bigint; claim: Claim; answer: (answer: Answer) => void }[] = [];
  const events: string[] = [];
  const introduction = new Introduction({
    peers,
    clock,
    claim: (isAdmitted) => ({
      directory: 1n,
      boots: 1,
      nonce: 1n,
      earlier: [],
      log: isAdmitted ? null : LOG,
    }),
    ask: (peer, claim, answer) => asked.push({ peer, claim, answer }),
    onAdmitted: () => events.push("admitted"),
    onRefused: (reason) => events.push(`refused: ${reason}`),
  });
  introduction.begin();
  const answer = (
    peer: bigint,
    type: "welcome" | "unavailable",
    removed: readonly bigint[] = [],
  ): void => {
    const at = asked.findIndex((each) => each.peer === peer);
    asked.splice(at, 1)[0]?.answer(type === "welcome" ? { type, removed } : { type });
  };
  return { clock, asked, events, introduction, answer };
}

test("a member alone takes part at once", () => {
  expect(newcomer([]).events).toEqual(["admitted"]);
});

test("one of three takes part when one other knows it, and goes on until all do", () => {
  const { clock, asked, events, answer } = newcomer([2n, 3n]);
  expect(events).toEqual([]);
  answer(2n, "unavailable");
  answer(3n, "welcome");
  expect(events).toEqual(["admitted"]);
  clock.advance(1_000);
  expect(asked.map(({ peer, claim }) => [peer, claim.log])).toEqual([[2n, null]]);
  answer(2n, "welcome");
  clock.advance(10_000);
  expect(asked).toEqual([]);
  expect(events).toEqual(["admitted"]);
});

test("one of five takes part when two others know it", () => {
  const { events, answer } = newcomer([2n, 3n, 4n, 5n]);
  answer(2n, "welcome");
  expect(events).toEqual([]);
  answer(4n, "welcome");
  expect(events).toEqual(["admitted"]);
});

test("those who were removed do not count, once a peer has said so, and are not asked again", () => {
  const { clock, asked, events, answer } = newcomer([2n, 3n, 4n]);
  answer(2n, "welcome");
  expect(events).toEqual([]);
  const again = newcomer([2n, 3n, 4n]);
  again.answer(2n, "welcome", [3n, 9n]);
  expect(again.events).toEqual(["admitted"]);
  again.answer(3n, "unavailable");
  again.clock.advance(10_000);
  expect(again.asked.map(({ peer }) => peer)).toEqual([4n]);
  answer(3n, "unavailable");
  clock.advance(10_000);
  expect(asked.map(({ peer }) => peer)).toEqual([4n, 3n]);
});

test("the welcome of one who came after all that it remembers is enough: those may be gone", () => {
  const { asked, events, introduction, answer } = newcomer([2n, 3n]);
  introduction.onHeard(2n, false);
  introduction.onHeard(9n, false);
  introduction.onHeard(9n, false);
  expect(asked.map(({ peer }) => peer)).toEqual([2n, 3n, 9n]);
  answer(9n, "welcome");
  expect(events).toEqual(["admitted"]);
});

// Members that come and go in virtual time, seed 5: most of the founders were gone, and the newcomer counted them for ever.
test("a leader's welcome is enough, whether it is heard before or after", () => {
  const before = newcomer([2n, 3n, 4n, 5n]);
  before.introduction.onHeard(4n, true);
  before.answer(2n, "welcome");
  expect(before.events).toEqual([]);
  before.answer(4n, "welcome");
  expect(before.events).toEqual(["admitted"]);
  const after = newcomer([2n, 3n, 4n, 5n]);
  after.answer(4n, "welcome");
  expect(after.events).toEqual([]);
  after.introduction.onHeard(4n, true);
  expect(after.events).toEqual(["admitted"]);
});

test("one refusal ends it, whatever others say", () => {
  const { clock, asked, events, answer } = newcomer([2n, 3n]);
  answer(2n, "unavailable");
  asked[0]?.answer({ type: "refused", reason: "an old copy" });
  clock.advance(10_000);
  expect(asked).toHaveLength(1);
  expect(events).toEqual(["refused: an old copy"]);
});
