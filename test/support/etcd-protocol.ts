import "./exact-integers.ts";

import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

/**
 * Reads and writes etcd's messages by reflection over the .proto files, apart from the codecs that
 * the product uses: a mistake in those must not cancel out here.
 */
const protoDirectory = fileURLToPath(new URL("../../proto/", import.meta.url));

const packageOf: Record<string, string> = { Lock: "v3lockpb", Election: "v3electionpb" };

function loadProtocol(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => protoDirectory + target;
  root.loadSync(
    [
      "etcdserverpb/rpc.proto",
      "v3lockpb/lock.proto",
      "v3electionpb/election.proto",
      "grpc/health/v1/health.proto",
    ],
    { keepCase: true },
  );
  root.resolveAll();
  return root;
}

if (!protobuf.util.Long) throw new Error("protobufjs would round 64-bit integers");
const root = loadProtocol();

/** One method: where it is called, and its codecs. */
export interface Method {
  readonly path: string;
  encode(request: object): Buffer;
  decode(bytes: Buffer): unknown;
}

/** @param name `Service.Method`, the package being known from the service. */
export function methodOf(name: string): Method {
  const [service = "", method = ""] = name.split(".");
  const packageName =
    packageOf[service] ?? (service === "Health" ? "grpc.health.v1" : "etcdserverpb");
  const found = root.lookupService(`${packageName}.${service}`).methods[method];
  const { resolvedRequestType, resolvedResponseType } = found ?? {};
  if (!resolvedRequestType || !resolvedResponseType) throw new Error(`no method ${name}`);
  return {
    path: `/${packageName}.${service}/${method}`,
    encode: (request) => encodeMessage(resolvedRequestType, request),
    decode: (bytes) => decodeMessage(resolvedResponseType, bytes),
  };
}

function encodeMessage(type: protobuf.Type, message: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(toProtobuf(type, message))).finish());
}

function decodeMessage(type: protobuf.Type, bytes: Buffer): unknown {
  const object = type.toObject(type.decode(bytes), {
    longs: BigInt,
    enums: String,
    bytes: Buffer,
    defaults: true,
  });
  return fromProtobuf(type, object);
}

/** The plain form that protobufjs takes: byte strings become buffers, bigints decimal strings. */
function toProtobuf(type: protobuf.Type, message: object): Record<string, unknown> {
  return mapFields(type, message, (field, value) => {
    if (field.type === "bytes") return Buffer.from(String(value), "latin1");
    if (typeof value === "bigint") return value.toString();
    if (field.resolvedType instanceof protobuf.Type) {
      return toProtobuf(field.resolvedType, value as object);
    }
    return value;
  });
}

function fromProtobuf(type: protobuf.Type, message: object): Record<string, unknown> {
  return mapFields(type, message, (field, value) => {
    if (value === null) return null;
    if (field.type === "bytes") return (value as Buffer).toString("latin1");
    if (typeof value === "bigint") return isCount(field) ? exactNumber(value) : value;
    if (field.resolvedType instanceof protobuf.Type) {
      return fromProtobuf(field.resolvedType, value as object);
    }
    return value;
  });
}

function mapFields(
  type: protobuf.Type,
  message: object,
  map: (field: protobuf.Field, value: unknown) => unknown,
): Record<string, unknown> {
  const mapped: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    const field = type.fields[name];
    if (field === undefined) throw new Error(`${type.fullName} has no field ${name}`);
    mapped[name] = Array.isArray(value)
      ? value.map((element) => map(field, element))
      : map(field, value);
  }
  return mapped;
}

/** The .proto files mark the 64-bit fields that count something; the others are identifiers. */
function isCount(field: protobuf.Field): boolean {
  const options: Record<string, unknown> = field.options ?? {};
  return options.jstype === "JS_NUMBER";
}

function exactNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Error(`not a safe integer: ${value}`);
  return number;
}
