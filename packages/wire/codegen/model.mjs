// Reads the .proto files into a plain model of what to generate: no text is made here, so another
// emitter (of a JSON mapping, say) can start from the same model.
import { join } from "node:path";
import protobuf from "protobufjs";

/** Message types whose already encoded bytes may stand in for them when a message is encoded. */
const ENCODABLE_IN_ADVANCE = new Set([
  ".mvccpb.KeyValue",
  ".mvccpb.Event",
  ".etcdserverpb.ResponseOp",
]);

/**
 * Counts that are only ever compared with counts of ours, all of which are safe integers: one beyond
 * them decodes to the nearest safe integer, with which every comparison comes out the same. Clients
 * do send such values to say "no bound": etcd's Go client compares mod_revision with the largest
 * int64 in a transaction without reads (concurrency/stm.go) and watches from near it (grpcproxy).
 */
const BOUNDS = new Set([
  ".etcdserverpb.RangeRequest.limit",
  ".etcdserverpb.RangeRequest.revision",
  ".etcdserverpb.RangeRequest.min_mod_revision",
  ".etcdserverpb.RangeRequest.max_mod_revision",
  ".etcdserverpb.RangeRequest.min_create_revision",
  ".etcdserverpb.RangeRequest.max_create_revision",
  ".etcdserverpb.Compare.version",
  ".etcdserverpb.Compare.create_revision",
  ".etcdserverpb.Compare.mod_revision",
  ".etcdserverpb.CompactionRequest.revision",
  ".etcdserverpb.HashKVRequest.revision",
  ".etcdserverpb.WatchCreateRequest.start_revision",
  ".etcdserverpb.LeaseGrantRequest.TTL",
]);

const { camelCase } = protobuf.util;

const SCALARS = new Set(["bytes", "string", "bool", "uint32", "int64", "uint64"]);

/**
 * @typedef {{ name: string, protoName: string, number: number, kind: "message" | "enum" | "bytes" |
 *   "string" | "bool" | "uint32" | "int64Number" | "int64Bound" | "uint64Number" | "int64Bigint" |
 *   "uint64Bigint", type: string | null, repeated: boolean, oneof: string | null,
 *   encodable: boolean, comment: string | null }} Field
 *   `type` is the TypeScript name of a message or enum. A oneof has at most one member set.
 * @typedef {{ name: string, fullName: string, comment: string | null, fields: Field[],
 *   oneofs: { name: string, members: string[] }[] }} Message
 * @typedef {{ name: string, fullName: string, comment: string | null, values: [string, number][] }} Enum
 * @typedef {{ name: string, fullName: string, comment: string | null, methods: { name: string,
 *   path: string, request: string, response: string, requestStream: boolean,
 *   responseStream: boolean, comment: string | null }[] }} Service
 * @typedef {{ proto: string, module: string, messages: Message[], enums: Enum[],
 *   services: Service[] }} File
 */

/** The reflection of all protos, with field names as written there. */
export function loadProtos(protoDirectory, protos) {
  const root = new protobuf.Root();
  root.resolvePath = (origin, target) => (origin === "" ? target : join(protoDirectory, target));
  const paths = protos.map((proto) => join(protoDirectory, proto));
  root.loadSync(paths, { alternateCommentMode: true, keepCase: true });
  root.resolveAll();
  return root;
}

/** @returns {File[]} one for each proto, in the order given. */
export function modelOf(root, protoDirectory, protos) {
  return protos.map((proto) => {
    const path = join(protoDirectory, proto);
    const messages = [];
    const enums = [];
    const services = [];
    forEachReflection(root, (object) => {
      if (object.filename !== path) return;
      if (object instanceof protobuf.Type) messages.push(messageOf(object));
      else if (object instanceof protobuf.Enum) enums.push(enumOf(object));
      else if (object instanceof protobuf.Service) services.push(serviceOf(object));
    });
    return { proto, module: moduleOf(proto), messages, enums, services };
  });
}

/** `grpc/health/v1/health.proto` becomes `health`, in a flat directory. */
function moduleOf(proto) {
  return proto.split("/").at(-1).replace(".proto", "");
}

function forEachReflection(object, visit) {
  visit(object);
  for (const nested of object.nestedArray ?? []) forEachReflection(nested, visit);
}

function messageOf(type) {
  if (type.parent instanceof protobuf.Type) {
    throw new Error(`${type.fullName}: nested messages are not supported`);
  }
  return {
    name: type.name,
    fullName: type.fullName.slice(1),
    comment: type.comment,
    fields: type.fieldsArray.map(fieldOf),
    oneofs: type.oneofsArray.map((oneof) => ({
      name: oneof.name,
      members: oneof.fieldsArray.map((field) => camelCase(field.name)),
    })),
  };
}

function fieldOf(field) {
  if (field.map) throw new Error(`${field.fullName}: map fields are not supported`);
  const resolved = field.resolvedType;
  return {
    name: camelCase(field.name),
    protoName: field.name,
    number: field.id,
    kind: kindOf(field),
    type: resolved === null ? null : nameOf(resolved),
    repeated: field.repeated,
    oneof: field.partOf?.name ?? null,
    encodable: resolved !== null && ENCODABLE_IN_ADVANCE.has(resolved.fullName),
    comment: field.comment,
  };
}

function kindOf(field) {
  if (field.resolvedType instanceof protobuf.Type) return "message";
  if (field.resolvedType instanceof protobuf.Enum) return "enum";
  if (!SCALARS.has(field.type)) throw new Error(`${field.fullName}: no support for ${field.type}`);
  if (field.type !== "int64" && field.type !== "uint64") return field.type;
  const isCount = field.options?.jstype === "JS_NUMBER";
  if (!BOUNDS.has(field.fullName)) return `${field.type}${isCount ? "Number" : "Bigint"}`;
  if (!isCount || field.type !== "int64") throw new Error(`${field.fullName} cannot be a bound`);
  return "int64Bound";
}

function enumOf(type) {
  return {
    name: nameOf(type),
    fullName: type.fullName.slice(1),
    comment: type.comment,
    values: Object.entries(type.values),
  };
}

function serviceOf(service) {
  const fullName = service.fullName.slice(1);
  return {
    name: service.name,
    fullName,
    comment: service.comment,
    methods: service.methodsArray.map((method) => ({
      name: method.name,
      path: `/${fullName}/${method.name}`,
      request: nameOf(method.resolvedRequestType),
      response: nameOf(method.resolvedResponseType),
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
      comment: method.comment,
    })),
  };
}

/** A nested enum goes by its own name, but `Type` says nothing without the message around it. */
function nameOf(type) {
  return type.name === "Type" ? `${type.parent.name}Type` : type.name;
}
