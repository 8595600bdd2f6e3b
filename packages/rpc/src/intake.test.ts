import { expect, test } from "vitest";
import { Flag, FrameType } from "./frame.ts";
import { Intake, type IntakeReader } from "./intake.ts";
import { greetedClient } from "./testing/raw-client.ts";
import { frame, message, requestFields } from "./testing/raw-peer.ts";

class Reader implements IntakeReader {
  readonly name: string;
  readonly #log: string[];
  isHeld = false;

  constructor(name: string, log: string[]) {
    this.name = name;
    this.#log = log;
  }

  read(chunk: Buffer): void {
    this.#log.push(`${this.name}${chunk.length}`);
  }
  pauseReading(): void {
    this.isHeld = true;
  }
  resumeReading(): void {
    this.isHeld = false;
  }
}

function fixture(bytesPerTurn = 5_000) {
  const log: string[] = [];
  const turns: (() => void)[] = [];
  const intake = new Intake(bytesPerTurn, (callback) => turns.push(callback));
  const reader = (name: string) => new Reader(name, log);
  const say = (from: Reader, bytes: number) => intake.admit(from, Buffer.alloc(bytes));
  const endTurn = (): string[] => {
    for (const callback of turns.splice(0)) callback();
    return log.splice(0);
  };
  return { intake, log, reader, say, endTurn, turns };
}

test("what a turn has room for is read at once; the rest in the next turns, in order, its sockets held back", () => {
  const { reader, say, log, endTurn, turns } = fixture();
  const [a, b, c] = ["a", "b", "c"].map(reader) as [Reader, Reader, Reader];
  for (const each of [a, b, c]) say(each, 4_000);
  expect(log.splice(0)).toEqual(["a4000", "b4000"]);
  expect([a.isHeld, b.isHeld, c.isHeld]).toEqual([false, false, true]);
  expect(endTurn()).toEqual(["c4000"]);
  expect(c.isHeld).toBe(false);
  endTurn();
  expect(turns).toHaveLength(0);
});

test("who asks for little never waits for who asks for much", () => {
  const { reader, say, log, endTurn } = fixture();
  const [much, little] = [reader("much"), reader("little")];
  for (let count = 0; count < 3; count++) say(much, 9_000);
  say(little, 100);
  expect(log.splice(0)).toEqual(["much9000", "little100"]);
  expect(endTurn()).toEqual(["much9000"]);
  expect(endTurn()).toEqual(["much9000"]);
});

test("a connection's bytes stay in order, small ones behind large ones", () => {
  const { reader, say, endTurn } = fixture();
  const a = reader("a");
  for (const bytes of [9_000, 8_000, 10]) say(a, bytes);
  expect([endTurn(), endTurn()]).toEqual([["a9000", "a8000"], ["a10"]]);
});

test("what a reader that is gone left behind is dropped", () => {
  const { intake, reader, say, log, endTurn } = fixture();
  const [a, b] = [reader("a"), reader("b")];
  for (const each of [a, b, a]) say(each, 9_000);
  intake.forget(b);
  expect(log.splice(0)).toEqual(["a9000"]);
  expect([...endTurn(), ...endTurn()]).toEqual(["a9000"]);
  expect(intake.waitingCount).toBe(0);
});

test("a server takes in a crowd by turns, and answers all of it", () => {
  const client = greetedClient({ limits: { turnIntakeBytesMax: 2_000 } });
  const calls = Array.from({ length: 40 }, (_, at) => 1 + 2 * at);
  for (const id of calls) {
    const head = client.peer.headers(id, Flag.END_HEADERS, requestFields("/t.S/Echo"));
    const body = message("x".repeat(1_500));
    client.peer.send(head, frame(FrameType.DATA, Flag.END_STREAM, id, body));
  }
  for (let turns = 0; turns < 200; turns++) client.say();
  for (const id of calls) expect(client.peer.body(id)).toHaveLength(1_505);
});
