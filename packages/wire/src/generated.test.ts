import { readdirSync, readFileSync } from "node:fs";
import { type Root, Service, Type } from "protobufjs";
import { describe, expect, test } from "vitest";
import { generatedFiles, reflection } from "../codegen/generate.mjs";
import * as wire from "./index.ts";

const directory = new URL("./generated/", import.meta.url);

describe("generated code", () => {
  test("what is checked in is what the generator makes of the protos now", () => {
    const checkedIn = new Map(
      readdirSync(directory).map((name) => [name, readFileSync(new URL(name, directory), "utf8")]),
    );
    const generated = generatedFiles();
    expect([...checkedIn.keys()].sort()).toEqual([...generated.keys()].sort());
    for (const [name, text] of generated) {
      expect(checkedIn.get(name) === text, `${name} is stale: run pnpm generate`).toBe(true);
    }
  });

  test("every message of the protos has a codec, named as in the protos", () => {
    const inProtos = all(reflection(), Type).map((type) => type.fullName.slice(1));
    const codecs = Object.values(wire as Record<string, unknown>).filter(
      (value): value is wire.MessageCodec<unknown> =>
        typeof value === "object" && value !== null && "typeName" in value,
    );
    expect(codecs.map((codec) => codec.typeName).sort()).toEqual(inProtos.sort());
    expect(inProtos.length).toBe(118);
  });
});

describe("method tables", () => {
  const tables: Record<string, wire.ServiceDescriptor> = {
    "etcdserverpb.KV": wire.KV,
    "etcdserverpb.Watch": wire.Watch,
    "etcdserverpb.Lease": wire.Lease,
    "etcdserverpb.Cluster": wire.Cluster,
    "etcdserverpb.Maintenance": wire.Maintenance,
    "etcdserverpb.Auth": wire.Auth,
    "v3lockpb.Lock": wire.Lock,
    "v3electionpb.Election": wire.Election,
    "grpc.health.v1.Health": wire.Health,
  };

  test("there is a table for every service", () => {
    const services = all(reflection(), Service).map((service) => service.fullName.slice(1));
    expect(Object.keys(tables).sort()).toEqual(services.sort());
  });

  test.each(Object.keys(tables))("%s has the methods of its proto, on gRPC's paths", (name) => {
    const service = reflection().lookupService(name);
    const expected = service.methodsArray.map((method) => ({
      name: method.name,
      path: `/${name}/${method.name}`,
      request: method.resolvedRequestType?.fullName.slice(1),
      response: method.resolvedResponseType?.fullName.slice(1),
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
    }));
    const actual = Object.entries(tables[name] ?? {}).map(([method, descriptor]) => ({
      ...descriptor,
      name: method,
      request: descriptor.request.typeName,
      response: descriptor.response.typeName,
    }));
    expect(actual).toEqual(expected);
  });

  // The five that stream; etcd's API 3.6 has no other.
  test("only watch, keep-alive, snapshot, observe and health watch stream", () => {
    const streaming = Object.values(tables)
      .flatMap((table) => Object.values(table))
      .filter((method) => method.requestStream || method.responseStream)
      .map(({ path, requestStream, responseStream }) => ({ path, requestStream, responseStream }));
    expect(streaming).toEqual([
      { path: "/etcdserverpb.Watch/Watch", requestStream: true, responseStream: true },
      { path: "/etcdserverpb.Lease/LeaseKeepAlive", requestStream: true, responseStream: true },
      { path: "/etcdserverpb.Maintenance/Snapshot", requestStream: false, responseStream: true },
      { path: "/v3electionpb.Election/Observe", requestStream: false, responseStream: true },
      { path: "/grpc.health.v1.Health/Watch", requestStream: false, responseStream: true },
    ]);
  });
});

function all<T>(root: Root, kind: new (...parameters: never[]) => T): T[] {
  const found: T[] = [];
  const visit = (object: unknown): void => {
    if (object instanceof kind) found.push(object);
    const nested = (object as { nestedArray?: unknown[] }).nestedArray ?? [];
    for (const each of nested) visit(each);
  };
  visit(root);
  return found;
}
