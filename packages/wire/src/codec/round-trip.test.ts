import { seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import type { Type } from "protobufjs";
import { describe, expect, test } from "vitest";
import { reflection } from "../../codegen/generate.mjs";
import {
  decodeByReflection,
  encodeByReflection,
  fromOurs,
  randomMessage,
  toOurs,
} from "../../testing/random-message.ts";
import * as wire from "../index.ts";

const SEED = 20_261_121;
const INSTANCES = 60;
const DEPTH = 5;

const root = reflection();
const codecs = Object.values(wire as Record<string, unknown>).filter(
  (value): value is wire.MessageCodec<object> =>
    typeof value === "object" && value !== null && "typeName" in value,
);

/** Calls `check` with random messages of the type. */
function forRandomMessages(type: Type, check: (plain: ReturnType<typeof randomMessage>) => void) {
  const prng = seededPrng(testSeed(SEED));
  for (let instance = 0; instance < INSTANCES; instance += 1) {
    const plain = randomMessage(type, prng, DEPTH);
    try {
      check(plain);
    } catch (cause) {
      throw new Error(`instance ${instance}: ${JSON.stringify(plain)}`, { cause });
    }
  }
}

// protobufjs, reading the same protos by reflection, is the second opinion.
describe.each(codecs)("$typeName", (codec) => {
  const type = root.lookupType(codec.typeName);

  test("what we encode, protobufjs decodes to the same", () => {
    forRandomMessages(type, (plain) => {
      const bytes = codec.encode(toOurs(type, plain));
      expect(decodeByReflection(type, bytes)).toEqual(plain);
    });
  });

  test("what protobufjs encodes, we decode to the same", () => {
    forRandomMessages(type, (plain) => {
      const bytes = encodeByReflection(type, plain);
      expect(fromOurs(type, codec.decode(bytes))).toEqual(plain);
    });
  });

  test("fields are written in the order of the proto, defaults left out, like protobufjs does", () => {
    forRandomMessages(type, (plain) => {
      const ours = Buffer.from(codec.encode(toOurs(type, plain)));
      expect(ours.toString("hex")).toBe(
        Buffer.from(encodeByReflection(type, plain)).toString("hex"),
      );
    });
  });

  test("the empty message is no bytes, and no bytes are the message of defaults", () => {
    expect(codec.encode({}).length).toBe(0);
    expect(codec.decode(new Uint8Array(0))).toEqual(codec.create());
    expect(codec.encode(codec.create()).length).toBe(0);
  });
});

test("a writer takes many messages one after another and grows as they need", () => {
  const type = root.lookupType("etcdserverpb.TxnResponse");
  const writer = new wire.Writer();
  const parts: Uint8Array[] = [];
  forRandomMessages(type, (plain) => {
    const message = toOurs(type, plain);
    const alone = wire.TxnResponse.encode(message);
    expect(wire.TxnResponse.encodeTo(writer, message)).toBe(alone.length);
    parts.push(alone);
  });
  expect(Buffer.compare(writer.written(), Buffer.concat(parts))).toBe(0);
  writer.reset();
  expect(writer.written().length).toBe(0);
});
