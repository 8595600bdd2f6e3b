import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { nextBelow, nextChance, nextUint64, type Prng } from "@conclave/base";
import protobuf, { type Field, type Type } from "protobufjs";

// Random messages for tests, made from the protos alone, so that they know nothing of our codecs.

const { Enum, Type: MessageType, util } = protobuf;

// protobufjs loads `long` by require, which fails under the test runner's "import" condition and
// would quietly leave 64-bit values imprecise.
const requireHere = createRequire(import.meta.url);
const longPath = createRequire(requireHere.resolve("protobufjs")).resolve("long");
const { default: Long }: { default: LongConstructor } = await import(pathToFileURL(longPath).href);
util.Long = Long;
protobuf.configure();

type LongConstructor = typeof util.Long & {
  fromString(text: string, unsigned: boolean): protobuf.Long;
};

/** A message as the tests compare it: 64-bit values as decimal text, bytes as hex, unset as null. */
export interface PlainMessage {
  readonly [field: string]: PlainValue | readonly PlainValue[];
}
type PlainValue = string | number | boolean | null | PlainMessage;

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Where varints get longer, signs flip and halves meet. */
const EDGES = [1n, 127n, 128n, 16_383n, 16_384n, 2n ** 28n, 2n ** 31n - 1n, 2n ** 31n].concat([
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 35n,
  2n ** 42n,
  MAX_SAFE,
  0n,
]);
const TEXTS = [
  "",
  "a",
  "etcd",
  "\0",
  "naïve",
  "クラスタ",
  "😀 pair",
  "x".repeat(130),
  "é".repeat(70),
];
const LENGTHS = [0, 1, 2, 23, 24, 25, 127, 128, 300];

export const isCount = (field: Field): boolean => field.options?.jstype === "JS_NUMBER";
const is64Bit = (field: Field): boolean => field.type === "int64" || field.type === "uint64";
/** The name of a field in our messages. */
export const ourName = (field: Field): string => util.camelCase(field.name);

export function randomMessage(type: Type, prng: Prng, depthLeft: number): PlainMessage {
  const message: Record<string, PlainValue | PlainValue[]> = {};
  const chosen = new Map(
    type.oneofsArray.map((oneof) => [oneof.name, nextBelow(prng, oneof.fieldsArray.length + 1)]),
  );
  for (const field of type.fieldsArray) {
    const nested = field.resolvedType instanceof MessageType;
    if (field.repeated) {
      const count = nested && depthLeft === 0 ? 0 : nextBelow(prng, 4);
      message[field.name] = Array.from({ length: count }, () =>
        randomValue(field, prng, depthLeft),
      );
      continue;
    }
    const member = field.partOf?.fieldsArray.indexOf(field);
    const isUnset = field.partOf ? chosen.get(field.partOf.name) !== member : nextChance(prng, 0.3);
    if (isUnset || (nested && depthLeft === 0)) {
      message[field.name] = field.partOf || nested ? null : plainDefault(field);
    } else {
      message[field.name] = randomValue(field, prng, depthLeft);
    }
  }
  return message;
}

function randomValue(field: Field, prng: Prng, depthLeft: number): PlainValue {
  const resolved = field.resolvedType;
  if (resolved instanceof MessageType) return randomMessage(resolved, prng, depthLeft - 1);
  if (resolved instanceof Enum) return [0, 1, 2, 3, 4, 77, -1][nextBelow(prng, 7)]!;
  switch (field.type) {
    case "bytes":
      return Array.from({ length: LENGTHS[nextBelow(prng, LENGTHS.length)]! }, () =>
        nextBelow(prng, 256).toString(16).padStart(2, "0"),
      ).join("");
    case "string":
      return TEXTS[nextBelow(prng, TEXTS.length)]!;
    case "bool":
      return nextChance(prng, 0.5);
    case "uint32":
      return prng.nextUint32() >>> nextBelow(prng, 32);
    default:
      return String(randomInt64(field, prng));
  }
}

function randomInt64(field: Field, prng: Prng): bigint {
  const isSigned = field.type === "int64";
  const edge = EDGES[nextBelow(prng, EDGES.length)]!;
  if (isCount(field)) return isSigned && nextChance(prng, 0.3) ? -edge : edge;
  const extremes = isSigned ? [MAX_INT64, MIN_INT64, -1n, -edge] : [MAX_UINT64, MAX_INT64 + 1n];
  const any = nextUint64(prng) >> BigInt(nextBelow(prng, 64));
  const choices = [edge, ...extremes, isSigned ? BigInt.asIntN(64, any) : any];
  return choices[nextBelow(prng, choices.length)]!;
}

function plainDefault(field: Field): PlainValue {
  if (is64Bit(field)) return "0";
  if (field.type === "bytes" || field.type === "string") return "";
  return field.type === "bool" ? false : 0;
}

/** Our message from a plain one. */
export function toOurs(type: Type, plain: PlainMessage): object {
  const scalar = (field: Field, value: PlainValue): unknown => {
    if (value === null) return null;
    if (field.resolvedType instanceof MessageType) {
      return toOurs(field.resolvedType, value as PlainMessage);
    }
    if (field.type === "bytes") return new Uint8Array(Buffer.from(value as string, "hex"));
    if (!is64Bit(field)) return value;
    return isCount(field) ? Number(value) : BigInt(value as string);
  };
  return Object.fromEntries(
    type.fieldsArray.map((field) => [ourName(field), mapped(field, plain[field.name], scalar)]),
  );
}

/** A plain message from ours. Fields that our message has and the proto has not stay visible. */
export function fromOurs(type: Type, ours: object): PlainMessage {
  const scalar = (field: Field, value: unknown): PlainValue => {
    if (value === null) return null;
    if (field.resolvedType instanceof MessageType)
      return fromOurs(field.resolvedType, value as object);
    if (field.type === "bytes") return Buffer.from(value as Uint8Array).toString("hex");
    if (!is64Bit(field)) return value as PlainValue;
    if (typeof value !== (isCount(field) ? "number" : "bigint")) {
      throw new TypeError(`${field.fullName} decodes to a ${typeof value}`);
    }
    return String(value);
  };
  const known = new Map(type.fieldsArray.map((field) => [ourName(field), field]));
  return Object.fromEntries(
    Object.entries(ours).map(([name, value]) => {
      const field = known.get(name);
      if (field === undefined) throw new TypeError(`${type.fullName} has no field ${name}`);
      return [field.name, mapped(field, value, scalar)];
    }),
  );
}

/** What protobufjs encodes a plain message to. */
export function encodeByReflection(type: Type, plain: PlainMessage): Uint8Array {
  return type.encode(toReflected(type, plain)).finish();
}

function toReflected(type: Type, plain: PlainMessage): protobuf.Message {
  const scalar = (field: Field, value: PlainValue): unknown => {
    if (field.resolvedType instanceof MessageType) {
      return toReflected(field.resolvedType, value as PlainMessage);
    }
    if (field.type === "bytes") return Buffer.from(value as string, "hex");
    if (!is64Bit(field)) return value;
    return Long.fromString(value as string, field.type === "uint64");
  };
  const set = type.fieldsArray.filter((field) => plain[field.name] !== null);
  // protobufjs writes what is an own property, so defaults are left away to get canonical proto3.
  const present = set.filter(
    (field) => field.partOf !== null || plain[field.name] !== plainDefault(field),
  );
  return type.create(
    Object.fromEntries(
      present.map((field) => [field.name, mapped(field, plain[field.name], scalar)]),
    ),
  );
}

/** What protobufjs makes of some bytes. */
export function decodeByReflection(type: Type, bytes: Uint8Array): PlainMessage {
  return fromReflected(type, type.decode(bytes));
}

function fromReflected(type: Type, message: object): PlainMessage {
  const scalar = (field: Field, value: unknown): PlainValue => {
    if (field.resolvedType instanceof MessageType) {
      return fromReflected(field.resolvedType, value as object);
    }
    if (field.type === "bytes") return Buffer.from(value as Uint8Array).toString("hex");
    return is64Bit(field) ? String(value) : (value as PlainValue);
  };
  const values = message as Record<string, unknown>;
  return Object.fromEntries(
    type.fieldsArray.map((field) => {
      if (Object.hasOwn(values, field.name)) {
        return [field.name, mapped(field, values[field.name], scalar)];
      }
      if (field.repeated) return [field.name, []];
      const isNullable = field.partOf || field.resolvedType instanceof MessageType;
      return [field.name, isNullable ? null : plainDefault(field)];
    }),
  );
}

function mapped<From, To>(
  field: Field,
  value: unknown,
  scalar: (field: Field, value: From) => To,
): To | To[] {
  return field.repeated
    ? (value as From[]).map((each) => scalar(field, each))
    : scalar(field, value as From);
}
