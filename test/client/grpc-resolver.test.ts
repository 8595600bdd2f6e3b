import { registerGrpcResolver } from "@conclave/client/grpc-js";
import {
  type ChannelOptions,
  credentials,
  Client as GrpcClient,
  Server as GrpcServer,
  ServerCredentials,
} from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";

const bytes = (text: Buffer) => text;
const WHO = "/catalog.Catalog/Who";

describeEachServer(
  "The resolver for grpc-js",
  (server) => {
    const clients = clientsOf(server);
    const stops: (() => void)[] = [];
    afterEach(() => {
      for (const stop of stops.splice(0)) stop();
    });

    /** A gRPC server that answers with its name. */
    async function serve(name: string): Promise<string> {
      const grpc = new GrpcServer();
      const who = {
        path: WHO,
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      } as const;
      grpc.addService(
        { who },
        {
          who: (_: unknown, answer: (e: null, v: Buffer) => void) =>
            answer(null, Buffer.from(name)),
        },
      );
      const port = await new Promise<number>((resolve, reject) => {
        grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
          error === null ? resolve(bound) : reject(error),
        );
      });
      stops.push(() => grpc.forceShutdown());
      return `127.0.0.1:${port}`;
    }

    function dial(target: string, options: ChannelOptions = {}) {
      const grpc = new GrpcClient(target, credentials.createInsecure(), options);
      stops.push(() => grpc.close());
      return (): Promise<string> =>
        new Promise((resolve, reject) => {
          const deadline = Date.now() + 5_000;
          grpc.makeUnaryRequest(WHO, bytes, bytes, Buffer.of(), { deadline }, (error, answer) =>
            error === null ? resolve(String(answer)) : reject(error),
          );
        });
    }

    async function namesOf(who: () => Promise<string>): Promise<string> {
      const names = new Set<string>();
      for (let n = 0; n < 12; n += 1) names.add(await who());
      return [...names].sort().join(" ");
    }

    test("calls to etcd:///catalog follow the instances as they come and go", async () => {
      const client = await clients.connect();
      registerGrpcResolver(client);
      const a = await client.services.register("catalog", { addr: await serve("a") }, { drain: 0 });
      const who = dial("etcd:///catalog");
      expect(await who()).toBe("a");
      const b = await client.services.register("catalog", { addr: await serve("b") }, { drain: 0 });
      await eventually(async () => expect(await namesOf(who)).toBe("a b"));
      await a.close();
      await eventually(async () => expect(await namesOf(who)).toBe("b"));
      await client.kv.put("catalog/go", `{"Op":0,"Addr":"${await serve("go")}","Metadata":null}`);
      await eventually(async () => expect(await namesOf(who)).toBe("b go"));
      await b.close();
      await eventually(async () => expect(await namesOf(who)).toBe("go"));
    });

    test("without an instance a call fails as unavailable, and the first one that comes is found", async () => {
      const client = await clients.connect();
      registerGrpcResolver(client, { scheme: "registry", balance: "pick_first" });
      const who = dial("registry:///catalog", { "grpc.initial_reconnect_backoff_ms": 100 });
      await expect(who()).rejects.toMatchObject({
        code: 14,
        details: expect.stringContaining('no instance of "catalog" is registered'),
      });
      await client.services.register("catalog", { addr: await serve("a") }, { drain: 0 });
      await eventually(async () => expect(await who()).toBe("a"));
    });
  },
  { sizes: [1] },
);
