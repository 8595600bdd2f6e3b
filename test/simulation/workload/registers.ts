import { byteStringOf, nextChance } from "@conclave/base";
import { CompareResult, CompareTarget, KV, RangeResponse, TxnResponse } from "@conclave/wire";
import type { Operation, RegisterInput } from "../history.ts";
import { bytesOfText, type WorkClient } from "./client.ts";
import { runOperation } from "./key-value.ts";

const REGISTERS = 3;
/** Seldom, so that a search through all orders stays small. Milliseconds. */
const THINK_MS_MAX = 400;

/** Writes, reads and swaps single keys by value: histories that show no revision, for the second checker. */
export async function workOnRegisters(client: WorkClient): Promise<void> {
  let seen = "";
  while (!client.isStopping) {
    await client.think(THINK_MS_MAX);
    const key = `r/${client.below(REGISTERS)}`;
    const input = drawInput(client, seen);
    const { invokedMs, completedMs, answer, isRefused } = await operate(client, key, input);
    if (isRefused) continue;
    const output = answer === null ? undefined : outputOf(input, answer);
    const completedAt = output === undefined ? Number.POSITIVE_INFINITY : completedMs;
    client.history.registers.push({ key, input, output, invokedAt: invokedMs, completedAt });
    if (output !== undefined && input.kind === "read") seen = output;
  }
}

function drawInput(client: WorkClient, seen: string): RegisterInput {
  if (nextChance(client.prng, 0.5)) return { kind: "read" };
  const value = client.drawUnique();
  return nextChance(client.prng, 0.5)
    ? { kind: "write", value }
    : { kind: "swap", expected: seen, value };
}

function operate(client: WorkClient, key: string, input: RegisterInput): Promise<Operation> {
  const at = bytesOfText(key);
  if (input.kind === "read") {
    return runOperation(client, "range", KV.Range.request.encode({ key: at }), {});
  }
  const put = { key: at, value: bytesOfText(input.value) };
  if (input.kind === "write") {
    return runOperation(client, "put", KV.Put.request.encode(put), { isUnique: true });
  }
  // What does not exist has no value to compare.
  const isAbsent = input.expected === "";
  const compare = isAbsent
    ? { target: CompareTarget.VERSION, version: 0 }
    : { target: CompareTarget.VALUE, value: bytesOfText(input.expected) };
  const body = KV.Txn.request.encode({
    compare: [{ key: at, result: CompareResult.EQUAL, ...compare }],
    success: [{ requestPut: put }],
  });
  return runOperation(client, "txn", body, { isUnique: true });
}

/** The value read, or whether it was written. */
function outputOf(input: RegisterInput, answer: Uint8Array): string {
  if (input.kind === "write") return "written";
  if (input.kind === "swap") return TxnResponse.decode(answer).succeeded ? "written" : "refused";
  const [kv] = RangeResponse.decode(answer).kvs;
  return kv === undefined ? "" : byteStringOf(kv.value);
}
