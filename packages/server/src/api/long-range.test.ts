import type { UnaryCall } from "@conclave/rpc";
import { KeyValue, RangeRequest, RangeResponse } from "@conclave/wire";
import { expect, test } from "vitest";
import type { Member } from "../node/member.ts";
import { LongRange } from "./long-range.ts";

const VALUE_BYTES = 64 * 1024;
/** Of one step: for so much work 64 KiB are put together. */
const WORK = 64;

/** A range whose pairs were read already. @returns its answer, and the steps that it took */
function answered(pairs: number, valueBytes: number) {
  const value = Buffer.alloc(valueBytes, "v");
  const kvs = Array.from({ length: pairs }, (_, at) =>
    KeyValue.encode({ key: Buffer.from(`k${at}`), value, modRevision: at + 2 }),
  );
  const replies: Uint8Array[] = [];
  const header = { clusterId: 1n, memberId: 2n, revision: pairs + 1, raftTerm: 3 };
  const range = new LongRange({
    call: {
      cancelled: false,
      reply: (bytes: Uint8Array) => replies.push(bytes),
    } as unknown as UnaryCall,
    request: RangeRequest.create({ key: Buffer.from("k") }),
    member: { header: () => header } as unknown as Member,
    reading: {
      revision: pairs + 1,
      storeRevision: pairs + 1,
      pairBytes: pairs * valueBytes,
      isVoid: false,
      step: () => true,
      answer: () => ({ kind: "range", kvs, more: false, count: pairs, revision: pairs + 1 }),
    },
    answer: () => expect.fail("nothing took the state's place"),
  });
  let steps = 1;
  while (!range.step(WORK)) steps += 1;
  expect(replies).toHaveLength(1);
  return { response: RangeResponse.decode(replies[0]!), steps };
}

test("a few large values are put together a little in each step, so that nobody else waits for all of them", () => {
  const { response, steps } = answered(40, VALUE_BYTES);
  // Encoded, and then joined: 64 KiB in a step.
  expect(steps).toBeGreaterThan(2 * 40);
  expect(response.count).toBe(40);
  expect(response.kvs.map(({ key }) => Buffer.from(key).toString())).toEqual(
    Array.from({ length: 40 }, (_, at) => `k${at}`),
  );
  for (const { value } of response.kvs) expect(value).toHaveLength(VALUE_BYTES);
});

test("many small values take a step for every few of them", () => {
  const { response, steps } = answered(1_000, 10);
  expect(steps).toBeGreaterThan(1_000 / (WORK / 4));
  expect(steps).toBeLessThan(1_000 / (WORK / 4) + 10);
  expect(response.kvs).toHaveLength(1_000);
});
