import { seededPrng, VirtualClock } from "@conclave/base";
import { type Entry, type LogIndex, type Message, membershipOf, Raft } from "@conclave/raft";
import { CommandKind, StateMachine } from "@conclave/state-machine";
import { PutRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { VolatileStore } from "../storage/volatile-store.ts";
import { DEFAULT_PROPOSER_LIMITS, type ProposalBatch, Proposer } from "./proposer.ts";
import { RaftDriver } from "./raft-driver.ts";
import { ReadGate } from "./read-gate.ts";

const TIMEOUT_MS = 7_000;
const TICK_MS = 100;

interface Forwarded {
  readonly term: number;
  readonly batch: ProposalBatch;
  readonly refuse: () => void;
}

/** Member 2 of two. What member 1, the leader, says to it is up to the test. */
function follower() {
  const clock = new VirtualClock();
  const membership = membershipOf([1n, 2n], []);
  const raft = new Raft({
    id: 2n,
    prng: seededPrng(1),
    restored: {
      hardState: { term: 0, vote: 0n, commit: 0 },
      snapshot: { index: 0, term: 0, membership },
      entries: [],
      appliedIndex: 0,
    },
  });
  const store = new VolatileStore();
  const machine = new StateMachine({ store });
  machine.finishLoad();
  const proposer = new Proposer({
    origin: 1,
    limits: { ...DEFAULT_PROPOSER_LIMITS, timeoutMs: TIMEOUT_MS },
    clock,
  });
  const reads = new ReadGate({
    limits: { waitersMax: 10, timeoutMs: TIMEOUT_MS, retryMs: 1_000 },
    clock,
    askRaft: (readId) => raft.readIndex(readId),
  });
  const forwarded: Forwarded[] = [];
  const sent: Message[] = [];
  const installs: (() => void)[] = [];
  const driver = new RaftDriver({
    raft,
    log: {
      append: (_batch, onDurable) => {
        clock.setTimer(1, () => onDurable?.());
      },
      isFull: false,
    },
    store,
    machine,
    proposer,
    reads,
    links: {
      send: (messages) => sent.push(...messages),
      forward: (_leader, term, batch, refuse) => {
        forwarded.push({ term, batch, refuse });
        return true;
      },
    },
    events: {
      onRoleChange() {},
      onLeading() {},
      beforeApply() {},
      onApplied() {},
      onMembership() {},
      onRecovered() {},
      onSnapshot: (_mark, done) => installs.push(done),
    },
    clock,
    tickMs: TICK_MS,
    defer: (callback) => {
      clock.setTimer(0, callback);
    },
  });
  driver.start();
  const outcomes: string[] = [];
  const put = (key: string): void => {
    const body = PutRequest.encode({ key: Buffer.from(key), value: Buffer.from("v") });
    proposer.submit(CommandKind.PUT, body, {
      onResult: ({ revision }) => outcomes.push(`${key} at ${revision}`),
      onRefused: ({ message }) => outcomes.push(`${key}: ${message}`),
    });
    driver.wake();
    clock.advance(10);
  };
  /** The leader of a term appends one entry, and says that everything is committed. */
  const append = (term: number, index: LogIndex, previousTerm: number, data?: Uint8Array): void => {
    const entry: Entry = { index, term, kind: "command", data: data ?? EMPTY };
    driver.step({
      type: "append",
      from: 1n,
      to: 2n,
      term,
      previousIndex: index - 1,
      previousTerm,
      entries: [entry],
      commit: index,
    });
    clock.advance(10);
  };
  return {
    clock,
    driver,
    machine,
    membership,
    reads,
    sent,
    forwarded,
    installs,
    outcomes,
    put,
    append,
  };
}

const EMPTY = new Uint8Array(0);

test("a batch that its leader refused is offered again with the next tick", () => {
  const { put, append, forwarded, clock, outcomes } = follower();
  append(1, 1, 0);
  put("a");
  forwarded[0]?.refuse();
  clock.advance(TICK_MS);
  expect(forwarded.map(({ term }) => term)).toEqual([1, 1]);
  append(1, 2, 1, forwarded[1]?.batch.entryData);
  expect(outcomes).toEqual(["a at 2"]);
});

test("a batch that a change of term has lost is offered again", () => {
  const { put, append, forwarded, clock } = follower();
  append(1, 1, 0);
  put("a");
  append(2, 2, 1);
  clock.advance(TICK_MS);
  expect(forwarded.map(({ term }) => term)).toEqual([1, 2]);
});

test("a refusal that comes after the batch was offered again does not offer it a third time", () => {
  const { put, append, forwarded, clock } = follower();
  append(1, 1, 0);
  put("a");
  append(2, 2, 1);
  clock.advance(TICK_MS);
  forwarded[0]?.refuse();
  clock.advance(TICK_MS);
  expect(forwarded.map(({ term }) => term)).toEqual([1, 2]);
  forwarded[1]?.refuse();
  clock.advance(TICK_MS);
  expect(forwarded.map(({ term }) => term)).toEqual([1, 2, 2]);
});

test("a batch is not offered while there is no leader, and keeps its waiters", () => {
  const { put, append, forwarded, outcomes } = follower();
  put("a");
  expect(forwarded).toEqual([]);
  append(1, 1, 0);
  expect(forwarded.length).toBe(1);
  expect(outcomes).toEqual([]);
});

// A snapshot's index is loaded before its keys are.
test("no read is served while a snapshot is being installed", () => {
  const { clock, driver, machine, membership, reads, sent, installs, append } = follower();
  append(1, 1, 0);
  let served = 0;
  reads.submit({ onReadable: () => (served += 1), onRefused() {} });
  driver.wake();
  clock.advance(1);
  const question = sent.find(({ type }) => type === "read-index");
  const readId = question?.type === "read-index" ? question.readId : -1;
  const envelope = { from: 1n, to: 2n, term: 1 };
  const snapshot = { index: 9, term: 1, membership };
  driver.step({ ...envelope, type: "install-snapshot", snapshot });
  clock.advance(1);
  expect(installs.length).toBe(1);
  driver.step({ ...envelope, type: "read-index-response", readId, index: 1 });
  clock.advance(1);
  expect(machine.appliedIndex).toBe(1);
  expect(served).toBe(0);
  installs[0]?.();
  clock.advance(10);
  expect(served).toBe(1);
});
