import { type ByteString, byteStringOf, nextBelow, nextUint64, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { KeyValue, PutRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { encodeKeyValue, encodeTombstone, KeyValueView } from "./key-value.ts";
import { PlainPutReader } from "./plain-put.ts";

const COUNTS = [1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 35 + 7, Number.MAX_SAFE_INTEGER];

test("pairs are encoded by hand as wire's codec does, and read back", () => {
  const prng = seededPrng(testSeed(11));
  const count = () => COUNTS[nextBelow(prng, COUNTS.length)]!;
  for (let i = 0; i < 2_000; i += 1) {
    const key = Uint8Array.from({ length: 1 + nextBelow(prng, 200) }, () => nextBelow(prng, 256));
    const value = Uint8Array.from({ length: nextBelow(prng, 200) }, () => nextBelow(prng, 256));
    const lease = nextBelow(prng, 3) === 0 ? 0n : BigInt.asIntN(64, nextUint64(prng));
    const [createRevision, modRevision, version] = [count(), count(), count()];
    const source = Buffer.concat([Buffer.from("before"), value, Buffer.from("after")]);
    const end = 6 + value.length;
    const text = byteStringOf(key);
    const pair = encodeKeyValue(text, createRevision, modRevision, version, source, 6, end, lease);
    const want = { key, createRevision, modRevision, version, value, lease };
    expect(Buffer.from(KeyValue.encode(want)).equals(pair)).toBe(true);
    const view = new KeyValueView().read(pair);
    expect(view).toMatchObject({ createRevision, modRevision, version, lease, isTombstone: false });
    expect([view.key(), Buffer.compare(view.value(), value)]).toEqual([text, 0]);
    const tombstone = encodeTombstone(text, modRevision);
    expect(Buffer.from(KeyValue.encode({ key, modRevision })).equals(tombstone)).toBe(true);
    expect(new KeyValueView().read(tombstone).isTombstone).toBe(true);
  }
});

test("a put is read in place if it asks for a key, a value and a lease alone", () => {
  const reader = new PlainPutReader();
  const read = (init: Parameters<typeof PutRequest.encode>[0]) => {
    const body = PutRequest.encode(init);
    const data = Buffer.concat([Buffer.from("head"), body, Buffer.from("tail")]);
    return { isPlain: reader.read(data, 4, 4 + body.length), data };
  };
  const { isPlain, data } = read({ key: Buffer.from("k"), value: Buffer.from("v1"), lease: -7n });
  expect([isPlain, reader.key, reader.lease]).toEqual([true, "k" as ByteString, -7n]);
  expect(data.subarray(reader.valueStart, reader.valueEnd).toString()).toBe("v1");
  expect(read({ key: Buffer.from("k"), prevKv: true }).isPlain).toBe(false);
  expect(read({ key: Buffer.from("k"), ignoreLease: true }).isPlain).toBe(false);
});
