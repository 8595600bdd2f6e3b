import { VirtualClock } from "@conclave/base";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { expect, test } from "vitest";
import { ReadGate } from "./read-gate.ts";

function gateWith(waitersMax = 100) {
  const clock = new VirtualClock();
  /** Read ids that the core was asked about. */
  const asked: number[] = [];
  const gate = new ReadGate({
    clock,
    limits: { waitersMax, timeoutMs: 7_000, retryMs: 1_000 },
    askRaft: (readId) => asked.push(readId),
  });
  const outcomes: string[] = [];
  const submit = (name: string): void => {
    gate.submit({
      onReadable: () => outcomes.push(name),
      onRefused: ({ message }) => outcomes.push(`${name}: ${message}`),
    });
  };
  const tick = (byMs: number): void => {
    clock.advance(byMs);
    gate.onTick(clock.nowMs(), EtcdErrors.timeout);
  };
  return { gate, asked, outcomes, submit, tick };
}

// Design decision 6; thesis 6.4.
test("all reads of a turn share one round", () => {
  const { gate, asked, outcomes, submit } = gateWith();
  submit("a");
  submit("b");
  gate.ask();
  expect(asked).toEqual([1]);
  gate.onConfirmed(1, 10);
  gate.serve(10);
  expect(outcomes).toEqual(["a", "b"]);
});

test("a read is served only once the index of its round is applied", () => {
  const { gate, outcomes, submit } = gateWith();
  submit("a");
  gate.ask();
  gate.onConfirmed(1, 10);
  gate.serve(9);
  expect(outcomes).toEqual([]);
  gate.serve(10);
  expect(outcomes).toEqual(["a"]);
});

test("a read that arrives while a round is on its way is not in it", () => {
  const { gate, asked, outcomes, submit } = gateWith();
  submit("a");
  gate.ask();
  submit("b");
  gate.onConfirmed(1, 5);
  gate.serve(5);
  expect(outcomes).toEqual(["a"]);
  gate.ask();
  expect(asked).toEqual([1, 2]);
});

// etcd 20418: an acknowledgement of an earlier round confirmed its retry.
test("a round asked again has a new id, and the old one's confirmation counts for nothing", () => {
  const { gate, asked, outcomes, submit, tick } = gateWith();
  submit("a");
  gate.ask();
  tick(1_000);
  expect(asked).toEqual([1, 2]);
  gate.onConfirmed(1, 3);
  gate.serve(100);
  expect(outcomes).toEqual([]);
  gate.onConfirmed(2, 4);
  gate.serve(100);
  expect(outcomes).toEqual(["a"]);
});

test("a refused round is asked again with the next tick", () => {
  const { gate, asked, submit, tick } = gateWith();
  submit("a");
  gate.ask();
  gate.onRefused(1);
  tick(10);
  expect(asked).toEqual([1, 2]);
});

test("a read waits its time and no longer, confirmed or not", () => {
  const { gate, outcomes, submit, tick } = gateWith();
  submit("a");
  gate.ask();
  gate.onConfirmed(1, 10);
  submit("b");
  gate.ask();
  for (let passedMs = 0; passedMs < 7_000; passedMs += 500) tick(500);
  expect(outcomes.sort()).toEqual([
    "a: etcdserver: request timed out",
    "b: etcdserver: request timed out",
  ]);
  expect(gate.pending).toBe(0);
});

test("beyond its limit it refuses early: too many requests", () => {
  const { outcomes, submit } = gateWith(2);
  for (const name of "abc") submit(name);
  expect(outcomes).toEqual(["c: etcdserver: too many requests"]);
});

test("a member that stops tells everyone who waits: arriving, asked or confirmed", () => {
  const { gate, outcomes, submit } = gateWith();
  submit("a");
  gate.ask();
  gate.onConfirmed(1, 10);
  submit("b");
  gate.ask();
  submit("c");
  gate.close();
  const stopped = (name: string) => `${name}: etcdserver: server stopped`;
  expect(outcomes.sort()).toEqual(["a", "b", "c"].map(stopped));
  expect(gate.pending).toBe(0);
});

test("beyond its limit a lease's renewal is still let in", () => {
  const { gate, outcomes, submit } = gateWith(1);
  submit("a");
  const waiter = {
    onReadable: () => outcomes.push("urgent"),
    onRefused: () => outcomes.push("urgent: refused"),
  };
  gate.submit(waiter, true);
  gate.ask();
  gate.onConfirmed(1, 1);
  gate.serve(1);
  expect(outcomes).toEqual(["a", "urgent"]);
});
