import { expect, test } from "vitest";
import type { RegisterInput, RegisterOperation } from "../history.ts";
import { checkRegisters } from "./registers.ts";

function operation(input: RegisterInput, output: string, invokedAt: number): RegisterOperation {
  return { key: "r/0", input, output, invokedAt, completedAt: invokedAt + 1 };
}

const write = (value: string, at: number) => operation({ kind: "write", value }, "written", at);
const read = (value: string, at: number) => operation({ kind: "read" }, value, at);
const swap = (expected: string, value: string, output: string, at: number) =>
  operation({ kind: "swap", expected, value }, output, at);

test("registers that are written, swapped and read one by one are linearizable", () => {
  const history = [
    read("", 0),
    swap("", "a", "written", 2),
    write("b", 4),
    swap("a", "c", "refused", 6),
  ];
  expect(() => checkRegisters([...history, read("b", 8)])).not.toThrow();
});

test.each<[why: string, history: RegisterOperation[]]>([
  ["a stale read", [write("a", 0), write("b", 2), read("a", 4)]],
  ["a lost update", [write("a", 0), swap("a", "b", "written", 2), swap("a", "c", "written", 4)]],
  ["a refusal for no reason", [write("a", 0), swap("a", "b", "refused", 2)]],
])("M6 finds %s", (_why, history) => {
  expect(() => checkRegisters(history)).toThrow("M6: r/0 is not linearizable");
});
