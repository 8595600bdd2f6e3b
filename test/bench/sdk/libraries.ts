import { type Client, connect } from "@conclave/client";
import { Etcd3 } from "etcd3";
import { Redis } from "ioredis";
import Redlock from "redlock";
import type { Load } from "./row.ts";

/** What all rows write. */
export const VALUE = "v".repeat(256);

/** A name that no other process of the benchmark uses. */
export function uniqueName(word: string): string {
  return `bench/${word}/${process.pid}`;
}

/** Makes a client's work out of its connection: what `prepare` returns is repeated. */
type Prepare<Library> = (client: Library) => Operate | Promise<Operate>;
type Operate = (task: number) => Promise<unknown>;

async function loadOf(operate: Operate, close: () => unknown): Promise<Load> {
  return {
    async operate(task) {
      const done = await operate(task);
      return typeof done === "number" ? done : 1;
    },
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}

export function conclave(prepare: Prepare<Client>) {
  return async (address: string): Promise<Load> => {
    const client = await connect(address);
    return loadOf(await prepare(client), () => client.close());
  };
}

export function etcd3(prepare: Prepare<Etcd3>) {
  return async (address: string): Promise<Load> => {
    const client = new Etcd3({ hosts: address });
    return loadOf(await prepare(client), () => client.close());
  };
}

/** redlock asks again every 10 ms where the row is contended; its own default is 200 ms. */
export function redlock(prepare: Prepare<Redlock>) {
  return async (address: string): Promise<Load> => {
    const [host = "", port] = address.split(":");
    const redis = new Redis(Number(port), host);
    const settings = { retryCount: 100_000, retryDelay: 10, retryJitter: 5 };
    return loadOf(await prepare(new Redlock([redis], settings)), () => redis.disconnect());
  };
}
