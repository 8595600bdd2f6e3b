import { VirtualClock } from "@conclave/base";
import { expect, test } from "vitest";
import { NeverWelcomed, Newcomer, WELCOME_WAIT_MS } from "./newcomer.ts";

function waiting() {
  const clock = new VirtualClock();
  const state = { isThere: false };
  return { clock, state, newcomer: new Newcomer(clock, () => state.isThere) };
}

test("a new member that nobody speaks to has waited long enough after five minutes", () => {
  const { clock, newcomer } = waiting();
  clock.advance(WELCOME_WAIT_MS);
  expect(newcomer.look()).toBe("waiting");
  clock.advance(1);
  expect(newcomer.look()).toBe("forgotten");
});

test("a new member waits on for a snapshot that takes long, as long as anybody speaks to it", () => {
  const { clock, newcomer } = waiting();
  clock.advance(WELCOME_WAIT_MS);
  newcomer.onHeard();
  clock.advance(WELCOME_WAIT_MS);
  expect(newcomer.look()).toBe("waiting");
});

test("a member that has been sent the state waits for as long as its cluster is down", () => {
  const { clock, state, newcomer } = waiting();
  state.isThere = true;
  clock.advance(10 * WELCOME_WAIT_MS);
  expect(newcomer.look()).toBe("arrived");
});

test("a new member that gives up says what to do", () => {
  const { message } = new NeverWelcomed(0xabcn);
  expect(message).toMatch(/new member abc for 5 minutes; .*start it again.*add it again/);
});
