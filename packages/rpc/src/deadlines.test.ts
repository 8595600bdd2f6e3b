import { type Clock, nextBelow, seededPrng, VirtualClock } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { DEADLINE_TICK_MS, DeadlineWheel, type Expiring } from "./deadlines.ts";
import {
  decodeGrpcMessage,
  encodeGrpcMessage,
  formatTimeout,
  parseTimeoutMs,
} from "./grpc-text.ts";
import { TokenBucket } from "./token-bucket.ts";

function expiring(deadlineMs: number, onDeadline: () => void): Expiring {
  return { deadlineMs, onDeadline, nextExpiring: null, previousExpiring: null, expirySlot: -1 };
}

describe("deadline wheel", () => {
  test("at rest it has no timer, unless something is waited for", () => {
    const virtual = new VirtualClock();
    let timers = 0;
    const clock: Clock = {
      nowMs: () => virtual.nowMs(),
      setTimer(delayMs, callback) {
        timers += 1;
        const over = () => {
          timers -= 1;
        };
        const timer = virtual.setTimer(delayMs, () => [over(), callback()]);
        return { cancel: () => [timer.cancel(), over()] };
      },
    };
    const wheel = new DeadlineWheel(clock);
    let fired = 0;
    const item = expiring(5_000, () => {
      fired += 1;
    });
    wheel.add(item);
    wheel.rest();
    expect(timers).toBe(1);
    wheel.remove(item);
    wheel.rest();
    expect(timers).toBe(0);
    wheel.add(item);
    virtual.advance(6_000);
    expect([fired, timers]).toEqual([1, 0]);
  });

  test("each fires once, never early, at most a tick late, near ones and those of later revolutions", () => {
    const prng = seededPrng(testSeed(5));
    const clock = new VirtualClock();
    const wheel = new DeadlineWheel(clock);
    const late: number[] = [];
    let removed = 0;
    for (let count = 0; count < 500; count += 1) {
      const item = expiring(clock.nowMs() + nextBelow(prng, 30_000), () => {
        late.push(clock.nowMs() - item.deadlineMs);
      });
      wheel.add(item);
      if (nextBelow(prng, 4) === 0) {
        wheel.remove(item);
        wheel.remove(item);
        removed += 1;
      }
      clock.advance(nextBelow(prng, 20));
    }
    clock.advance(40_000);
    expect(late).toHaveLength(500 - removed);
    for (const byMs of late) {
      expect(byMs).toBeGreaterThanOrEqual(0);
      expect(byMs).toBeLessThanOrEqual(DEADLINE_TICK_MS);
    }
    expect(wheel.size).toBe(0);
  });

  test("an earlier deadline moves the timer forward", () => {
    const clock = new VirtualClock();
    const wheel = new DeadlineWheel(clock);
    const fired: string[] = [];
    wheel.add(expiring(5_000, () => fired.push("late")));
    wheel.add(expiring(100, () => fired.push("early")));
    clock.advance(110);
    expect(fired).toEqual(["early"]);
  });

  test("one deadline may take another with it", () => {
    const clock = new VirtualClock();
    const wheel = new DeadlineWheel(clock);
    const fired: string[] = [];
    const second = expiring(50, () => fired.push("second"));
    const first = expiring(50, () => fired.push("first"));
    first.onDeadline = () => {
      fired.push("first");
      wheel.remove(second);
    };
    wheel.add(second);
    wheel.add(first);
    clock.advance(100);
    expect(fired).toEqual(["first"]);
  });
});

describe("grpc-timeout", () => {
  test.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["4m", 4],
    ["5u", 0.005],
    ["6n", 0.000006],
    ["99999999S", 99_999_999_000],
  ])("%s", (text, ms) => {
    expect(parseTimeoutMs(text)).toBeCloseTo(ms, 9);
  });

  test("what is formatted is never shorter than asked, and has eight digits at most", () => {
    const prng = seededPrng(9);
    for (let round = 0; round < 1_000; round += 1) {
      const ms = (prng.nextUint32() / 2 ** 32) * 10 ** nextBelow(prng, 12);
      const text = formatTimeout(ms);
      expect(text).toMatch(/^\d{1,8}[umSMH]$|^0n$/);
      expect(parseTimeoutMs(text)).toBeGreaterThanOrEqual(ms * (1 - 1e-12));
    }
    expect(formatTimeout(-1)).toBe("0n");
  });
});

describe("grpc-message", () => {
  test("any text survives, and travels as plain ASCII without spaces at its ends", () => {
    for (const text of ["", "plain", "50% off", " ends ", "ö€😀", "a\r\nb\0", "%41"]) {
      const encoded = encodeGrpcMessage(text);
      expect(encoded).toMatch(/^$|^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/);
      expect(decodeGrpcMessage(encoded)).toBe(text);
    }
  });

  test("what is no encoding is kept as it is", () => {
    expect(decodeGrpcMessage("100% %zz %4")).toBe("100% %zz %4");
  });
});

test("a token bucket allows its burst, then its rate; work earns some back, never above the burst", () => {
  const clock = new VirtualClock();
  const bucket = new TokenBucket({ burst: 3, perSecond: 2 }, clock);
  const take = (count: number): boolean[] => Array.from({ length: count }, () => bucket.take());
  expect(take(4)).toEqual([true, true, true, false]);
  clock.advance(1_000);
  expect(take(3)).toEqual([true, true, false]);
  bucket.earn(99);
  expect(take(4)).toEqual([true, true, true, false]);
});
