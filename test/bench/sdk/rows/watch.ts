import { type Client, op } from "@conclave/client";
import { conclave, etcd3, uniqueName, VALUE } from "../libraries.ts";
import type { Row } from "../row.ts";

const EVENTS = 10_000;
const KEYS_PER_TXN = 100;
const prefix = `${uniqueName("watch")}/`;

async function makeHistory(client: Client): Promise<number> {
  const keys = Array.from({ length: KEYS_PER_TXN }, (_, at) => `${prefix}${at}`);
  let first = 0;
  for (let written = 0; written < EVENTS; written += KEYS_PER_TXN) {
    const done = await client
      .txn()
      .then(...keys.map((key) => op.put(key, VALUE)))
      .commit();
    first ||= done.revision;
  }
  return first;
}

export const watch: Row = {
  name: "watch",
  title: "Watch, events delivered from 10,000 that have happened, 100 a revision",
  tasks: 1,
  libraries: {
    conclave: conclave(async (client) => {
      const from = await makeHistory(client);
      return async () => {
        let seen = 0;
        for await (const _ of client.watch(prefix, { from })) if (++seen === EVENTS) break;
        return seen;
      };
    }),
    etcd3: etcd3(async (client) => {
      let first = 0;
      for (let written = 0; written < EVENTS; written += KEYS_PER_TXN) {
        const puts = Array.from({ length: KEYS_PER_TXN }, (_, at) =>
          client.put(`${prefix}${at}`).value(VALUE),
        );
        const done = await client
          .if(prefix, "Version", "==", 0)
          .then(...puts)
          .commit();
        first ||= Number(done.header.revision);
      }
      return async () => {
        const watcher = await client.watch().prefix(prefix).startRevision(`${first}`).create();
        let seen = 0;
        await new Promise<void>((resolve) => {
          watcher.on("put", () => {
            if (++seen === EVENTS) resolve();
          });
        });
        await watcher.cancel();
        return seen;
      };
    }),
  },
};
