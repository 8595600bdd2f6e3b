import { describe, expect, test } from "vitest";
import { ConfigError } from "./config-error.ts";
import { parseGoDuration } from "./duration.ts";
import { editDistance, nearestOf } from "./nearest.ts";
import type { ServerOptions } from "./options.ts";
import { resolveServerConfig } from "./resolve.ts";

function refusalOf(options: ServerOptions): string {
  try {
    resolveServerConfig(options);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

test("without options a member runs alone on loopback, with etcd's defaults", () => {
  const config = resolveServerConfig();
  expect(config).toMatchObject({
    name: "default",
    storage: { kind: "directory", path: "conclave.data" },
    initialClusterState: "new",
    initialClusterToken: "etcd-cluster",
    heartbeatIntervalMs: 100,
    electionTimeoutMs: 1000,
    preVote: true,
    strictReconfigCheck: true,
    snapshotCount: 10_000,
    quotaBackendBytes: 2_147_483_648,
    maxTxnOps: 128,
    maxRequestBytes: 1_572_864,
    grpcKeepaliveMinTimeMs: 5_000,
    grpcKeepaliveIntervalMs: 7_200_000,
    grpcKeepaliveTimeoutMs: 20_000,
    emulatedVersion: { text: "3.6.14", major: 3, minor: 6, patch: 14 },
    logLevel: "info",
    logFormat: null,
  });
  const texts = (urls: readonly { readonly text: string }[]) => urls.map(({ text }) => text);
  expect(texts(config.listenClientUrls)).toEqual(["http://127.0.0.1:2379"]);
  expect(texts(config.advertiseClientUrls)).toEqual(["http://127.0.0.1:2379"]);
  expect(texts(config.listenPeerUrls)).toEqual(["http://127.0.0.1:2380"]);
  expect(config.initialMembers).toEqual([
    {
      name: "default",
      peerUrls: [{ scheme: "http", host: "127.0.0.1", port: 2380, text: "http://127.0.0.1:2380" }],
    },
  ]);
});

test("an explicit undefined counts as left out", () => {
  expect(resolveServerConfig({ name: undefined, maxTxnOps: undefined })).toEqual(
    resolveServerConfig(),
  );
});

test("members with names of their own do not share a default directory", () => {
  const { storage } = resolveServerConfig({ name: "m1" });
  expect(storage).toEqual({ kind: "directory", path: "m1.conclave.data" });
});

test("a member can live in memory", () => {
  const { storage } = resolveServerConfig({ dataDirectory: { inMemory: true } });
  expect(storage).toEqual({ kind: "memory" });
});

test("an address that means every interface is not advertised by default", () => {
  const config = resolveServerConfig({
    listenClientUrls: ["http://0.0.0.0:2379"],
    listenPeerUrls: ["http://[::]:2380"],
  });
  expect(config.advertiseClientUrls[0]?.text).toBe("http://127.0.0.1:2379");
  expect(config.initialAdvertisePeerUrls[0]?.text).toBe("http://[::1]:2380");
});

test("a name advertised by default leads the default cluster", () => {
  const config = resolveServerConfig({
    name: "m1",
    initialAdvertisePeerUrls: ["http://etcd-1.example:2380"],
  });
  expect(config.initialMembers.map(({ name }) => name)).toEqual(["m1"]);
  expect(config.initialMembers[0]?.peerUrls[0]?.host).toBe("etcd-1.example");
});

test("the members of an initial cluster are sorted, each with all its URLs", () => {
  const config = resolveServerConfig({
    name: "a",
    initialAdvertisePeerUrls: ["http://h:2", "http://h:1"],
    initialCluster: "b=http://h:3, a=http://h:1,a=http://h:2",
  });
  const members = config.initialMembers.map(({ name, peerUrls }) => [
    name,
    peerUrls.map(({ port }) => port),
  ]);
  expect(members).toEqual([
    ["a", [1, 2]],
    ["b", [3]],
  ]);
});

test("the quota: 0 is the default, below 0 there is none", () => {
  expect(resolveServerConfig({ quotaBackendBytes: 0 }).quotaBackendBytes).toBe(2 * 1024 ** 3);
  expect(resolveServerConfig({ quotaBackendBytes: -1 }).quotaBackendBytes).toBe(Infinity);
  expect(resolveServerConfig({ quotaBackendBytes: 5 }).quotaBackendBytes).toBe(5);
});

test("a keep-alive of 0 is switched off", () => {
  const config = resolveServerConfig({ grpcKeepaliveIntervalMs: 0, grpcKeepaliveTimeoutMs: 0 });
  expect(config.grpcKeepaliveIntervalMs).toBe(Infinity);
  expect(config.grpcKeepaliveTimeoutMs).toBe(Infinity);
});

describe("refused:", () => {
  const cases: readonly { options: ServerOptions; message: string }[] = [
    { options: { name: "" }, message: "name must not be empty or contain spaces, commas or =" },
    { options: { name: "a,b" }, message: "name must not be empty or contain spaces, commas or =" },
    { options: { name: "../x" }, message: "dataDirectory is needed if the name contains a slash" },
    { options: { dataDirectory: "" }, message: "dataDirectory must not be empty" },
    { options: { listenClientUrls: [] }, message: "listenClientUrls must name at least one URL" },
    {
      options: { listenClientUrls: ["127.0.0.1:2379"] },
      message: 'listenClientUrls must be URLs with scheme http or https: "127.0.0.1:2379"',
    },
    {
      options: { listenClientUrls: ["ftp://127.0.0.1:2379"] },
      message: 'listenClientUrls must be URLs with scheme http or https: "ftp://127.0.0.1:2379"',
    },
    {
      options: { listenClientUrls: ["http://127.0.0.1"] },
      message: 'listenClientUrls must have the form http://host:port: "http://127.0.0.1"',
    },
    {
      options: { listenClientUrls: ["http://127.0.0.1:65536"] },
      message: 'listenClientUrls must have the form http://host:port: "http://127.0.0.1:65536"',
    },
    {
      options: { listenClientUrls: ["http://:2379"] },
      message: 'listenClientUrls must have the form http://host:port: "http://:2379"',
    },
    {
      options: { listenClientUrls: ["http://[::1:2379"] },
      message: 'listenClientUrls must have the form http://host:port: "http://[::1:2379"',
    },
    {
      options: { listenClientUrls: ["http://user@127.0.0.1:2379"] },
      message: 'listenClientUrls must have the form http://host:port: "http://user@127.0.0.1:2379"',
    },
    {
      options: { listenClientUrls: ["http://127.0.0.1:2379/"] },
      message: 'listenClientUrls must not contain a path: "http://127.0.0.1:2379/"',
    },
    // etcd: "expected IP in URL for binding".
    {
      options: { listenClientUrls: ["http://example.com:2379"] },
      message:
        "listenClientUrls must listen on an IP address or localhost: http://example.com:2379",
    },
    {
      options: { listenPeerUrls: ["https://127.0.0.1:2380"] },
      message: "listenPeerUrls cannot serve TLS yet: https://127.0.0.1:2380",
    },
    {
      options: { certFile: "a.crt", keyFile: "a.key" },
      message: "listenClientUrls must be https to serve TLS",
    },
    {
      options: { listenClientUrls: ["https://127.0.0.1:2379"], certFile: "a.crt" },
      message: "keyFile is needed for https://127.0.0.1:2379",
    },
    {
      options: { clientCertAuth: true },
      message: "clientCertAuth needs the authorities to trust",
    },
    {
      options: { listenClientUrls: ["https://127.0.0.1:2379"] },
      message: "certFile is needed for https://127.0.0.1:2379",
    },
    {
      options: { listenClientUrls: ["http://127.0.0.1:1", "http://127.0.0.1:1"] },
      message: "listenClientUrls names http://127.0.0.1:1 twice",
    },
    {
      options: { listenPeerUrls: ["http://127.0.0.1:2379"] },
      message: "listenPeerUrls is also a client URL: http://127.0.0.1:2379",
    },
    {
      options: { initialCluster: "other=http://127.0.0.1:2380" },
      message: 'initialCluster does not contain this member\'s name "default"',
    },
    {
      options: { initialCluster: "default=http://127.0.0.1:9" },
      message:
        "initialCluster has default at http://127.0.0.1:9, but this member advertises http://127.0.0.1:2380",
    },
    {
      options: { initialCluster: "default=http://127.0.0.1:2380,b=http://127.0.0.1:2380" },
      message: "initialCluster names http://127.0.0.1:2380 twice",
    },
    {
      options: { initialCluster: "http://127.0.0.1:2380" },
      message: 'initialCluster must have the form name=url,…: "http://127.0.0.1:2380"',
    },
    { options: { initialCluster: " , " }, message: "initialCluster must name at least one member" },
    {
      options: { electionTimeoutMs: 499 },
      message:
        "electionTimeoutMs must be at least 5 times the heartbeat interval: 499 ms against 100 ms",
    },
    {
      options: { electionTimeoutMs: 50_001 },
      message: "electionTimeoutMs must be at most 50000 ms: 50001",
    },
    {
      options: { heartbeatIntervalMs: 0 },
      message: "heartbeatIntervalMs must be at least 1: 0",
    },
    {
      options: { heartbeatIntervalMs: 0.5 },
      message: "heartbeatIntervalMs must be a whole number: 0.5",
    },
    { options: { maxTxnOps: 0 }, message: "maxTxnOps must be at least 1: 0" },
    {
      options: { maxRequestBytes: Number.NaN },
      message: "maxRequestBytes must be a whole number: NaN",
    },
    {
      options: { maxConcurrentStreams: 2 ** 32 },
      message: "maxConcurrentStreams must be at most 4294967295: 4294967296",
    },
    {
      options: { watchProgressNotifyIntervalMs: 99 },
      message: "watchProgressNotifyIntervalMs must be at least 100: 99",
    },
    {
      options: { emulateVersion: "3.6" },
      message: 'emulateVersion must have the form major.minor.patch: "3.6"',
    },
    {
      options: { emulateVersion: "3.6.0-rc.1" },
      message: 'emulateVersion must have the form major.minor.patch: "3.6.0-rc.1"',
    },
    {
      options: { emulateVersion: "2.3.8" },
      message: 'emulateVersion must be 3.4.0 or a later version 3: "2.3.8"',
    },
  ];
  test.each(cases)("$message", ({ options, message }) => {
    expect(refusalOf(options)).toBe(message);
  });

  test("an election timeout of exactly five heartbeats and of exactly 50 s is allowed", () => {
    expect(refusalOf({ electionTimeoutMs: 500 })).toBe("accepted");
    expect(refusalOf({ electionTimeoutMs: 50_000 })).toBe("accepted");
  });

  test("port 0 may be asked for several times: each time it is another port", () => {
    const anyPort = "http://127.0.0.1:0";
    expect(refusalOf({ listenClientUrls: [anyPort, anyPort], listenPeerUrls: [anyPort] })).toBe(
      "accepted",
    );
  });
});

test.each([
  ["0", 0],
  ["5s", 5_000],
  ["100ms", 100],
  ["1h30m", 5_400_000],
  ["1.5s", 1_500],
  ["1us", 1],
  ["5", undefined],
  ["s", undefined],
  ["-5s", undefined],
  ["5 s", undefined],
  ["", undefined],
])("the duration %j is %j ms, as Go reads it", (text, durationMs) => {
  expect(parseGoDuration(text)).toBe(durationMs);
});

test("the nearest word is the one with the fewest edits, if any is near", () => {
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("", "abc")).toBe(3);
  expect(nearestOf("data-dri", ["name", "data-dir", "data-dirs"])).toBe("data-dir");
  expect(nearestOf("x", ["name"])).toBeUndefined();
  expect(nearestOf("zzzzzzzzzz", ["listen-client-urls"])).toBeUndefined();
});
