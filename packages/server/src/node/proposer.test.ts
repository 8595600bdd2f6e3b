import { VirtualClock } from "@conclave/base";
import { CommandKind, CommandReader } from "@conclave/state-machine";
import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { expect, test } from "vitest";
import { type ProposalBatch, Proposer, type ProposerLimits } from "./proposer.ts";

const RESULT = { kind: "lease-revoke", revision: 2 } as const;

function proposerWith(limits: Partial<ProposerLimits> = {}) {
  const clock = new VirtualClock();
  const proposer = new Proposer({
    origin: 77,
    clock,
    limits: {
      waitersMax: 100,
      unsentBytesMax: 10_000,
      batchBytesMax: 1_000,
      timeoutMs: 7_000,
      ...limits,
    },
  });
  const outcomes: string[] = [];
  const submit = (name: string, bytes = 10): void => {
    const body = Buffer.alloc(bytes, name);
    proposer.submit(CommandKind.PUT, body, {
      onResult: ({ revision }) => outcomes.push(`${name} at ${revision}`),
      onRefused: (error: EtcdError) => outcomes.push(`${name}: ${error.message}`),
    });
  };
  return { clock, proposer, outcomes, submit };
}

/** The bodies in a batch, by their first letter. */
function bodiesOf(batch: ProposalBatch | null): string {
  const reader = new CommandReader();
  reader.reset(batch?.entryData ?? new Uint8Array(0));
  let letters = "";
  while (reader.next()) letters += Buffer.from(reader.body()).toString("latin1", 0, 1);
  return letters;
}

test("what one turn brought leaves as one batch, in order", () => {
  const { proposer, submit } = proposerWith();
  for (const name of "abc") submit(name);
  expect(bodiesOf(proposer.takeBatch())).toBe("abc");
  expect(proposer.takeBatch()).toBeNull();
});

test("a batch closes at its limit; one larger command still fits alone", () => {
  const { proposer, submit } = proposerWith();
  submit("a", 600);
  submit("b", 600);
  submit("c", 5_000);
  expect([1, 2, 3].map(() => bodiesOf(proposer.takeBatch()))).toEqual(["a", "b", "c"]);
});

test("each command is answered once, and not by another boot's command with its number", () => {
  const { proposer, outcomes, submit } = proposerWith();
  submit("a");
  submit("b");
  proposer.onResult(78, 1, RESULT);
  proposer.onResult(77, 2, RESULT);
  proposer.onResult(77, 2, RESULT);
  expect(outcomes).toEqual(["b at 2"]);
  expect(proposer.pending).toBe(1);
});

test("a batch given back leaves first, before what came later", () => {
  const { proposer, submit } = proposerWith();
  submit("a");
  const batch = proposer.takeBatch();
  submit("b");
  if (batch !== null) proposer.giveBack(batch);
  expect(bodiesOf(proposer.takeBatch())).toBe("a");
  expect(bodiesOf(proposer.takeBatch())).toBe("b");
});

test("a command waits its time and no longer", () => {
  const { clock, proposer, outcomes, submit } = proposerWith();
  submit("a");
  clock.advance(4_000);
  submit("b");
  clock.advance(3_000);
  proposer.expire(clock.nowMs(), EtcdErrors.timeout);
  expect(outcomes).toEqual(["a: etcdserver: request timed out"]);
});

test("a batch is awaited until its last command is answered or given up", () => {
  const { clock, proposer, submit } = proposerWith();
  submit("a");
  submit("b");
  const batch = proposer.takeBatch()!;
  proposer.onResult(77, 1, RESULT);
  expect(proposer.isAwaited(batch)).toBe(true);
  clock.advance(7_000);
  proposer.expire(clock.nowMs(), EtcdErrors.timeout);
  expect(proposer.isAwaited(batch)).toBe(false);
});

test.each([
  { what: "commands waiting", limits: { waitersMax: 2 }, bytes: 10 },
  { what: "bytes not sent", limits: { unsentBytesMax: 2_050 }, bytes: 900 },
])(
  "beyond its limit of $what it takes what is urgent, such as the end of leases",
  ({ limits, bytes }) => {
    const { outcomes, submit, proposer } = proposerWith(limits);
    submit("a", bytes);
    submit("b", bytes);
    const waiter = { onResult: () => {}, onRefused: () => outcomes.push("urgent: refused") };
    proposer.submit(CommandKind.LEASE_EXPIRE, new Uint8Array(bytes), waiter, true);
    expect(outcomes).toEqual([]);
    expect(proposer.pending).toBe(3);
  },
);

test.each([
  { what: "commands waiting", limits: { waitersMax: 2 }, bytes: 10 },
  { what: "bytes not sent", limits: { unsentBytesMax: 2_050 }, bytes: 900 },
])("beyond its limit of $what it refuses early: too many requests", ({ limits, bytes }) => {
  const { outcomes, submit } = proposerWith(limits);
  submit("a", bytes);
  submit("b", bytes);
  submit("c", bytes);
  expect(outcomes).toEqual(["c: etcdserver: too many requests"]);
});

test("bytes that were handed on no longer count", () => {
  const { proposer, outcomes, submit } = proposerWith({ unsentBytesMax: 2_050 });
  for (const name of "abcdef") {
    submit(name, 900);
    proposer.takeBatch();
  }
  expect(outcomes).toEqual([]);
});

test("a member that stops tells everyone who waits", () => {
  const { proposer, outcomes, submit } = proposerWith();
  submit("a");
  submit("b");
  proposer.close();
  expect(outcomes).toEqual(["a: etcdserver: server stopped", "b: etcdserver: server stopped"]);
  expect(proposer.pending).toBe(0);
});
