import { VirtualClock } from "@conclave/base";
import type { EtcdError } from "@conclave/wire";
import { expect, test } from "vitest";
import { type LongRead, LongReads } from "./long-reads.ts";

class Read implements LongRead {
  readonly revision: number;
  gatheredBytes = 0;
  isWanted = true;
  isDone = false;
  refusal: EtcdError | null = null;
  stepsLeft: number;
  readonly #onStep: () => void;

  constructor(steps: number, onStep: () => void = () => {}, revision = 1) {
    this.stepsLeft = steps;
    this.#onStep = onStep;
    this.revision = revision;
  }

  step(): boolean {
    this.#onStep();
    this.stepsLeft -= 1;
    this.isDone = this.stepsLeft === 0;
    return this.isDone;
  }

  refuse(error: EtcdError): void {
    this.refusal = error;
  }
}

const LIMITS = { runningMax: 2, waitingMax: 2, gatheredBytesMax: 1_000, sliceMs: 3 };

function fixture(options: { isReadable?: () => boolean } = {}) {
  const clock = new VirtualClock();
  const turns: (() => void)[] = [];
  const held: number[] = [];
  const reads = new LongReads({
    limits: LIMITS,
    clock,
    defer: (callback) => turns.push(callback),
    hold: (revision) => {
      held.push(revision);
      return () => held.splice(held.indexOf(revision), 1);
    },
    isReadable: options.isReadable ?? (() => true),
  });
  const turn = (): void => {
    for (const callback of turns.splice(0)) callback();
  };
  return { clock, turns, held, reads, turn };
}

test("reads get on by turns, and a turn takes no more of the loop than a slice", () => {
  const { clock, reads, turn } = fixture();
  const slow = () => clock.advance(1);
  const [first, second] = [new Read(10, slow), new Read(10, slow)];
  reads.submit(first);
  reads.submit(second);
  turn();
  expect([first.stepsLeft, second.stepsLeft]).toEqual([8, 9]);
  for (let turns = 0; turns < 6; turns++) turn();
  expect([first.isDone, second.isDone]).toEqual([true, true]);
});

test("no more than so many run; others wait in order, and beyond these they are refused", () => {
  const { reads, turn, clock } = fixture();
  const all = Array.from({ length: 5 }, () => new Read(2, () => clock.advance(3)));
  for (const read of all) reads.submit(read);
  expect(all.map(({ refusal }) => refusal?.message)).toEqual([
    ...Array(4).fill(undefined),
    "etcdserver: too many requests",
  ]);
  turn();
  turn();
  expect(all.map(({ stepsLeft }) => stepsLeft)).toEqual([1, 1, 2, 2, 2]);
  while (reads.pending > 0) turn();
  expect(all.map(({ isDone }) => isDone)).toEqual([true, true, true, true, false]);
});

test("when they have gathered too much the youngest are refused, the oldest goes on", () => {
  const { reads, turn, clock } = fixture();
  const gather = (read: Read, bytes: number) => {
    read.gatheredBytes = bytes;
    return read;
  };
  const slow = () => clock.advance(3);
  const [first, second] = [gather(new Read(3, slow), 5_000), gather(new Read(3, slow), 10)];
  reads.submit(first);
  reads.submit(second);
  turn();
  expect(second.refusal?.message).toBe("etcdserver: too many requests");
  while (reads.pending > 0) turn();
  expect(first.isDone).toBe(true);
});

test("what a read sees is held until it is over, however it ends", () => {
  const { reads, turn, held, clock } = fixture();
  const [done, unwanted, closed] = [7, 8, 9].map(
    (revision) => new Read(revision === 9 ? 99 : 1, () => clock.advance(3), revision),
  ) as [Read, Read, Read];
  for (const read of [done, unwanted, closed]) reads.submit(read);
  expect(held).toEqual([7, 8, 9]);
  unwanted.isWanted = false;
  for (let turns = 0; turns < 4; turns++) turn();
  expect(held).toEqual([9]);
  expect(unwanted.refusal?.message).toBe("etcdserver: request canceled");
  reads.close();
  expect(held).toEqual([]);
  expect(closed.refusal?.message).toBe("etcdserver: server stopped");
});

test("while another state is loaded they wait, without a turn spent", () => {
  let isReadable = false;
  const { reads, turn, turns } = fixture({ isReadable: () => isReadable });
  const read = new Read(1);
  reads.submit(read);
  turn();
  expect(turns).toHaveLength(0);
  isReadable = true;
  reads.wake();
  turn();
  expect(read.isDone).toBe(true);
});
