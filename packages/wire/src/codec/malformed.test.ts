import { nextBelow, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { reflection } from "../../codegen/generate.mjs";
import { encodeByReflection, randomMessage } from "../../testing/random-message.ts";
import * as wire from "../index.ts";

const { DecodeError, NESTING_DEPTH_MAX, PutRequest, RangeResponse, TxnRequest } = wire;

const SEED = 7_041_776;
const unhex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");

/** A length-delimited field around some bytes. */
function inField(number: number, content: Uint8Array): Uint8Array {
  const prefix: number[] = [(number << 3) | 2];
  let rest = content.length;
  for (; rest > 0x7f; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...prefix, rest]), content]);
}

/** `success: [{ requestTxn: … }]`, so many times. Each level is two messages. */
function nestedTransaction(levels: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0);
  for (let level = 0; level < levels; level += 1) bytes = inField(2, inField(4, bytes));
  return bytes;
}

describe("malformed input is a DecodeError", () => {
  test.each([
    { why: "a tag that does not end", bytes: "80" },
    { why: "a tag of more than 32 bits", bytes: "8080808010" },
    { why: "a varint without a byte", bytes: "20" },
    { why: "a varint that does not end", bytes: "20 ffff" },
    { why: "a varint of eleven bytes", bytes: "20 8080808080808080808000" },
    { why: "a varint of ten bytes that overflows 64 bits", bytes: "20 80808080808080808002" },
    { why: "a length past the end", bytes: "0a 02 61" },
    { why: "a length of 4 GiB", bytes: "0a ffffffff0f 61" },
    { why: "a length of 2^32 + 1", bytes: "0a 8180808010 61" },
    { why: "a length of 2^63", bytes: "0a 80808080808080808001" },
    { why: "field number 0", bytes: "02 00" },
    { why: "bytes where a number belongs", bytes: "1a 01 00" },
    { why: "a number where bytes belong", bytes: "08 01" },
    { why: "8 bytes where a number belongs", bytes: "19 0000000000000000" },
    { why: "a known field as a group", bytes: "0b 0c" },
    { why: "an unknown group that does not end", bytes: "a306 0801" },
    { why: "an unknown group with the end of another", bytes: "a306 ac06" },
    { why: "an end without a group", bytes: "a406" },
    { why: "wire type 6", bytes: "a606 00" },
    { why: "wire type 7", bytes: "a706 00" },
    { why: "an unknown field of 8 bytes cut short", bytes: "a106 00000000000000" },
    { why: "an unknown field of 4 bytes cut short", bytes: "a506 000000" },
    { why: "an unknown field with a length past the end", bytes: "a206 05 00" },
  ])("$why", ({ bytes }) => {
    expect(() => PutRequest.decode(unhex(bytes))).toThrow(DecodeError);
  });

  test("a field that reaches past the message it is in, though not past the input", () => {
    // The pair is 2 bytes long; its key claims 4, which the outer message would still have.
    expect(() => RangeResponse.decode(unhex("12 02 0a 04 20 05 20 05"))).toThrow(DecodeError);
    // A varint of the inner message that goes on in the outer one.
    expect(() => RangeResponse.decode(unhex("12 02 10 80 20 05"))).toThrow(DecodeError);
    // The same for packed numbers.
    expect(() => wire.WatchCreateRequest.decode(unhex("2a 01 80 01 01"))).toThrow(DecodeError);
  });

  test.each(["c0af", "eda080", "ff", "e282", "f8888080 80"])(
    "a string that is not UTF-8: %s",
    (text) => {
      const bytes = inField(6, unhex(text));
      expect(() => wire.WatchResponse.decode(bytes)).toThrow(DecodeError);
    },
  );

  test("the error says what and where", () => {
    expect(() => PutRequest.decode(unhex("0a 01 61 12 09"))).toThrow(
      "a length reaches past the end of the message, at byte 5",
    );
    expect(() => PutRequest.decode(unhex("0d 00000000"))).toThrow("field 1 has wire type 5");
  });
});

describe("nesting", () => {
  const levelsMax = (NESTING_DEPTH_MAX - 2) / 2;

  test("is followed down to the limit, and no further", () => {
    expect(() => TxnRequest.decode(nestedTransaction(levelsMax))).not.toThrow();
    expect(() => TxnRequest.decode(nestedTransaction(levelsMax + 1))).toThrow(/nested too deeply/);
  });

  test("has the limit that the caller sets", () => {
    expect(() => TxnRequest.decode(nestedTransaction(1), 3)).not.toThrow();
    expect(() => TxnRequest.decode(nestedTransaction(1), 2)).toThrow(DecodeError);
    expect(() => TxnRequest.decode(nestedTransaction(100), 201)).not.toThrow();
  });

  test("a bomb of a million levels ends at the limit, not at the end of the stack", () => {
    const groups = Buffer.alloc(1_000_000, unhex("a306"));
    expect(() => TxnRequest.decode(groups)).toThrow(/nested too deeply/);
    expect(() => TxnRequest.decode(nestedTransaction(5_000))).toThrow(/nested too deeply/);
  });

  test("siblings do not add up", () => {
    const wide = Buffer.concat(Array.from({ length: 50 }, () => nestedTransaction(levelsMax)));
    expect(TxnRequest.decode(wide).success.length).toBe(50);
  });
});

describe("whatever the bytes", () => {
  const root = reflection();
  const codecs = Object.values(wire as Record<string, unknown>).filter(
    (value): value is wire.MessageCodec<object> =>
      typeof value === "object" && value !== null && "typeName" in value,
  );
  const deep = codecs.filter((codec) => /Txn|Watch|Range|Member|Status/.test(codec.typeName));

  /** Decodes, and lets nothing pass but a message or a DecodeError. */
  function decodeOrRefuse(codec: wire.MessageCodec<object>, bytes: Uint8Array): boolean {
    try {
      codec.decode(bytes);
      return true;
    } catch (error) {
      if (error instanceof DecodeError) return false;
      throw new Error(Buffer.from(bytes).toString("hex"), { cause: error });
    }
  }

  test.each(deep)("$typeName cut off at any byte is a message or a DecodeError", (codec) => {
    const type = root.lookupType(codec.typeName);
    const prng = seededPrng(testSeed(SEED));
    for (let instance = 0; instance < 8; instance += 1) {
      const bytes = encodeByReflection(type, randomMessage(type, prng, 3));
      for (let length = 0; length < Math.min(bytes.length, 2_000); length += 1) {
        decodeOrRefuse(codec, bytes.subarray(0, length));
      }
    }
  });

  test("a message cut off inside its only field is always refused", () => {
    const bytes = PutRequest.encode({ value: new Uint8Array(300) });
    for (let length = 1; length < bytes.length; length += 1) {
      expect(decodeOrRefuse(PutRequest, bytes.subarray(0, length))).toBe(false);
    }
    expect(decodeOrRefuse(PutRequest, bytes)).toBe(true);
  });

  test("a message with bytes turned at random decodes or is refused", () => {
    const prng = seededPrng(testSeed(SEED));
    let refused = 0;
    for (const codec of deep) {
      const type = root.lookupType(codec.typeName);
      for (let instance = 0; instance < 40; instance += 1) {
        const bytes = Buffer.from(encodeByReflection(type, randomMessage(type, prng, 3)));
        if (bytes.length === 0) continue;
        for (let turn = 0; turn < 4; turn += 1) {
          bytes[nextBelow(prng, bytes.length)] = nextBelow(prng, 256);
        }
        if (!decodeOrRefuse(codec, bytes)) refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(0);
  });

  test("noise decodes or is refused", () => {
    const prng = seededPrng(testSeed(SEED));
    for (let instance = 0; instance < 4_000; instance += 1) {
      const noise = Uint8Array.from({ length: nextBelow(prng, 64) }, () => nextBelow(prng, 256));
      decodeOrRefuse(codecs[instance % codecs.length]!, noise);
    }
  });
});
