import { nextBelow, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { encodeMessage, type Message } from "@conclave/raft";
import { describe, expect, test } from "vitest";
import { createLogger } from "../observe/logger.ts";
import {
  DamagedFrames,
  FRAME_CHECK_BYTES,
  openFrame,
  sealFrame,
  sealInPlace,
} from "./peer-frame.ts";

const heartbeat: Message = {
  type: "heartbeat",
  from: 1n,
  to: 2n,
  term: 3,
  commit: 4,
  readSequence: 5,
};

describe("a sealed frame", () => {
  test("gives its body back, of any length", () => {
    for (const length of [0, 1, 4, 300, 70_000]) {
      const body = Buffer.alloc(length, "b");
      expect(Buffer.from(openFrame(sealFrame(body))!).equals(body)).toBe(true);
    }
  });

  test("is the same whether its body was copied or written where it goes", () => {
    const inPlace = sealInPlace(encodeMessage(heartbeat, FRAME_CHECK_BYTES));
    expect(Buffer.from(inPlace)).toEqual(sealFrame(encodeMessage(heartbeat)));
  });

  test("shows every bit that was turned, and every burst of up to 32", () => {
    const frame = sealFrame(encodeMessage(heartbeat));
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const turned = Uint8Array.from(frame);
      turned[bit >> 3]! ^= 1 << (bit & 7);
      expect(openFrame(turned)).toBeNull();
    }
    const prng = seededPrng(testSeed());
    for (let round = 0; round < 1_000; round += 1) {
      const burst = Buffer.from(frame);
      const at = nextBelow(prng, frame.length - 3);
      burst.writeUInt32BE((burst.readUInt32BE(at) ^ (1 + nextBelow(prng, 2 ** 32 - 1))) >>> 0, at);
      expect(openFrame(burst)).toBeNull();
    }
  });

  test("that was cut, or that something was added to, is none", () => {
    const frame = sealFrame(encodeMessage(heartbeat));
    for (let length = 0; length < frame.length; length += 1) {
      expect(openFrame(frame.subarray(0, length))).toBeNull();
    }
    expect(openFrame(Buffer.concat([frame, Buffer.alloc(1)]))).toBeNull();
  });
});

test("of a peer's damaged frames the first is logged, then each that doubles their number", () => {
  const lines: string[] = [];
  const frames = new DamagedFrames(
    createLogger({
      level: "warn",
      format: "json",
      write: (line) => lines.push(line),
      now: () => new Date(0),
    }),
  );
  for (let count = 0; count < 1_000; count += 1) frames.onDamaged(0xan);
  frames.onDamaged(0xbn);
  expect(frames.total).toBe(1_001);
  expect(
    lines.map((line) => JSON.parse(line)).map(({ peer, count }) => `${peer} ${count}`),
  ).toEqual(["a 1", "a 2", "a 4", "a 8", "a 16", "a 32", "a 64", "a 128", "a 256", "a 512", "b 1"]);
});
