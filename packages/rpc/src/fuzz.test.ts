// Frames and header blocks by chance. Longer: CONCLAVE_RPC_FUZZ_MS=60000.
import { nextBelow, nextChance, type Prng, seededPrng, VirtualClock } from "@conclave/base";
import { chooseSeed, replayCommand } from "@conclave/base/testing";
import { expect, test } from "vitest";
import { Channel } from "./channel.ts";
import { ConnectionFault } from "./error-code.ts";
import { Flag, FrameType, PREFACE, Setting } from "./frame.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { type RawClient, rawClient } from "./testing/raw-client.ts";
import {
  frame,
  message,
  type RawPeer,
  rawPeer,
  requestFields,
  settings,
  uint32,
} from "./testing/raw-peer.ts";
import { clockTurn } from "./turn.ts";

const BUDGET_MS = Number(process.env.CONCLAVE_RPC_FUZZ_MS ?? 1_500);

/** Runs seeds until the time is up, and names the one that failed. */
function forSeeds(run: (prng: Prng) => void): void {
  const endMs = performance.now() + BUDGET_MS;
  let rounds = 0;
  for (let seed = chooseSeed(); performance.now() < endMs || rounds < 20; seed += 1) {
    const beganMs = performance.now();
    try {
      run(seededPrng(seed));
      expect(performance.now() - beganMs).toBeLessThan(5_000); // nothing hangs
    } catch (error) {
      throw new Error(`replay: ${replayCommand(seed)}`, { cause: error });
    }
    rounds += 1;
  }
}

function randomBytes(prng: Prng, lengthMax: number): Buffer {
  return Buffer.from(
    Array.from({ length: nextBelow(prng, lengthMax + 1) }, () => prng.nextUint32() & 255),
  );
}

/** A frame that is in order, mostly, so that the fuzz gets past the first check. */
function plausibleFrame(prng: Prng, peer: RawPeer, nextId: () => number): Buffer {
  const id = nextChance(prng, 0.7) ? 1 + 2 * nextBelow(prng, 20) : nextId();
  switch (nextBelow(prng, 12)) {
    case 0:
    case 1:
    case 2: {
      const path = ["/t.S/Echo", "/t.S/Chat", "/t.S/Never", "/t.S/Nope"][nextBelow(prng, 4)]!;
      const timeout = nextChance(prng, 0.3)
        ? ([["grpc-timeout", `${nextBelow(prng, 99)}m`]] as const)
        : [];
      return peer.headers(
        nextId(),
        Flag.END_HEADERS | nextBelow(prng, 2),
        requestFields(path, timeout),
      );
    }
    case 3:
    case 4:
      return frame(FrameType.DATA, nextBelow(prng, 2), id, message(randomBytes(prng, 300)));
    case 5:
      return frame(FrameType.DATA, nextBelow(prng, 256), id, randomBytes(prng, 40));
    case 6:
      return settings(
        [1 + nextBelow(prng, 7), nextBelow(prng, 2 ** 17)],
        [Setting.INITIAL_WINDOW_SIZE, nextBelow(prng, 2 ** 20)],
      );
    case 7:
      return frame(
        FrameType.WINDOW_UPDATE,
        0,
        nextChance(prng, 0.5) ? 0 : id,
        uint32(nextBelow(prng, 2 ** 24)),
      );
    case 8:
      return frame(FrameType.RST_STREAM, 0, id, uint32(nextBelow(prng, 20)));
    case 9:
      return frame(FrameType.PING, nextBelow(prng, 2), 0, Buffer.alloc(8));
    case 10:
      return frame(nextBelow(prng, 12), nextBelow(prng, 256), id, randomBytes(prng, 30));
    default:
      return frame(FrameType.HEADERS, nextBelow(prng, 256), nextId(), randomBytes(prng, 60));
  }
}

/** Flips, drops and repeats octets. */
function mutate(prng: Prng, bytes: Buffer): Buffer {
  const mutated = Buffer.from(bytes);
  for (let count = nextBelow(prng, 3); count > 0 && mutated.length > 0; count -= 1) {
    mutated[nextBelow(prng, mutated.length)] = prng.nextUint32() & 255;
  }
  return nextChance(prng, 0.05) ? mutated.subarray(nextBelow(prng, mutated.length + 1)) : mutated;
}

function expectBounded(client: RawClient): void {
  expect(client.server.connectionCount).toBeLessThanOrEqual(1);
  expect(client.server.callCount).toBeLessThanOrEqual(1_000);
}

test("a server survives any frames, and a connection leaves nothing behind", () => {
  forSeeds((prng) => {
    const client = rawClient();
    let id = -1;
    const nextId = (): number => {
      id += 2;
      return id;
    };
    client.say(PREFACE, settings());
    const isMutating = nextChance(prng, 0.5);
    for (let count = 0; count < 200 && !client.peer.closed; count += 1) {
      let bytes = plausibleFrame(prng, client.peer, nextId);
      if (isMutating && nextChance(prng, 0.2)) bytes = mutate(prng, bytes);
      const cut = nextBelow(prng, bytes.length + 1);
      if (nextChance(prng, 0.2)) client.say(bytes.subarray(0, cut), bytes.subarray(cut));
      else client.say(bytes);
      if (nextChance(prng, 0.05)) client.clock.advance(nextBelow(prng, 50));
      expectBounded(client);
    }
    client.peer.disconnect();
    client.clock.advance(2_000);
    expect(client.server.connectionCount).toBe(0);
    expect(client.server.callCount).toBe(0);
    expect(client.server.deadlines.size).toBe(0);
  });
});

test("a server survives any octets", () => {
  forSeeds((prng) => {
    const client = rawClient();
    client.say(nextChance(prng, 0.8) ? PREFACE : Buffer.alloc(0), settings());
    for (let count = 0; count < 50; count += 1) client.say(randomBytes(prng, 200));
    client.clock.advance(20_000);
    expect(client.server.callCount).toBe(0);
  });
});

test("a channel survives any frames, and every call ends exactly once", () => {
  forSeeds((prng) => {
    const clock = new VirtualClock();
    const peers: RawPeer[] = [];
    const channel = new Channel({
      endpoints: ["raw:1"],
      clock,
      prng,
      atTurnEnd: clockTurn(clock),
      dial: (_target, result) => {
        const timer = clock.setTimer(0, () => {
          const { peer, link } = rawPeer(clock, { isServer: true });
          peers.push(peer);
          result.onLink(link);
          peer.send(settings());
        });
        return () => timer.cancel();
      },
    });
    const ends: number[] = [];
    for (let count = 0; count < 100; count += 1) {
      const call = ends.push(0) - 1;
      const onEnd = (): void => {
        ends[call]! += 1;
      };
      if (nextChance(prng, 0.5))
        channel.unary("/t.S/A", Buffer.from("x"), { timeoutMs: 500 }, onEnd);
      else
        channel
          .stream("/t.S/B", { timeoutMs: 500 }, { onMessage: () => {}, onEnd })
          .send(Buffer.from("y"));
      clock.advance(0);
      const peer = peers.at(-1);
      if (peer === undefined) continue;
      const id = 1 + 2 * nextBelow(prng, 40);
      const head = peer.headers(id, Flag.END_HEADERS | nextBelow(prng, 2), [
        [":status", nextChance(prng, 0.9) ? "200" : "503"],
        ["content-type", "application/grpc"],
        ["grpc-status", String(nextBelow(prng, 20))],
      ]);
      const bytes = nextChance(prng, 0.5) ? head : plausibleFrame(prng, peer, () => id);
      peer.send(nextChance(prng, 0.1) ? mutate(prng, bytes) : bytes);
      clock.advance(nextBelow(prng, 5));
    }
    clock.advance(1_000);
    expect(ends).toEqual(ends.map(() => 1));
    expect(channel.deadlines.size).toBe(0);
    channel.close();
    clock.advance(2_000);
  });
});

test("a decoder survives any header block, within its limits", () => {
  forSeeds((prng) => {
    const limits = { headerListBytesMax: 4_096, headerListPairsMax: 32 };
    const decoder = new HpackDecoder(limits);
    for (let count = 0; count < 300; count += 1) {
      const block = randomBytes(prng, 80);
      if (nextChance(prng, 0.5)) block[0] = 0x40; // a literal: something to grow the table with
      try {
        decoder.decode(block, 0, block.length);
      } catch (error) {
        if (!(error instanceof ConnectionFault)) throw error;
      }
      expect(decoder.fields.length).toBeLessThanOrEqual(limits.headerListPairsMax);
    }
  });
});
