import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deferred } from "@conclave/base";
import { createChannel, Status } from "@conclave/rpc";
import { KV, PutRequest, RangeRequest, RangeResponse, Watch, WatchRequest } from "@conclave/wire";
import { expect, onTestFinished, test } from "vitest";
import type { ServerOptions } from "./config.ts";
import { type RunningServer, startServer } from "./server.ts";

const FREE_PORTS = {
  listenClientUrls: ["http://127.0.0.1:0"],
  listenPeerUrls: ["http://127.0.0.1:0"],
} as const satisfies ServerOptions;

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "conclave-server-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, "data");
}

function channelTo(server: RunningServer) {
  const channel = createChannel({ endpoints: server.clientUrls });
  onTestFinished(() => channel.close());
  const call = (path: string, body: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      channel.unary(path, body, { timeoutMs: 5_000 }, (status, answer) => {
        if (answer === null) reject(new Error(`${status.code} ${status.message}`));
        else resolve(answer);
      });
    });
  return { channel, call };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

test("a member comes back with its data, and need not be told its cluster again", async () => {
  const dataDirectory = await temporaryDirectory();
  const named = {
    name: "m1",
    initialCluster: "m1=http://127.0.0.1:41001",
    initialAdvertisePeerUrls: ["http://127.0.0.1:41001"],
  };
  {
    await using server = await startServer({ ...FREE_PORTS, ...named, dataDirectory });
    await channelTo(server).call(
      KV.Put.path,
      PutRequest.encode({ key: bytes("a"), value: bytes("1") }),
    );
  }
  await using again = await startServer({ ...FREE_PORTS, dataDirectory });
  const answer = await channelTo(again).call(
    KV.Range.path,
    RangeRequest.encode({ key: bytes("a") }),
  );
  const { kvs, header } = RangeResponse.decode(answer);
  expect(kvs.map(({ value }) => Buffer.from(value).toString())).toEqual(["1"]);
  expect(header?.revision).toBe(2);
});

test("a member that is told another cluster than its directory's is refused by name", async () => {
  const dataDirectory = await temporaryDirectory();
  await (await startServer({ ...FREE_PORTS, dataDirectory })).close();
  const other = {
    initialCluster: "default=http://127.0.0.1:41002",
    initialAdvertisePeerUrls: ["http://127.0.0.1:41002"],
  };
  await expect(startServer({ ...FREE_PORTS, ...other, dataDirectory })).rejects.toMatchObject({
    name: "DataDirectoryError",
    code: "OTHER_CLUSTER",
  });
  await (await startServer({ ...FREE_PORTS, dataDirectory })).close();
});

// A member that lost its data must not vote again under its old name (reliability F14).
test("a member without data joins only where it is told of others; with data it comes back to its cluster", async () => {
  const dataDirectory = await temporaryDirectory();
  const joining = { ...FREE_PORTS, dataDirectory, initialClusterState: "existing" } as const;
  await expect(startServer(joining)).rejects.toMatchObject({
    name: "ConfigError",
    setting: "initialCluster",
  });
  await (await startServer({ ...FREE_PORTS, dataDirectory })).close();
  await (await startServer(joining)).close();
});

test("a server that stops ends its watches with `server stopped`, at once", async () => {
  const server = await startServer({ ...FREE_PORTS, dataDirectory: { inMemory: true } });
  const { channel } = channelTo(server);
  const created = deferred<void>();
  const ended = deferred<{ code: number; message: string }>();
  const stream = channel.stream(
    Watch.Watch.path,
    { waitForReady: true },
    { onMessage: () => created.resolve(), onEnd: ended.resolve },
  );
  stream.send(WatchRequest.encode({ createRequest: { key: bytes("a") } }));
  await created.promise;
  const startedMs = performance.now();
  await server.close();
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(await ended.promise).toMatchObject({
    code: Status.UNAVAILABLE,
    message: "etcdserver: server stopped",
  });
});
