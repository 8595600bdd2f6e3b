import { InvariantViolation } from "@conclave/base";
import { PutRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import {
  CommandBatch,
  CommandKind,
  CommandReader,
  decodeLeaseExpire,
  encodeLeaseExpire,
} from "./command.ts";
import { bytes, Member, text } from "./testing.ts";

function read(data: Uint8Array) {
  const reader = new CommandReader();
  reader.reset(data);
  const commands = [];
  while (reader.next()) {
    const { kind, origin, sequence } = reader;
    commands.push({ kind, origin, sequence, body: text(reader.body()) });
  }
  return commands;
}

test("a batch gives back its commands in order, with the largest ids there are", () => {
  const batch = new CommandBatch(1_000, 64);
  batch.append(CommandKind.PUT, 0xffffffff, Number.MAX_SAFE_INTEGER, bytes("one"));
  batch.append(CommandKind.TXN, 0, 0, bytes(""));
  expect(read(batch.take())).toEqual([
    { kind: 1, origin: 0xffffffff, sequence: Number.MAX_SAFE_INTEGER, body: "one" },
    { kind: 3, origin: 0, sequence: 0, body: "" },
  ]);
  expect(batch.count).toBe(0);
  expect(batch.take()).toHaveLength(0);
});

test("what was taken is never written again, across slabs", () => {
  const batch = new CommandBatch(1_000, 100);
  const taken: Uint8Array[] = [];
  for (let i = 0; i < 50; i += 1) {
    batch.append(CommandKind.PUT, 1, i, bytes(`${i}`.repeat(1 + (i % 30))));
    if (i % 3 === 2) taken.push(batch.take());
  }
  taken.push(batch.take());
  const commands = taken.flatMap(read);
  expect(commands.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  for (const { sequence, body } of commands) {
    expect(body).toBe(`${sequence}`.repeat(1 + (sequence % 30)));
  }
});

test("a full batch refuses a command and stays as it is; a command too long for any batch goes alone", () => {
  const batch = new CommandBatch(50, 64);
  expect(batch.append(CommandKind.PUT, 1, 1, bytes("x".repeat(20)))).toBe(true);
  expect(batch.append(CommandKind.PUT, 1, 2, bytes("y".repeat(20)))).toBe(false);
  expect(read(batch.take())).toHaveLength(1);
  expect(batch.append(CommandKind.PUT, 1, 2, bytes("y".repeat(500)))).toBe(true);
  expect(read(batch.take())[0]!.body).toHaveLength(500);
});

test("a lease expiry keeps its term and its leases, negative ones too", () => {
  const expire = { term: 2 ** 40, leases: [1n, -1n, 2n ** 63n - 1n, -(2n ** 63n)] };
  expect(decodeLeaseExpire(encodeLeaseExpire(expire))).toEqual(expire);
});

test("an entry of another version stops the member: it would diverge", () => {
  expect(() => read(Uint8Array.of(9, 0))).toThrow(InvariantViolation);
  expect(() => read(Uint8Array.of(1, 1, 0, 0))).toThrow("cut short");
});

test("an empty entry moves the applied index and nothing else", () => {
  const member = new Member();
  member.applyData(new Uint8Array(0));
  expect(member.machine.appliedIndex).toBe(1);
  expect(member.machine.revision).toBe(1);
});

test("entries are applied without gap, each once", () => {
  const { machine } = new Member();
  const apply = (index: number) =>
    machine.apply({ index, term: 1, data: new Uint8Array(0) }, { onResult() {} });
  expect(() => apply(2)).toThrow(InvariantViolation);
  apply(1);
  expect(() => apply(1)).toThrow(InvariantViolation);
});

test("bytes that are no request are refused alike by every member, and do not stop it", () => {
  const member = new Member();
  const garbage = Uint8Array.of(0x0a, 0xff);
  for (const kind of [CommandKind.PUT, CommandKind.TXN, CommandKind.COMPACT, 200 as CommandKind]) {
    expect(member.execute(kind, garbage)).toMatchObject({ kind: "refused" });
  }
  expect(member.put("a", "1")).toMatchObject({ kind: "put", revision: 2 });
});

test("results come for each command in order, and only for origins that somebody waits for", () => {
  const member = new Member();
  const batch = new CommandBatch(1_000);
  for (const [origin, sequence] of [
    [7, 1],
    [8, 1],
    [7, 2],
  ] as const) {
    const body = PutRequest.encode({ key: bytes(`${origin}${sequence}`) });
    batch.append(CommandKind.PUT, origin, sequence, body);
  }
  const seen: string[] = [];
  member.machine.apply(
    { index: 1, term: 1, data: batch.take() },
    {
      wantsResults: (origin) => origin === 7,
      onResult: (origin, sequence, result) => seen.push(`${origin}.${sequence}@${result.revision}`),
    },
  );
  expect(seen).toEqual(["7.1@2", "7.2@4"]);
  expect(member.machine.revision).toBe(4);
});

// E1 #13766: the applied index and the entry's effects are one atomic unit.
test("what a crash leaves is the state at an entry's end, with that entry's index", () => {
  const member = new Member();
  member.put("a", "1");
  member.machine.apply(
    {
      index: 2,
      term: 3,
      data: (() => {
        const batch = new CommandBatch(1_000);
        batch.append(CommandKind.PUT, 1, 1, PutRequest.encode({ key: bytes("a") }));
        return batch.take();
      })(),
    },
    { onResult() {} },
  );
  member.restart();
  expect(member.machine.appliedIndex).toBe(1);
  expect(member.machine.appliedTerm).toBe(1);
  expect(member.pairs("a")).toEqual(["a=1"]);
});
